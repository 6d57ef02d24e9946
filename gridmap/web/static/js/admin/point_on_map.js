// @ts-check
/**
 * A place on a map that is also two fields: whatever moves the pin writes the fields, and the other way round.
 *
 * Dragging is one way of several: a click on the map, buttons of 5 m, arrow keys of 1 m on the chosen pin, and
 * the coordinates themselves.
 */

import { whenMap } from "../map.js";

const { L } = /** @type {any} */ (window);
const BUTTON_M = 5;
const KEY_M = 1;
const DECIMALS = 7;

/** @type {Record<string, [number, number]>} east and north of each direction */
const STEPS = { north: [0, 1], south: [0, -1], west: [-1, 0], east: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

const box = document.querySelector("[data-point-map]");
const [lonField, latField] = ["lon", "lat"].map((name) => /** @type {HTMLInputElement} */ (box?.querySelector(`[name=${name}]`)));

void whenMap().then((map) => {
  const pin = L.marker(written() ?? map.getCenter(), { draggable: true, keyboard: true, autoPan: true, icon: L.divIcon({ className: "point-pin", iconSize: [28, 28], iconAnchor: [14, 34] }) }).addTo(map);
  const element = pin.getElement();
  element.setAttribute("aria-label", box?.querySelector("[role=group]")?.getAttribute("aria-label") ?? "");
  pin.on("drag", () => write(pin.getLatLng()));
  map.on("click", (/** @type {any} */ event) => put(event.latlng));
  element.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (!(event.key in STEPS)) return;
    event.preventDefault();
    event.stopPropagation();
    nudge(event.key, KEY_M);
  });
  for (const button of box?.querySelectorAll("[data-nudge]") ?? []) {
    button.addEventListener("click", () => nudge(/** @type {HTMLElement} */ (button).dataset.nudge ?? "", BUTTON_M));
  }
  for (const field of [lonField, latField]) {
    field.addEventListener("change", () => {
      const place = written();
      if (!place) return;
      pin.setLatLng(place);
      map.panTo(place);
    });
  }

  /** @param {any} place Leaflet LatLng */
  function put(place) {
    pin.setLatLng(place);
    write(place);
  }

  /**
   * @param {string} direction
   * @param {number} metres
   */
  function nudge(direction, metres) {
    const [east, north] = STEPS[direction];
    const here = pin.getLatLng();
    const reach = here.toBounds(2 * metres);
    put(L.latLng(here.lat + (north * (reach.getNorth() - reach.getSouth())) / 2, here.lng + (east * (reach.getEast() - reach.getWest())) / 2));
    if (!map.getBounds().contains(pin.getLatLng())) map.panTo(pin.getLatLng());
  }
});

function written() {
  const [lon, lat] = [lonField, latField].map((field) => Number.parseFloat(field.value));
  return Number.isFinite(lon) && Number.isFinite(lat) && Math.abs(lat) <= 85 ? L.latLng(lat, lon) : null;
}

/** @param {any} place Leaflet LatLng */
function write({ lng, lat }) {
  lonField.value = lng.toFixed(DECIMALS);
  latField.value = lat.toFixed(DECIMALS);
}
