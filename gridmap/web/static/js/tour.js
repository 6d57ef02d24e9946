// @ts-check
/** A visit route: numbered flags on the map, one stop at a time; buttons, keys and swipe lead on. */

import { bounds, whenMap } from "./map.js";

const { L } = /** @type {any} */ (window);
const data = JSON.parse(document.querySelector("#page-data")?.textContent ?? "{}");
/** @type {[number, number][]} longitude, latitude */
const stops = data.stops;
let current = data.current;

const map = await whenMap();
L.polyline(stops.map(([lon, lat]) => [lat, lon]), { color: "#9c1c1c", weight: 3, dashArray: "2 8", lineCap: "round", interactive: false }).addTo(map);
const flags = stops.map(([lon, lat], index) => {
  const words = document.createElement("span");
  words.className = "flag";
  words.textContent = String(index + 1);
  const marker = L.marker([lat, lon], { icon: L.divIcon({ className: "flag-pin", html: words, iconSize: [44, 44], iconAnchor: [22, 40] }), keyboard: false, alt: "" });
  return marker.on("click", () => goTo(index + 1)).addTo(map);
});

/**
 * @param {number} position from 1
 * @param {boolean} [is_first]
 */
function goTo(position, is_first = false) {
  current = Math.min(Math.max(position, 1), stops.length);
  flags.forEach((flag, index) => {
    flag.getElement()?.classList.toggle("is-current", index + 1 === current);
    flag.setZIndexOffset(index + 1 === current ? 1000 : 0);
  });
  for (const item of document.querySelectorAll("[data-stop]")) {
    item.toggleAttribute("data-current", Number(item.getAttribute("data-stop")) === current);
  }
  const place = document.querySelector("[data-tour-place]");
  if (place) place.textContent = `${current}/${stops.length}`;
  if (is_first) return;
  const [lon, lat] = stops[current - 1];
  map.setView([lat, lon], Math.max(map.getZoom(), 17));
  document.querySelector(`[data-stop="${current}"]`)?.scrollIntoView({ block: "nearest" });
  history.replaceState(null, "", `?stop=${current}`);
}

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("[data-step], [data-stop-link]") : null;
  if (!link) return;
  event.preventDefault();
  const step = link.getAttribute("data-step");
  goTo(step ? current + Number(step) : Number(link.closest("[data-stop]")?.getAttribute("data-stop")));
});
document.addEventListener("keydown", (event) => {
  if (event.target instanceof HTMLElement && event.target.closest(".gmap, input, textarea")) return;
  if (event.key === "ArrowRight") goTo(current + 1);
  if (event.key === "ArrowLeft") goTo(current - 1);
});
let swipe_x = 0;
const words = document.querySelector(".tour-words");
words?.addEventListener("touchstart", (event) => (swipe_x = /** @type {TouchEvent} */ (event).touches[0].clientX), { passive: true });
words?.addEventListener("touchend", (event) => {
  const moved = /** @type {TouchEvent} */ (event).changedTouches[0].clientX - swipe_x;
  if (Math.abs(moved) > 70) goTo(current + (moved < 0 ? 1 : -1));
});
if (new URLSearchParams(location.search).has("stop")) goTo(current);
else {
  goTo(current, true);
  map.fitBounds(bounds([Math.min(...stops.map((s) => s[0])), Math.min(...stops.map((s) => s[1])), Math.max(...stops.map((s) => s[0])), Math.max(...stops.map((s) => s[1]))]).pad(0.15));
}
