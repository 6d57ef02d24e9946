// @ts-check
/**
 * Choosing a place: the map moves under a fixed crosshair, and the page says whose area that is.
 *
 * A position fix only proposes: it comes after a tap, within ten seconds, and shows how far off it may be.
 * Three more ways lead to the same place: arrow buttons (5 m a press), the keyboard, and a long press.
 */

import { ask, find, NoAnswer, page } from "./page.js";

/** @typedef {import("./page.js").Point} Point */
/** @typedef {{state: "none" | "looking" | "fixed" | "denied" | "unavailable", accuracy_m: number | null}} Fix */

const ZOOM_TO_PLACE = 18;
const NUDGE_M = 5;
const ROUNDED_PX = 1.5; // Leaflet moves and resizes by whole pixels
const REST_MS = 40; // a fling ends in several moveend events close together
const FIX_WITHIN_MS = 10_000;
const FIX_GOOD_ENOUGH_M = 15;

export class Crosshair {
  /**
   * @param {any} map Leaflet map
   * @param {{onzone: (answer: any | null, state: "looking" | "known" | "unknown") => void, onmove?: () => void, onfix?: (fix: Fix) => void}} listeners
   */
  constructor(map, { onzone, onmove = () => {}, onfix = () => {} }) {
    this.map = map;
    this.onzone = onzone;
    this.onmove = onmove;
    this.onfix = onfix;
    /** @type {Fix} */
    this.fix = { state: "none", accuracy_m: null };
    /** @type {AbortController | undefined} */
    this.asking = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.resting = undefined;
    /** @type {number | undefined} */
    this.watch = undefined;
    this.disc = null;
    /** @type {Point | undefined} the place that was chosen last, by whatever way */
    this.aim = undefined;
    this.isLooking = false;
    this.isResizing = false;
    map.on("movestart", () => this.#leave());
    map.on("moveend", () => this.#rest());
    map.on("resize", () => this.#keepPlace());
    map.on("contextmenu", (/** @type {any} */ event) => map.panTo(event.latlng));
    this.#bindPad();
  }

  /** Look up the place where the map stands now; from here on every rest of the map is looked up. */
  start() {
    this.isLooking = true;
    this.#rest();
  }

  /**
   * Where the crosshair stands. A map can be off its aim by the part of a pixel that Leaflet rounds away; that
   * is no choice of anybody's, so the aim counts.
   *
   * @returns {Point}
   */
  get place() {
    if (this.aim) {
      const off = this.map.latLngToContainerPoint([this.aim.lat, this.aim.lon]).subtract(this.map.getSize().divideBy(2));
      if (Math.max(Math.abs(off.x), Math.abs(off.y)) <= ROUNDED_PX) return this.aim;
    }
    return pointAt(this.map.getCenter());
  }

  /**
   * Move the map so that the crosshair stands at a place.
   *
   * @param {Point} place
   * @param {number} [zoom]
   */
  goTo({ lon, lat }, zoom = ZOOM_TO_PLACE) {
    this.map.setView([lat, lon], zoom, { animate: false });
    this.#aimAt(pointAt({ lng: lon, lat }));
  }

  /** Ask the phone where it is; the best fix of the next ten seconds moves the map. */
  locate() {
    if (!navigator.geolocation) {
      this.#setFix({ state: "unavailable", accuracy_m: null });
      return;
    }
    this.#stopWatching();
    this.#setFix({ state: "looking", accuracy_m: null });
    this.watch = navigator.geolocation.watchPosition(
      ({ coords }) => this.#propose(coords),
      (error) => {
        this.#stopWatching();
        if (this.fix.accuracy_m !== null) return;
        this.#setFix({ state: error.code === error.PERMISSION_DENIED ? "denied" : "unavailable", accuracy_m: null });
      },
      { enableHighAccuracy: true, maximumAge: 5_000, timeout: FIX_WITHIN_MS },
    );
    setTimeout(() => this.#stopWatching(), FIX_WITHIN_MS);
  }

  /** Take no further fix: the place that is being sent is the one that its author saw. */
  settle() {
    this.#stopWatching();
  }

  /** @param {GeolocationCoordinates} coords */
  #propose({ longitude, latitude, accuracy }) {
    if (this.watch === undefined) return; // a fix that was already on its way when watching ended
    if (this.fix.accuracy_m !== null && accuracy >= this.fix.accuracy_m) return;
    this.#setFix({ state: "fixed", accuracy_m: accuracy });
    this.#drawDisc(latitude, longitude, accuracy);
    this.goTo({ lon: longitude, lat: latitude });
    if (accuracy <= FIX_GOOD_ENOUGH_M) this.#stopWatching();
  }

  /** @param {Fix} fix */
  #setFix(fix) {
    this.fix = fix;
    this.map.getContainer().dataset.fixState = fix.state;
    this.onfix(fix);
  }

  #stopWatching() {
    if (this.watch !== undefined) navigator.geolocation.clearWatch(this.watch);
    this.watch = undefined;
  }

  /**
   * @param {number} lat
   * @param {number} lon
   * @param {number} accuracy_m
   */
  #drawDisc(lat, lon, accuracy_m) {
    const { L } = /** @type {any} */ (window);
    this.disc?.remove();
    this.disc = L.circle([lat, lon], {
      radius: accuracy_m,
      interactive: false,
      color: "#1A56A8",
      weight: 2,
      fillOpacity: 0.12,
    }).addTo(this.map);
  }

  #bindPad() {
    /** @type {Record<string, [number, number]>} */
    const steps = { north: [0, 1], south: [0, -1], west: [-1, 0], east: [1, 0] };
    for (const [direction, [east, north]] of Object.entries(steps)) {
      find(`[data-nudge=${direction}]`).addEventListener("click", () => this.nudge(east * NUDGE_M, north * NUDGE_M));
    }
    const toggle = find("[data-pad-toggle]");
    const pad = find("[data-pad]");
    toggle.addEventListener("click", () => {
      pad.hidden = !pad.hidden;
      toggle.setAttribute("aria-expanded", String(!pad.hidden));
    });
    find("[data-locate]").addEventListener("click", () => this.locate());
  }

  /**
   * Move the crosshair by metres on the ground.
   *
   * @param {number} east_m
   * @param {number} north_m
   */
  nudge(east_m, north_m) {
    this.#stopWatching();
    const centre = this.map.getCenter();
    const box = centre.toBounds(2 * Math.max(Math.abs(east_m), Math.abs(north_m)));
    const lat = north_m > 0 ? box.getNorth() : north_m < 0 ? box.getSouth() : centre.lat;
    const lon = east_m > 0 ? box.getEast() : east_m < 0 ? box.getWest() : centre.lng;
    this.goTo({ lon, lat }, this.map.getZoom());
  }

  /** @param {Point} place */
  #aimAt(place) {
    const isNew = place.lon !== this.aim?.lon || place.lat !== this.aim?.lat;
    this.aim = place;
    if (isNew) this.onmove();
  }

  /**
   * A keyboard that opens, or a browser bar that hides, resizes the map, and Leaflet then rounds its centre to
   * whole pixels. The place was chosen by a person: it stays.
   */
  #keepPlace() {
    if (!this.aim) return;
    this.isResizing = true;
    this.goTo(this.aim, this.map.getZoom());
    this.isResizing = false;
  }

  #leave() {
    if (this.isResizing) return;
    this.isLooking = true;
    clearTimeout(this.resting);
    this.asking?.abort();
    this.onzone(null, "looking");
  }

  #rest() {
    if (this.isResizing) return;
    const isWhereItWas = this.aim === this.place && !this.isLooking;
    this.#aimAt(this.place);
    if (isWhereItWas) return;
    performance.mark("gridmap:map-rest");
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.#resolve(), REST_MS);
  }

  async #resolve() {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.isLooking = false;
    const { lon, lat } = this.place;
    try {
      const answer = await ask(`${page.urls.at_point}?lon=${lon}&lat=${lat}${page.day ? `&day=${page.day}` : ""}`, { signal: asking.signal, patience_ms: 8_000 });
      if (asking.signal.aborted) return;
      if (answer.status === 200) this.onzone(answer.body, "known");
      else this.onzone(null, "unknown");
    } catch (error) {
      if (asking.signal.aborted) return;
      if (!(error instanceof NoAnswer)) throw error;
      this.onzone(null, "unknown");
    }
    requestAnimationFrame(() => performance.measure("gridmap:zone-shown", "gridmap:map-rest"));
  }
}

/**
 * @param {{lng: number, lat: number}} centre
 * @returns {Point} to seven decimals, about a centimetre: what the server keeps
 */
function pointAt({ lng, lat }) {
  return { lon: Number(lng.toFixed(7)), lat: Number(lat.toFixed(7)) };
}
