// @ts-check
/**
 * Places as pins: what the GeoJSON says of a place, whether it is open, and how it stands on the map.
 *
 * Pins that would lie on one another become one disc. Far out there is one disc for each community; names
 * of areas step aside for pins.
 */

/** @typedef {{id: number, name: string, category: string, community: string, status: string, shape: string, address: string, open: [number, number][] | undefined, words: string, lat: number, lon: number, distance_m: number}} Place */
/** @typedef {{members: Place[], x: number, y: number, name?: string}} Group */

const { L } = /** @type {any} */ (window);
const IN_ENGLISH = document.documentElement.lang.startsWith("en");
const CLUSTER_PX = document.documentElement.hasAttribute("data-care") ? 52 : 40;
const BY_COMMUNITY_BELOW_ZOOM = 14.4;
const BY_COMMUNITY_FROM_COUNT = 40; // few results are shown each where it is
const CLUSTERED_BELOW_ZOOM = 17.5;
const ALL_AT_ONCE = 300;

/**
 * @param {any} collection GeoJSON
 * @param {Record<string, {name: string}>} categories
 * @returns {Place[]}
 */
export function readPlaces(collection, categories) {
  return collection.features.map((/** @type {any} */ feature) => {
    const p = feature.properties;
    const name = (IN_ENGLISH && p.name_en) || p.name;
    const shape = p.status === "built" || p.status === "building" ? p.status : "planned";
    const words = `${p.key} ${name} ${p.address} ${categories[p.category]?.name ?? ""}`.toLowerCase();
    const [lon, lat] = feature.geometry.coordinates;
    return { id: feature.id, name, category: p.category, community: p.community ?? "", status: p.status, shape, address: (IN_ENGLISH && p.address_en) || p.address, open: p.open, words, lat, lon, distance_m: 0 };
  });
}

/** Minutes since Monday 00:00 in China, which has one time zone and no summer time. */
function minuteOfWeek() {
  const there = new Date(Date.now() + 8 * 3_600_000);
  return ((there.getUTCDay() + 6) % 7) * 1440 + there.getUTCHours() * 60 + there.getUTCMinutes();
}

/**
 * @param {Place} place
 * @returns {string} a status, or open, closed, unknown for a place that is built
 */
export function openState(place) {
  if (place.status !== "built") return place.status;
  if (!place.open) return "unknown";
  const now = minuteOfWeek();
  return place.open.some(([start, end]) => start <= now && now < end) ? "open" : "closed";
}

export class Pins {
  /**
   * @param {any} map
   * @param {{categories: Record<string, any>, communities: Record<string, string>, sprite: string, cluster_words: (n: number) => string, onchoose: (id: number) => void, onlist: (members: Place[]) => void, room: () => object}} options
   */
  constructor(map, options) {
    this.map = map;
    this.options = options;
    this.layer = L.layerGroup().addTo(map);
    map.on("layeradd layerremove", (/** @type {any} */ event) => {
      if (event.layer.options?.icon?.options?.className?.startsWith("area-label")) this.#placeNamesSoon();
    });
  }

  /**
   * Draw the places that are in view.
   *
   * @param {Place[]} places
   * @param {number | null} selected
   */
  draw(places, selected) {
    const zoom = this.map.getZoom();
    // Few are drawn all at once, so that moving the map draws nothing; of many, those in and around the view.
    this.drawn = places.length <= ALL_AT_ONCE ? null : this.map.getBounds().pad(0.5);
    this.drawn_zoom = zoom;
    const inside = places.filter((place) => place.id === selected || !this.drawn || this.drawn.contains([place.lat, place.lon]));
    const is_far = zoom < BY_COMMUNITY_BELOW_ZOOM && places.length >= BY_COMMUNITY_FROM_COUNT;
    const groups = is_far ? this.#byCommunity(inside, selected) : this.#byPixels(inside, selected, zoom < CLUSTERED_BELOW_ZOOM ? CLUSTER_PX : 6);
    this.layer.clearLayers();
    for (const group of groups) {
      const marker = group.members.length === 1 && !group.name ? this.#pin(group.members[0], group.members[0].id === selected) : this.#disc(group);
      marker.addTo(this.layer);
    }
    this.map.getContainer().classList.toggle("is-far", is_far);
    this.groups = groups;
    this.#placeNamesSoon();
  }

  /** Whether what is drawn still fits the view after the map moved. */
  get isStale() {
    return this.map.getZoom() !== this.drawn_zoom || Boolean(this.drawn && !this.drawn.contains(this.map.getBounds()));
  }

  /** @param {Place[]} places @param {number | null} selected @returns {Group[]} */
  #byCommunity(places, selected) {
    /** @type {Map<string, Place[]>} */
    const found = new Map();
    for (const place of places) {
      const key = place.id === selected ? "selected" : place.community;
      found.set(key, [...(found.get(key) ?? []), place]);
    }
    return [...found].map(([key, members]) => {
      const { x, y } = this.map.latLngToLayerPoint(middleOf(members));
      return { members, x, y, name: key === "selected" ? undefined : this.options.communities[key] };
    });
  }

  /** @param {Place[]} places @param {number | null} selected @param {number} reach_px @returns {Group[]} */
  #byPixels(places, selected, reach_px) {
    /** @type {Group[]} */
    const groups = [];
    for (const place of places) {
      const { x, y } = this.map.latLngToLayerPoint([place.lat, place.lon]);
      const near = place.id === selected ? undefined : groups.find((group) => group.members[0].id !== selected && Math.hypot(group.x - x, group.y - y) < reach_px);
      if (near) near.members.push(place);
      else groups.push({ members: [place], x, y });
    }
    return groups;
  }

  /** @param {Element} pin @param {Place} place */
  dress(pin, place) {
    const category = this.options.categories[place.category];
    pin.setAttribute("data-group", category?.group ?? "convenience");
    pin.setAttribute("data-shape", place.shape);
    pin.querySelector("use")?.setAttribute("href", `${this.options.sprite}#${category?.icon ?? "map-pin"}`);
  }

  /** @param {Place} place @param {boolean} is_selected */
  #pin(place, is_selected) {
    const pin = document.createElement("span");
    pin.className = "pin";
    pin.innerHTML = '<svg class="icon" aria-hidden="true"><use/></svg>';
    this.dress(pin, place);
    if (is_selected) pin.append(named("pin-label", place.name));
    const icon = L.divIcon({ className: `pin-box${is_selected ? " is-selected" : ""}`, html: pin, iconSize: [44, 44], iconAnchor: [22, 22] });
    const marker = L.marker([place.lat, place.lon], { icon, keyboard: false, title: place.name, alt: "", zIndexOffset: is_selected ? 2000 : 0 });
    return marker.on("click", () => this.options.onchoose(place.id));
  }

  /** @param {Group} group */
  #disc({ members, name }) {
    const disc = named("cluster", String(members.length));
    const share = (/** @type {string} */ shape) => (members.filter((place) => place.shape === shape).length / members.length) * 360;
    const built = share("built"), building = built + share("building");
    disc.style.setProperty("--ring", `conic-gradient(var(--action) 0 ${built}deg, var(--handling) 0 ${building}deg, var(--returned) 0)`);
    if (name) disc.append(named("cluster-name", name));
    const bounds = L.latLngBounds(members.map((place) => [place.lat, place.lon]));
    const icon = L.divIcon({ className: "pin-box", html: disc, iconSize: [44, 44], iconAnchor: [22, 22] });
    const marker = L.marker(name ? middleOf(members) : bounds.getCenter(), { icon, keyboard: false, title: `${name ?? ""} ${this.options.cluster_words(members.length)}`.trim(), alt: "" });
    return marker.on("click", () => {
      // Where coming closer cannot part them, a list does.
      if (this.map.getZoom() >= this.map.getMaxZoom() - 1) this.options.onlist(members);
      else this.map.fitBounds(bounds.pad(0.2), { maxZoom: this.map.getMaxZoom(), ...this.options.room() });
    });
  }

  #placeNamesSoon() {
    cancelAnimationFrame(this.waiting ?? 0);
    this.waiting = requestAnimationFrame(() => this.#placeNames());
  }

  /** Move each name of an area to the nearest free spot around its place; without one it stays away. */
  #placeNames() {
    const taken = (this.groups ?? []).map(({ x, y }) => ({ x, y, w: 36, h: 36 }));
    for (const element of this.map.getPanes().markerPane.querySelectorAll(".area-label")) {
      const words = /** @type {HTMLElement} */ (element.firstElementChild);
      const { x, y } = L.DomUtil.getPosition(element);
      const [w, h] = [words.offsetWidth + 4, words.offsetHeight];
      const reach_px = element.classList.contains("area-label-community") ? 100 : 36;
      const free = SPOTS.find(([dx, dy]) => Math.hypot(dx, dy) <= reach_px && taken.every((t) => Math.abs(t.x - x - dx) * 2 >= t.w + w || Math.abs(t.y - y - dy) * 2 >= t.h + h));
      words.style.visibility = free ? "" : "hidden";
      if (!free) continue;
      words.style.marginLeft = `${free[0]}px`;
      words.style.marginTop = `${free[1]}px`;
      taken.push({ x: x + free[0], y: y + free[1], w, h });
    }
  }
}

/** Offsets in pixels, the near ones first. */
const SPOTS = [0, 22, 34, 46, 60, 76, 92].flatMap((far) => (far ? [[0, far], [0, -far], [far, far / 2], [-far, far / 2], [far, -far / 2], [-far, -far / 2], [far * 1.4, 0], [-far * 1.4, 0]] : [[0, 0]]));

/** @param {string} class_name @param {string} words */
function named(class_name, words) {
  const made = document.createElement("span");
  made.className = class_name;
  made.textContent = words;
  return made;
}

/** @param {Place[]} members @returns {[number, number]} latitude, longitude */
function middleOf(members) {
  const sum = members.reduce(([lat, lon], place) => [lat + place.lat, lon + place.lon], [0, 0]);
  return [sum[0] / members.length, sum[1] / members.length];
}
