// @ts-check
/**
 * The map part of every page: `gridmap.create(…)` and the calls that folium writes behind it.
 *
 * Leaflet and protomaps-leaflet are classic scripts (`L`, `protomapsL`). Layers come by address and are
 * drawn with `textContent`, so no word from the data is ever read as markup. Coordinates are WGS-84
 * throughout; where a base map is drawn in GCJ-02, the map's own projection shifts (gcj02.js).
 */

import { COLOURS, GRID_TINTS, LAYER_STYLES, labelRules, paintRules } from "./map_style.js";

/** @typedef {[number, number, number, number]} Extent west, south, east, north in degrees */
/**
 * @typedef {object} Settings
 * @property {string} name
 * @property {Extent} extent
 * @property {Extent | null} max_extent
 * @property {number} min_zoom
 * @property {number} max_zoom
 * @property {string} datum
 * @property {Record<string, string>} words
 * @property {boolean} [zoom_buttons]
 * @property {[number, number, number]} [view] longitude, latitude, zoom; stronger than the extent
 */
/** @typedef {{key: string, url: string, style: string, is_on: boolean, selected: string | null}} Overlay */

const { L, protomapsL } = /** @type {any} */ (window);
const IN_ENGLISH = document.documentElement.lang.startsWith("en");
const LEVEL_DIFF = 3; // one data tile covers 8 × 8 pictures, so a first view needs one or two

/** @type {Map<string, {promise: Promise<any>, resolve: (map: any) => void}>} */
const waiting = new Map();

/** @param {string} name */
function slot(name) {
  let found = waiting.get(name);
  if (!found) {
    /** @type {(map: any) => void} */
    let resolve = () => {};
    const promise = new Promise((done) => (resolve = done));
    found = { promise, resolve };
    waiting.set(name, found);
  }
  return found;
}

/**
 * The map of that name, once it is there.
 *
 * @param {string} [name]
 * @returns {Promise<any>}
 */
export function whenMap(name = "main") {
  return slot(name).promise;
}

/**
 * @param {string} name
 * @param {any} map
 */
export function ready(name, map) {
  slot(name).resolve(map);
}

/**
 * Make the map in its element.
 *
 * @param {string} id
 * @param {Settings} settings
 */
export async function create(id, settings) {
  const crs = settings.datum === "gcj02" ? (await import("./gcj02.js")).gcj02Crs(L) : L.CRS.EPSG3857;
  const map = L.map(id, {
    crs,
    zoomControl: false,
    minZoom: settings.min_zoom,
    maxZoom: settings.max_zoom,
    zoomSnap: 0.25,
    wheelPxPerZoomLevel: 100,
    maxBoundsViscosity: 0.8,
    fadeAnimation: false,
  });
  map.attributionControl.setPrefix(false);
  map.attributionControl.setPosition("bottomleft");
  map.attributionControl.addAttribution(settings.words.approval);
  L.control.scale({ imperial: false, position: "bottomleft", maxWidth: 90 }).addTo(map);
  if (settings.zoom_buttons !== false) {
    const { zoom_in, zoom_out } = settings.words;
    L.control.zoom({ position: "bottomright", zoomInTitle: zoom_in, zoomOutTitle: zoom_out }).addTo(map);
  }
  map.gridmap = { settings, overlays: new Map() };
  if (settings.max_extent) map.setMaxBounds(bounds(settings.max_extent).pad(1.5));
  if (settings.view) map.setView([settings.view[1], settings.view[0]], settings.view[2]);
  else map.fitBounds(bounds(settings.extent), { padding: [8, 8] });
  return map;
}

/** @param {Extent} extent */
export function bounds([west, south, east, north]) {
  return L.latLngBounds([south, west], [north, east]);
}

/**
 * Our own base map, drawn from vector tiles on canvas.
 *
 * @param {any} map
 * @param {{url: string, max_data_zoom: number}} options
 */
export function base_map(map, { url, max_data_zoom }) {
  const layer = protomapsL.leafletLayer({
    url: new URL(url, location.href).href.replaceAll("%7B", "{").replaceAll("%7D", "}"),
    maxDataZoom: max_data_zoom,
    levelDiff: LEVEL_DIFF,
    paintRules: paintRules(protomapsL),
    labelRules: labelRules(protomapsL, IN_ENGLISH),
    backgroundColor: COLOURS.outside,
    attribution: "",
    noWrap: true,
    maxZoom: map.getMaxZoom(),
    tileDelay: 1,
    // Between whole zooms pictures are scaled: drawn at double density they stay sharp.
    devicePixelRatio: matchMedia("(min-width: 900px)").matches ? 2 : Math.min(2, devicePixelRatio),
  });
  layer.addTo(map);
  map.gridmap.base = layer;
}

/**
 * A tile base map of somebody else; only where the operator configured one.
 *
 * @param {any} map
 * @param {{url: string, subdomains: string, attribution: string}} options
 */
export function tile_layer(map, { url, subdomains, attribution }) {
  L.tileLayer(url, { subdomains, attribution, maxZoom: map.getMaxZoom(), noWrap: true, referrerPolicy: "origin" }).addTo(map);
}

/**
 * A layer by address: fetched when it is first switched on.
 *
 * @param {any} map
 * @param {Overlay} overlay
 */
export function url_layer(map, overlay) {
  map.gridmap.overlays.set(overlay.key, { ...overlay, group: undefined });
  if (overlay.is_on) void show(map, overlay.key, true);
}

/**
 * Switch a layer on or off.
 *
 * @param {any} map
 * @param {string} key
 * @param {boolean} is_on
 * @returns {Promise<void>} when it is drawn; rejected when the data did not come
 */
export async function show(map, key, is_on) {
  const overlay = map.gridmap.overlays.get(key);
  if (!overlay) return;
  overlay.wanted = is_on;
  if (is_on && !overlay.group) {
    overlay.loading ??= load(map, overlay).finally(() => (overlay.loading = undefined));
    await overlay.loading;
  }
  if (overlay.group && overlay.wanted) overlay.group.addTo(map);
  else overlay.group?.remove();
}

/**
 * @param {any} map
 * @param {any} overlay
 */
async function load(map, overlay) {
  const response = await fetch(overlay.url);
  if (!response.ok) throw new Error(`${response.status} ${overlay.url}`);
  const data = await response.json();
  overlay.group = L.featureGroup([shapes(map, overlay, data), ...edges(overlay, data), ...labels(overlay, data)]);
}

/**
 * Boundaries as lines, each shared edge once: drawn by both neighbours, their dashes would fill one another.
 * Neighbours share their vertices exactly (see `area.overview`), so equal ends mean the same edge.
 *
 * @param {Overlay} overlay
 * @param {any} data GeoJSON
 */
function edges(overlay, data) {
  const style = /** @type {any} */ (LAYER_STYLES)[overlay.style];
  if (!style.is_coverage) return [];
  const drawn = new Set();
  /** @type {[number, number][][]} */
  const lines = [];
  for (const { geometry } of data.features) {
    for (const ring of geometry.coordinates.flat()) {
      /** @type {[number, number][] | undefined} */
      let line;
      for (let i = 1; i < ring.length; i += 1) {
        const [a, b] = [ring[i - 1], ring[i]];
        const [from, to] = [a.join(), b.join()];
        const key = from < to ? `${from} ${to}` : `${to} ${from}`;
        if (drawn.has(key)) line = undefined;
        else {
          drawn.add(key);
          if (!line) lines.push((line = [[a[1], a[0]]]));
          line.push([b[1], b[0]]);
        }
      }
    }
  }
  return [L.polyline(lines, { ...style, fill: false, interactive: false })];
}

/**
 * @param {any} map
 * @param {any} overlay
 * @param {any} data GeoJSON
 */
function shapes(map, overlay, data) {
  const style = /** @type {any} */ (LAYER_STYLES)[overlay.style];
  // Tints go round by id: neighbours follow one another W→E, N→S, so they seldom share one.
  const tinted = overlay.style === "grid";
  return L.geoJSON(data, {
    interactive: Boolean(style.fill),
    style: (/** @type {any} */ feature) => ({ ...style, stroke: !style.is_coverage, ...(tinted && { fillColor: GRID_TINTS[feature.id % GRID_TINTS.length] }) }),
    onEachFeature: (/** @type {any} */ feature, /** @type {any} */ layer) => {
      if (feature.properties.code === overlay.selected) layer.setStyle(LAYER_STYLES.selected);
      layer.on("click", (/** @type {any} */ event) => map.fire("gridmap:feature", { key: overlay.key, feature, layer, latlng: event.latlng }));
    },
  });
}

/**
 * @param {any} overlay
 * @param {any} data GeoJSON
 */
function labels(overlay, data) {
  const least_zoom = { subdistrict: 0, community: 0, grid: 15, micro_grid: 17, compounds: 99, streets: 99 }[/** @type {string} */ (overlay.style)] ?? 99;
  if (least_zoom > 20) return [];
  const made = data.features.map((/** @type {any} */ feature) => {
    const { code, name, name_en, label } = feature.properties;
    const words = document.createElement("span");
    words.textContent = (IN_ENGLISH && name_en) || name;
    if (overlay.style === "grid" || overlay.style === "micro_grid") words.title = code;
    return L.marker([label[1], label[0]], {
      icon: L.divIcon({ className: `area-label area-label-${overlay.style}`, html: words, iconSize: [0, 0] }),
      interactive: false,
      keyboard: false,
      zIndexOffset: -1000,
    });
  });
  const group = L.layerGroup(made);
  const fit = (/** @type {any} */ map) => {
    group.clearLayers();
    if (map.getZoom() < least_zoom) return;
    /** @type {any[]} */
    const kept = [];
    for (const marker of made) {
      const { x, y } = map.latLngToLayerPoint(marker.getLatLng()), wide = marker.options.icon.options.html.textContent.length * 7;
      // A name that would lie on another waits for a closer zoom.
      if (kept.some((other) => Math.abs(other.x - x) < (other.wide + wide) && Math.abs(other.y - y) < 20)) continue;
      kept.push({ x, y, wide });
      group.addLayer(marker);
    }
  };
  group.on("add", () => {
    const map = group._map;
    fit(map);
    const listen = () => fit(map);
    map.on("zoomend", listen);
    group.once("remove", () => map.off("zoomend", listen));
  });
  return [group];
}
