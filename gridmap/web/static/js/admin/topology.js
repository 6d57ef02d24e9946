// @ts-check
/**
 * 边界检查: the findings over the areas, in step with the list. Many are thinner than a pixel, so each has a
 * dot where it lies; a row and its shape choose one another.
 */

import { whenMap } from "../map.js";

const { L } = /** @type {any} */ (window);
const CLOSEST_ZOOM = 18;

/** Colours as in admin.css; a dash tells kinds apart where colours do not. */
const KINDS = {
  gap: { color: "#b42318", dashArray: undefined },
  overlap: { color: "#6d28d9", dashArray: undefined },
  outside_parent: { color: "#9a5b00", dashArray: "6 4" },
  uncovered: { color: "#1a56a8", dashArray: "6 4" },
  sliver: { color: "#1b1f24", dashArray: "2 4" },
};

const data = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("page-data")).textContent ?? "{}");
const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-finding]")]);
const map = await whenMap("topology");
/** @type {any[]} */
const shapes = [];

for (const [index, feature] of data.findings.features.entries()) {
  const style = KINDS[/** @type {keyof typeof KINDS} */ (feature.properties.kind)];
  const shape = L.geoJSON(feature, { style: { ...style, weight: 2, fillOpacity: 0.45 } });
  const [lon, lat] = feature.properties.point;
  const dot = L.circleMarker([lat, lon], { radius: 6, color: "#fff", weight: 2, fillColor: style.color, fillOpacity: 1 });
  shapes.push(L.featureGroup([shape, dot]).on("click", () => choose(index, true)).addTo(map));
}

for (const [index, row] of rows.entries()) {
  row.querySelector("[data-zoom]")?.addEventListener("click", () => {
    choose(index, false);
    map.fitBounds(shapes[index].getLayers()[0].getBounds(), { maxZoom: CLOSEST_ZOOM, padding: [60, 60], animate: false });
  });
}

/**
 * @param {number} index
 * @param {boolean} is_from_map then the row comes into view
 */
function choose(index, is_from_map) {
  for (const [other, row] of rows.entries()) {
    row.toggleAttribute("data-chosen", other === index);
    shapes[other].getLayers()[1].setStyle({ radius: other === index ? 10 : 6, color: other === index ? "#1b1f24" : "#fff" });
  }
  shapes[index].bringToFront();
  if (is_from_map) rows[index].scrollIntoView({ block: "nearest" });
}
