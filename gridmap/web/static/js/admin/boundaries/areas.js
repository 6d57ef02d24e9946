// @ts-check
/** The areas of a draft on the map: one level to choose from, the outlines of the level above, their corners. */

/**
 * @typedef {object} Area
 * @property {string} key
 * @property {string} level
 * @property {string} code
 * @property {string} name
 * @property {string | null} name_en
 * @property {string} shown
 * @property {string | null} parent_key
 * @property {boolean} is_new
 * @property {boolean} is_changed
 * @property {boolean} is_ended
 * @property {boolean} is_own
 * @property {{coordinates: [number, number][][][]} | null} geometry MultiPolygon, exact
 */
/** @typedef {[number, number]} LonLat */

const { L } = /** @type {any} */ (window);

const LOOKS = {
  plain: { color: "#33406b", weight: 1.5, fillColor: "#1638a8", fillOpacity: 0.03 },
  foreign: { color: "#858d97", weight: 1, fillColor: "#858d97", fillOpacity: 0.12 },
  changed: { color: "#7a4a00", weight: 2.5, fillColor: "#f0a202", fillOpacity: 0.22 },
  chosen: { color: "#1638a8", weight: 4, fillColor: "#1638a8", fillOpacity: 0.2 },
  above: { color: "#1b1f24", weight: 2.5, dashArray: "8 5", fill: false, interactive: false },
};

export class Areas {
  /**
   * @param {any} map
   * @param {{onchoose: (key: string) => void, oncorner: (from: LonLat, to: LonLat) => void}} hooks
   */
  constructor(map, hooks) {
    this.map = map;
    this.hooks = hooks;
    /** @type {Map<string, Area>} */
    this.byKey = new Map();
    this.level = "micro_grid";
    /** @type {string[]} in the order in which they were chosen */
    this.chosen = [];
    this.shapes = L.layerGroup().addTo(map);
    this.corners = L.layerGroup().addTo(map);
    /** @type {Map<string, any>} */
    this.layers = new Map();
  }

  /** @param {Area[]} areas those that changed, or all */
  take(areas) {
    for (const area of areas) {
      if (area.is_ended && area.is_new) this.byKey.delete(area.key);
      else this.byKey.set(area.key, area);
    }
    this.chosen = this.chosen.filter((key) => this.standing(key));
    this.draw();
  }

  /** @param {string} key */
  standing(key) {
    const area = this.byKey.get(key);
    return area && !area.is_ended ? area : undefined;
  }

  /** @param {string} [level] */
  ofLevel(level = this.level) {
    return [...this.byKey.values()].filter((area) => area.level === level && !area.is_ended);
  }

  draw() {
    this.shapes.clearLayers();
    this.layers.clear();
    for (const area of this.ofLevel()) {
      const layer = L.geoJSON(area.geometry, { style: this.look(area), bubblingMouseEvents: true });
      const words = document.createElement("span");
      words.textContent = `${area.shown} ${area.code}`;
      layer.bindTooltip(words, { sticky: true });
      if (area.is_own) layer.on("click", () => this.hooks.onchoose(area.key));
      this.shapes.addLayer(layer);
      this.layers.set(area.key, layer);
    }
    if (this.level === "micro_grid") {
      for (const area of this.ofLevel("grid")) this.shapes.addLayer(L.geoJSON(area.geometry, { style: LOOKS.above, interactive: false }));
    }
  }

  /** @param {Area} area */
  look(area) {
    if (this.chosen.includes(area.key)) return LOOKS.chosen;
    if (!area.is_own) return LOOKS.foreign;
    return area.is_changed ? LOOKS.changed : LOOKS.plain;
  }

  /**
   * Choose one area, or add it to those chosen, or let it go.
   *
   * @param {string} key
   * @param {boolean} several
   */
  choose(key, several) {
    const before = this.chosen;
    if (before.includes(key)) this.chosen = before.filter((other) => other !== key);
    else this.chosen = several ? [...before, key] : [key];
    for (const changed of new Set([...before, ...this.chosen])) {
      const area = this.standing(changed);
      const layer = this.layers.get(changed);
      if (!area || !layer) continue;
      layer.setStyle(this.look(area));
      if (this.chosen.includes(changed)) layer.bringToFront();
    }
  }

  /** Every corner of the chosen area once, ring by ring. */
  cornersOfChosen() {
    const area = this.standing(this.chosen[0] ?? "");
    /** @type {LonLat[]} */
    const corners = [];
    for (const ring of area?.geometry?.coordinates.flat() ?? []) corners.push(...ring.slice(0, -1));
    return corners;
  }

  /**
   * Show handles on the corners of the chosen area, smaller ones between them that become corners.
   *
   * @param {boolean} shown
   * @param {LonLat | undefined} picked the corner that is chosen in the list
   */
  showCorners(shown, picked) {
    this.corners.clearLayers();
    const area = this.standing(this.chosen[0] ?? "");
    if (!shown || !area?.geometry) return;
    for (const ring of area.geometry.coordinates.flat()) {
      for (let i = 1; i < ring.length; i += 1) {
        const [a, b] = [ring[i - 1], ring[i]];
        this.handle(a, picked !== undefined && a[0] === picked[0] && a[1] === picked[1] ? "is-chosen" : "");
        this.handle([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], "is-middle");
      }
    }
  }

  /**
   * @param {LonLat} place
   * @param {string} look
   */
  handle(place, look) {
    const size = look === "is-middle" ? 12 : 16;
    const marker = L.marker([place[1], place[0]], {
      draggable: true,
      keyboard: false,
      icon: L.divIcon({ className: `corner ${look}`, iconSize: [size, size] }),
    });
    marker.on("dragend", () => {
      const { lng, lat } = marker.getLatLng();
      this.hooks.oncorner(place, [lng, lat]);
    });
    this.corners.addLayer(marker);
  }

  /** Bring the chosen areas into view. */
  showChosen() {
    const layers = this.chosen.flatMap((key) => this.layers.get(key) ?? []);
    if (layers.length) this.map.fitBounds(L.featureGroup(layers).getBounds(), { maxZoom: 18, padding: [60, 60] });
  }
}
