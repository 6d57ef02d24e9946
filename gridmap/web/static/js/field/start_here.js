// @ts-check
/** 谁负责这里: whose area the crosshair stands on, with the chain of people; the address holds the place. */

import { Crosshair } from "./crosshair.js";
import { whenMap } from "../map.js";
import { element, find, page, say } from "./page.js";
import { chainOf, nameOf, showZoneLine } from "./people.js";

const LEVELS = ["subdistrict", "community", "grid", "micro_grid"];

void whenMap().then((map) => {
  const card = find("[data-card]");
  const fixLine = find("[data-fix]");
  const crosshair = new Crosshair(map, {
    onzone: (answer, state) => {
      showZoneLine(find("[data-zone-line]"), answer, state);
      if (state === "looking") return;
      card.replaceChildren(...(answer ? describe(answer) : []));
    },
    onmove: () => remember(map.getCenter()),
    onfix: ({ state, accuracy_m }) => {
      fixLine.hidden = state === "none";
      fixLine.textContent = say(`fix_${state}`, { m: Math.round(accuracy_m ?? 0) });
    },
  });

  crosshair.start();
});

/** @param {{lng: number, lat: number}} centre */
function remember({ lng, lat }) {
  const address = new URL(location.href);
  address.searchParams.set("lon", lng.toFixed(6));
  address.searchParams.set("lat", lat.toFixed(6));
  history.replaceState(null, "", address);
  for (const name of ["lon", "lat"]) {
    /** @type {HTMLInputElement} */ (find(`[data-day-form] [name=${name}]`)).value = address.searchParams.get(name) ?? "";
  }
  const report = /** @type {HTMLAnchorElement | null} */ (document.querySelector("[data-report-here]"));
  if (report) report.href = `${page.urls.report}?lon=${lng.toFixed(6)}&lat=${lat.toFixed(6)}`;
}

/** @param {import("./people.js").AtPoint} answer */
function describe(answer) {
  const path = LEVELS.map((level) => answer.areas.find((area) => area.level === level)).filter((area) => area !== undefined);
  const parts = [element("p", { class: "area-path" }, path.map(nameOf).join(" › "))];
  if (answer.zone) parts.push(element("p", { class: "area-path" }, say("zone_named", { name: answer.zone.name })));
  parts.push(answer.responsible.length ? chainOf(answer.responsible) : element("p", {}, say("responsible_nobody")));
  return parts;
}
