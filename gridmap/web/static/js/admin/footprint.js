// @ts-check
/**
 * A building's outline: moved as it is by metres, or drawn anew corner by corner.
 *
 * The fields are what is sent; the map only shows and fills them, so that everything works by keyboard too.
 */

import { whenMap } from "../map.js";

const { L } = /** @type {any} */ (window);
const STEP_M = 1;
const DECIMALS = 7;

/** @type {Record<string, [string, number]>} the field of each direction, and its sign */
const STEPS = { west: ["east_m", -1], east: ["east_m", 1], south: ["north_m", -1], north: ["north_m", 1] };

const box = /** @type {HTMLElement} */ (document.querySelector("[data-footprint-map]"));
const stored = JSON.parse(document.querySelector("#footprint")?.textContent ?? "null");
const outline = /** @type {HTMLTextAreaElement} */ (box.querySelector("[name=outline]"));

void whenMap().then((map) => {
  const before = L.geoJSON(stored ?? { type: "FeatureCollection", features: [] }, { interactive: false, style: { color: "#5b6470", weight: 2, dashArray: "4 4", fillOpacity: 0.08 } }).addTo(map);
  const after = L.layerGroup().addTo(map);
  const draw = /** @type {HTMLButtonElement} */ (box.querySelector("[data-draw]"));
  if (stored) map.fitBounds(before.getBounds().pad(0.6), { animate: false });

  for (const button of box.querySelectorAll("[data-nudge]")) {
    button.addEventListener("click", () => {
      const [name, sign] = STEPS[/** @type {HTMLElement} */ (button).dataset.nudge ?? ""];
      const field = input(name);
      field.value = String((Number.parseFloat(field.value) || 0) + sign * STEP_M);
      show();
    });
  }
  for (const field of box.querySelectorAll("[name=east_m], [name=north_m], [name=outline]")) field.addEventListener("input", show);
  draw.addEventListener("click", () => {
    const is_drawing = draw.getAttribute("aria-pressed") !== "true";
    draw.setAttribute("aria-pressed", String(is_drawing));
    map.getContainer().classList.toggle("is-drawing", is_drawing);
  });
  map.on("click", (/** @type {any} */ { latlng }) => {
    if (draw.getAttribute("aria-pressed") !== "true") return;
    outline.value = [...lines(), `${latlng.lng.toFixed(DECIMALS)} ${latlng.lat.toFixed(DECIMALS)}`].join("\n");
    show();
  });
  box.querySelector("[data-undo-corner]")?.addEventListener("click", () => {
    outline.value = lines().slice(0, -1).join("\n");
    show();
  });
  show();

  /** Draw what would be stored. */
  function show() {
    after.clearLayers();
    const corners = lines()
      .map((line) => line.trim().split(/[\s,;，]+/).map(Number))
      .filter(([lon, lat]) => Number.isFinite(lon) && Number.isFinite(lat) && Math.abs(lat) <= 90)
      .map(([lon, lat]) => [lat, lon]);
    if (corners.length) {
      after.addLayer(L.polygon(corners, { color: "#1a56a8", weight: 3, interactive: false }));
      for (const corner of corners) after.addLayer(L.circleMarker(corner, { radius: 5, color: "#1a56a8", fillColor: "#fff", fillOpacity: 1, interactive: false }));
      return;
    }
    const [east_m, north_m] = ["east_m", "north_m"].map((name) => Number.parseFloat(input(name)?.value ?? "") || 0);
    if (stored && (east_m || north_m)) {
      const lat = before.getBounds().getCenter().lat;
      const [east, north] = [east_m / (111_320 * Math.cos((lat * Math.PI) / 180)), north_m / 110_900];
      after.addLayer(L.geoJSON(stored, { interactive: false, style: { color: "#1a56a8", weight: 3 }, coordsToLatLng: (/** @type {[number, number]} */ [x, y]) => L.latLng(y + north, x + east) }));
    }
  }
});

/** @param {string} name */
function input(name) {
  return /** @type {HTMLInputElement} */ (box.querySelector(`[name=${name}]`));
}

function lines() {
  return outline.value.split("\n").filter((line) => line.trim());
}
