// @ts-check
/** A line drawn on the map point by point: with the mouse, or with arrow keys and the space bar. */

/** @typedef {[number, number]} LonLat */

const { L } = /** @type {any} */ (window);
const LOOK = { color: "#b42318", weight: 3, interactive: false };

export class LineTool {
  /**
   * @param {any} map
   * @param {HTMLElement} aim the cross in the middle of the map
   * @param {{onchange: () => void, onfinish: () => void}} hooks
   */
  constructor(map, aim, hooks) {
    this.map = map;
    this.aim = aim;
    this.hooks = hooks;
    this.is_on = false;
    this.is_ring = false;
    /** @type {LonLat[]} */
    this.points = [];
    this.line = L.polyline([], LOOK).addTo(map);
    this.dots = L.layerGroup().addTo(map);
    map.on("click", (/** @type {any} */ event) => this.is_on && this.add([event.latlng.lng, event.latlng.lat]));
    map.getContainer().addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.onkey(event));
    map.getContainer().addEventListener("focus", () => (aim.hidden = !this.is_on));
    map.getContainer().addEventListener("blur", () => (aim.hidden = true));
  }

  /**
   * @param {boolean} is_on
   * @param {boolean} is_ring whether the line closes
   */
  use(is_on, is_ring) {
    this.is_on = is_on;
    this.is_ring = is_ring;
    this.map.getContainer().parentElement.classList.toggle("is-drawing", is_on);
    if (is_on) this.map.doubleClickZoom.disable();
    else this.map.doubleClickZoom.enable();
    this.set([]);
  }

  /** @param {LonLat[]} points */
  set(points) {
    this.points = points;
    this.draw();
  }

  /** @param {LonLat} point */
  add([lon, lat]) {
    const point = /** @type {LonLat} */ ([Number(lon.toFixed(7)), Number(lat.toFixed(7))]);
    const last = this.points.at(-1);
    // The second click of a double click adds nothing.
    if (last && last[0] === point[0] && last[1] === point[1]) return;
    this.set([...this.points, point]);
  }

  pop() {
    this.set(this.points.slice(0, -1));
  }

  draw() {
    const places = this.points.map(([lon, lat]) => [lat, lon]);
    this.line.setLatLngs(this.is_ring && places.length > 2 ? [...places, places[0]] : places);
    this.dots.clearLayers();
    for (const place of places) this.dots.addLayer(L.circleMarker(place, { ...LOOK, radius: 4, fillColor: "#fff", fillOpacity: 1 }));
    this.hooks.onchange();
  }

  /** @param {KeyboardEvent} event */
  onkey(event) {
    if (!this.is_on || event.target !== this.map.getContainer()) return;
    const { lng, lat } = this.map.getCenter();
    if (event.key === " ") this.add([lng, lat]);
    else if (event.key === "Backspace") this.pop();
    else if (event.key === "Escape") this.set([]);
    else if (event.key === "Enter") this.hooks.onfinish();
    else return;
    event.preventDefault();
  }
}
