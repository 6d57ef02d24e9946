// @ts-check
/** The map of one issue: its pin, and the crosshair that moves it. All else on the page works without this. */

import { whenMap } from "../map.js";
import { pinIcon } from "./pins.js";
import { find, page } from "./page.js";

document.querySelector("[data-problem]")?.scrollIntoView({ block: "center" });
/** @type {HTMLElement | null} */ (document.querySelector("[data-problem]"))?.focus();

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-act], form[data-move]"))) {
  // A second press while the first is on its way would only meet a conflict with itself.
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
}
addEventListener("pageshow", () => {
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-sent]"))) delete form.dataset.sent;
});

void whenMap().then((map) => {
  const { L } = /** @type {any} */ (window);
  const { lon, lat, state } = page.issue;
  const marker = L.marker([lat, lon], { icon: pinIcon(state, true), keyboard: false, interactive: false }).addTo(map);
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector("[data-move]"));
  if (!form) return;
  const panel = find("[data-move-panel]", form);
  const start = find("[data-move-start]", form);

  /** @param {boolean} isMoving */
  const showMoving = (isMoving) => {
    panel.hidden = !isMoving;
    start.hidden = isMoving;
    find("[data-crosshair]").hidden = !isMoving;
    marker.setOpacity(isMoving ? 0.4 : 1);
    map.setView([lat, lon], Math.max(map.getZoom(), 18), { animate: false });
    (isMoving ? map.getContainer() : start).focus();
  };
  start.addEventListener("click", () => showMoving(true));
  find("[data-move-cancel]", form).addEventListener("click", () => showMoving(false));
  form.addEventListener("submit", () => {
    const centre = map.getCenter();
    /** @type {HTMLInputElement} */ (find("[name=lon]", form)).value = centre.lng.toFixed(7);
    /** @type {HTMLInputElement} */ (find("[name=lat]", form)).value = centre.lat.toFixed(7);
  });
});
