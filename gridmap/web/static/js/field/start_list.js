// @ts-check
/**
 * The list of open issues and its map, in step: a row lights its pin, a pin leads to its row.
 *
 * The list is the page; this adds the map, filters that apply on change, and sorting by distance.
 */

import { find, page, say, sayDistance } from "./page.js";
import { whenMap } from "../map.js";
import { pinIcon } from "./pins.js";

const list = /** @type {HTMLElement} */ (find("[data-list-page]"));
const form = /** @type {HTMLFormElement} */ (find("[data-filters]"));
const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-number]")]);
const near = /** @type {HTMLInputElement} */ (find("[data-near]"));
const message = find("[data-filter-message]");
const card = find("[data-pin-card]");

find("[data-apply]").hidden = true;
form.addEventListener("change", (event) => {
  const target = /** @type {HTMLSelectElement} */ (event.target);
  if (target.name === "sort" && target.value === "distance") sortFromHere();
  else apply();
});

function apply() {
  if (/** @type {HTMLSelectElement} */ (find("[name=sort]")).value !== "distance") near.value = "";
  for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("[name]"))) {
    field.disabled = field.value === ""; // keeps the address short
  }
  form.requestSubmit();
}

function sortFromHere() {
  message.textContent = say("fix_looking");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      near.value = `${coords.longitude.toFixed(6)},${coords.latitude.toFixed(6)}`;
      apply();
    },
    () => {
      message.textContent = say("no_fix_for_distance");
      /** @type {HTMLSelectElement} */ (find("[name=sort]")).value = "time";
    },
    { enableHighAccuracy: true, timeout: 10_000, maximumAge: 60_000 },
  );
}

for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-view-button]"))) {
  button.addEventListener("click", () => show(/** @type {"list" | "map"} */ (button.dataset.viewButton)));
}

/** @type {any} */
let map = null;

/** @param {"list" | "map"} view */
function show(view) {
  list.dataset.view = view;
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-view-button]"))) {
    button.setAttribute("aria-pressed", String(button.dataset.viewButton === view));
  }
  const address = new URL(location.href);
  if (view === "map") address.searchParams.set("view", "map");
  else address.searchParams.delete("view");
  history.replaceState(null, "", address);
  fit();
}

/** @type {Map<string, {marker: any, row: HTMLElement}>} */
const pins = new Map();
let selected = "";

function fit() {
  if (!map || !pins.size) return;
  map.invalidateSize({ animate: false }); // the map was hidden, or is now
  if (!map.getSize().x) return;
  const { L } = /** @type {any} */ (window);
  map.fitBounds(L.latLngBounds([...pins.values()].map(({ marker }) => marker.getLatLng())), { maxZoom: 17, padding: [40, 40], animate: false });
}

/**
 * @param {string} number
 * @param {boolean} [fromMap]
 */
function select(number, fromMap = false) {
  for (const other of [selected, number]) {
    const pin = pins.get(other);
    if (!pin) continue;
    const isSelected = other === number;
    pin.marker.setIcon(pinIcon(pin.row.dataset.state ?? "", isSelected));
    pin.marker.setZIndexOffset(isSelected ? 1000 : 0);
    pin.row.classList.toggle("is-selected", isSelected);
  }
  selected = number;
  if (!fromMap) return;
  const row = /** @type {HTMLElement} */ (pins.get(number)?.row);
  if (list.dataset.view === "map") {
    card.replaceChildren(...[...row.children].map((child) => child.cloneNode(true)));
    card.hidden = false;
  }
  row.scrollIntoView({ block: "nearest" });
}

void whenMap().then((ready) => {
  map = ready;
  const { L } = /** @type {any} */ (window);
  for (const row of rows) {
    const { number = "", lon, lat, state = "" } = row.dataset;
    const marker = L.marker([Number(lat), Number(lon)], { icon: pinIcon(state, false), keyboard: false });
    marker.on("click", () => select(number, true)).addTo(map);
    pins.set(number, { marker, row });
    row.addEventListener("pointerenter", () => select(number));
    row.addEventListener("focusin", () => select(number));
  }
  map.on("click", () => {
    card.hidden = true;
  });
  fit();
});

if (near.value) showDistances();

function showDistances() {
  const { L } = /** @type {any} */ (window);
  const [lon, lat] = near.value.split(",").map(Number);
  const here = L.latLng(lat, lon);
  for (const row of rows) {
    find(".issue-distance", row).textContent = sayDistance(here.distanceTo([Number(row.dataset.lat), Number(row.dataset.lon)]));
  }
}

if (new URL(location.href).searchParams.get("view") === "map") show("map");
if (page.focus_problem) message.focus();
