// @ts-check
/** "Where am I": asked for by a tap, drawn as a dot with the disc of its accuracy. Loaded when first needed. */

const { L } = /** @type {any} */ (window);
/** @type {any} */
let drawn;

/**
 * Ask the phone and show the answer.
 *
 * @param {any} map
 * @param {any} limits Leaflet bounds outside of which a position is of no use here, or null
 * @param {(key: string, parameters?: Record<string, number>) => void} tell says a sentence of the page
 * @returns {Promise<any | null>} the place as Leaflet's LatLng; null when there is none
 */
export async function locate(map, limits, tell) {
  tell("locating");
  /** @type {GeolocationPosition} */
  let position;
  try {
    position = await new Promise((resolve, reject) =>
      navigator.geolocation.getCurrentPosition(resolve, reject, { enableHighAccuracy: true, timeout: 10_000, maximumAge: 30_000 }),
    );
  } catch (error) {
    const is_denied = error instanceof GeolocationPositionError && error.code === error.PERMISSION_DENIED;
    tell(is_denied ? "locate_denied" : "locate_failed");
    return null;
  }
  const { latitude, longitude, accuracy } = position.coords;
  const here = L.latLng(latitude, longitude);
  if (limits && !limits.contains(here)) {
    tell("locate_outside");
    return null;
  }
  drawn?.remove();
  drawn = L.layerGroup([
    L.circle(here, { radius: accuracy, color: "#1a56a8", weight: 1, fillOpacity: 0.12, interactive: false }),
    L.circleMarker(here, { radius: 8, color: "#fff", weight: 3, fillColor: "#1a56a8", fillOpacity: 1, interactive: false }),
  ]).addTo(map);
  tell("located", { n: Math.round(accuracy) });
  return here;
}
