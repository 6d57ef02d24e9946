// @ts-check
/**
 * Open issues around the crosshair: drawn faintly, because they are not what is being reported, and never in
 * the way of a finger. The closest of the same kind is a hint that somebody may have reported this already.
 */

import { ask, NoAnswer, page } from "./page.js";

const FROM_ZOOM = 16; // below, a window holds too many to mean anything
const MARGIN = 0.5; // of the window's size, so that small moves need no new request

export class Nearby {
  /**
   * @param {any} map Leaflet map
   * @param {() => void} onchange
   */
  constructor(map, onchange) {
    const { L } = /** @type {any} */ (window);
    this.map = map;
    this.onchange = onchange;
    this.group = L.layerGroup().addTo(map);
    this.renderer = L.canvas({ pane: "overlayPane" });
    /** @type {any} */
    this.known = null;
    /** @type {any[]} */
    this.features = [];
    /** @type {AbortController | undefined} */
    this.asking = undefined;
  }

  /** Fetch the issues of the window, unless they are known. */
  async look() {
    const window_ = this.map.getBounds();
    if (this.map.getZoom() < FROM_ZOOM || this.known?.contains(window_)) {
      this.onchange();
      return;
    }
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    const wide = window_.pad(MARGIN);
    const bbox = [wide.getWest(), wide.getSouth(), wide.getEast(), wide.getNorth()].map((degrees) => degrees.toFixed(6));
    try {
      const answer = await ask(`${page.urls.open_issues}&bbox=${bbox}`, { signal: asking.signal });
      if (answer.status !== 200 || asking.signal.aborted) return;
      this.known = wide;
      this.features = answer.body.features;
      this.#draw();
      this.onchange();
    } catch (error) {
      // A hint that does not come is no trouble: the report goes on without it.
      if (!(error instanceof NoAnswer) && !asking.signal.aborted) throw error;
    }
  }

  /**
   * The closest open issue of a category within its reach, measured from the crosshair.
   *
   * @param {string} category
   * @param {number} reach_m
   * @returns {{number: string, distance_m: number} | null}
   */
  closest(category, reach_m) {
    const centre = this.map.getCenter();
    let best = null;
    for (const { geometry, properties } of this.features) {
      if (properties.category !== category) continue;
      const distance_m = centre.distanceTo([geometry.coordinates[1], geometry.coordinates[0]]);
      if (distance_m <= reach_m && (!best || distance_m < best.distance_m)) best = { number: properties.number, distance_m };
    }
    return best;
  }

  #draw() {
    const { L } = /** @type {any} */ (window);
    this.group.clearLayers();
    for (const { geometry } of this.features) {
      const [lon, lat] = geometry.coordinates;
      L.circleMarker([lat, lon], {
        renderer: this.renderer,
        interactive: false,
        radius: 8,
        color: "#1b1f24",
        weight: 2,
        opacity: 0.3,
        fillColor: "#b42318",
        fillOpacity: 0.3,
      }).addTo(this.group);
    }
  }
}
