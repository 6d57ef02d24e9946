// @ts-check
/**
 * Web Mercator drawn in GCJ-02: for base maps such as 高德, whose streets are shifted.
 *
 * The map speaks WGS-84 outside; every vertex is shifted when it is projected, and every click is shifted
 * back. The formula is the public one; the inverse iterates to below a millimetre.
 */

const A = 6378245;
const EE = 0.00669342162296594323;

/** @param {number} lon @param {number} lat */
function isInBox(lon, lat) {
  return lon >= 72.004 && lon <= 137.8347 && lat >= 0.8293 && lat <= 55.8271;
}

/**
 * @param {number} lon WGS-84 degrees
 * @param {number} lat WGS-84 degrees
 * @returns {[number, number]} GCJ-02 degrees
 */
export function toGcj02(lon, lat) {
  if (!isInBox(lon, lat)) return [lon, lat];
  const x = lon - 105, y = lat - 35, { PI, sin, cos, sqrt, abs } = Math;
  const wave = (20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2 / 3;
  const north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + wave
    + (20 * sin(y * PI) + 40 * sin(y / 3 * PI)) * 2 / 3 + (160 * sin(y / 12 * PI) + 320 * sin(y * PI / 30)) * 2 / 3;
  const east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + wave
    + (20 * sin(x * PI) + 40 * sin(x / 3 * PI)) * 2 / 3 + (150 * sin(x / 12 * PI) + 300 * sin(x / 30 * PI)) * 2 / 3;
  const rad = lat / 180 * PI, magic = 1 - EE * sin(rad) ** 2, root = sqrt(magic);
  return [lon + east * 180 / (A / root * cos(rad) * PI), lat + north * 180 / (A * (1 - EE) / (magic * root) * PI)];
}

/**
 * @param {number} lon GCJ-02 degrees
 * @param {number} lat GCJ-02 degrees
 * @returns {[number, number]} WGS-84 degrees
 */
export function toWgs84(lon, lat) {
  let [x, y] = [lon, lat];
  for (let step = 0; step < 10; step += 1) {
    const [there_x, there_y] = toGcj02(x, y);
    x += lon - there_x;
    y += lat - there_y;
  }
  return [x, y];
}

/** @param {any} L Leaflet */
export function gcj02Crs(L) {
  const mercator = L.Projection.SphericalMercator;
  const projection = {
    R: mercator.R,
    bounds: mercator.bounds,
    project(/** @type {any} */ latlng) {
      const [lon, lat] = toGcj02(latlng.lng, latlng.lat);
      return mercator.project(L.latLng(lat, lon));
    },
    unproject(/** @type {any} */ point) {
      const shifted = mercator.unproject(point);
      const [lon, lat] = toWgs84(shifted.lng, shifted.lat);
      return L.latLng(lat, lon);
    },
  };
  return L.extend({}, L.CRS.EPSG3857, { projection });
}
