// @ts-check
/** A click on the map opens the list of what is near; the address holds the place. */

import { whenMap } from "../map.js";

const { L } = /** @type {any} */ (window);
const box = /** @type {HTMLElement | null} */ (document.querySelector("[data-find-on-map]"));
const asked = new URL(location.href).searchParams;

void whenMap().then((map) => {
  const [lon, lat] = [asked.get("lon"), asked.get("lat")].map(Number);
  if (asked.has("lon") && Number.isFinite(lon) && Number.isFinite(lat)) L.circleMarker([lat, lon], { radius: 8, color: "#fff", weight: 3, fillColor: "#b42318", fillOpacity: 1, interactive: false }).addTo(map);
  map.on("click", (/** @type {any} */ { latlng }) => {
    location.href = `${box?.dataset.findOnMap}?lon=${latlng.lng.toFixed(6)}&lat=${latlng.lat.toFixed(6)}`;
  });
});
