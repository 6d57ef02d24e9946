// @ts-check
/**
 * The public map: list and pins in step, search, chips, layers, cards. The address holds the whole state.
 *
 * The list is the primary object; pins are its picture and stay out of the tab order.
 */

import { bounds, show, whenMap } from "./map.js";
import { LAYER_STYLES } from "./map_style.js";
import { openState, Pins, readPlaces } from "./pins.js";

/** @typedef {import("./pins.js").Place} Place */

const { L } = /** @type {any} */ (window);
const page = JSON.parse(find("#page-data").textContent ?? "{}");
const AREA_LEVELS = ["subdistrict", "community", "grid", "micro_grid"];
const SHAPES = ["built", "building", "planned"];
const ROWS_AT_MOST = 40;
const REST_MS = 150; // a fling ends in several moves close together
const NEAREST = 3;
const PIN_FOCUS_ZOOM = 17.5;

/**
 * @template {Element} T
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {T}
 */
function find(selector, root = document) {
  const element = root.querySelector(selector);
  if (!element) throw new Error(`missing in this page: ${selector}`);
  return /** @type {T} */ (element);
}

/** @param {string} key @param {Record<string, string | number>} [parameters] */
function say(key, parameters = {}) {
  return page.words[key].replace(/\{(\w+)\}/g, (/** @type {string} */ _, /** @type {string} */ name) => String(parameters[name] ?? ""));
}

/* ── state and address ─────────────────────────────────────────────────────────────────────────── */

const state = {
  /** @type {Set<string>} */ categories: new Set(),
  /** @type {Set<string>} */ shapes: new Set(SHAPES),
  typed: "",
  /** @type {number | null} */ selected: null,
  /** @type {string | null} */ area: null,
  /** @type {Set<string>} */ layers: new Set(page.default_layers),
  /** @type {Set<number> | null} */ only: null,
};

function readAddress() {
  const asked = new URLSearchParams(location.search);
  const list = (/** @type {string} */ name) => asked.getAll(name).flatMap((value) => value.split(",")).filter(Boolean);
  state.categories = new Set(list("c").filter((code) => page.categories[code]));
  const shapes = list("s").filter((shape) => SHAPES.includes(shape));
  state.shapes = new Set(shapes.length ? shapes : SHAPES);
  state.typed = asked.get("q") ?? "";
  state.selected = Number(asked.get("sel")) || null;
  state.area = asked.get("area");
  if (asked.has("layers")) state.layers = new Set(list("layers"));
}

function writeAddress({ is_step = false } = {}) {
  const query = new URLSearchParams();
  if (state.categories.size) query.set("c", [...state.categories].join(","));
  if (state.shapes.size < SHAPES.length) query.set("s", [...state.shapes].join(","));
  if (state.typed) query.set("q", state.typed);
  if (state.selected) query.set("sel", String(state.selected));
  if (state.area) query.set("area", state.area);
  if (page.scheme) query.set("scheme", page.scheme);
  const layers = [...state.layers].sort().join(",");
  if (layers !== [...page.default_layers].sort().join(",")) query.set("layers", layers);
  const { lat, lng } = map.getCenter();
  query.set("z", String(map.getZoom()));
  query.set("lat", lat.toFixed(5));
  query.set("lon", lng.toFixed(5));
  const url = `${location.pathname}?${query.toString().replaceAll("%2C", ",")}`;
  history[is_step ? "pushState" : "replaceState"](null, "", url);
  const filter = new URLSearchParams([...query].filter(([name]) => ["c", "q"].includes(name))).toString();
  for (const link of document.querySelectorAll("[data-list-link]")) link.setAttribute("href", `${page.urls.list}?${filter}`);
  for (const link of document.querySelectorAll("[data-csv-link]")) link.setAttribute("href", `${page.urls.csv}?${filter}`);
  for (const link of document.querySelectorAll("[data-keep-state]")) {
    const there = new URL(/** @type {HTMLAnchorElement} */ (link).href);
    const kept = new URLSearchParams(query);
    for (const name of ["lang", "care", "scheme"]) {
      const value = there.searchParams.get(name);
      if (value) kept.set(name, value);
    }
    link.setAttribute("href", `${there.pathname}?${kept}`);
  }
}

/* ── places ────────────────────────────────────────────────────────────────────────────────────── */

/** @type {Place[]} */
let places = [];

function wordsTyped() {
  return state.typed.toLowerCase().split(/\s+/).map((word) => word.replace(/[^\p{L}\p{N}]/gu, "")).filter(Boolean);
}

/** Everything that fits the filter, wherever it is. */
function fitting() {
  const words = wordsTyped();
  return places.filter(
    (place) =>
      (state.categories.size === 0 || state.categories.has(place.category)) &&
      state.shapes.has(place.shape) &&
      (state.only === null || state.only.has(place.id)) &&
      words.every((word) => place.words.includes(word)),
  );
}

/** @param {number} metres */
function sayDistance(metres) {
  return metres < 1000 ? say("m", { n: Math.max(10, Math.round(metres / 10) * 10) }) : say("km", { n: (metres / 1000).toFixed(1) });
}

/* ── list ──────────────────────────────────────────────────────────────────────────────────────── */

const listElement = find("[data-list]");
const rowTemplate = /** @type {HTMLTemplateElement} */ (find("#place-row"));

/** @type {Map<number, HTMLElement>} rows that were made before; only what changes is written again */
const rows = new Map();

/** @param {Place} place */
function row(place) {
  const known = rows.get(place.id) ?? makeRow(place);
  rows.set(place.id, known);
  known.querySelector("a")?.toggleAttribute("aria-current", place.id === state.selected);
  if (you) find("[data-distance]", known).textContent = sayDistance(place.distance_m);
  return known;
}

/** @param {Place} place */
function makeRow(place) {
  const made = /** @type {HTMLElement} */ (rowTemplate.content.cloneNode(true));
  const link = /** @type {HTMLAnchorElement} */ (find("a", made));
  link.href = `/p/${place.id}`;
  link.dataset.id = String(place.id);
  pins.dress(find(".pin", made), place);
  find(".place-name", made).textContent = place.name;
  find("[data-category]", made).textContent = page.categories[place.category]?.name ?? "";
  const hours = openState(place);
  const words = /** @type {HTMLElement} */ (find(".place-state", made));
  words.dataset.open = hours;
  words.textContent = page.statuses[hours === "open" || hours === "closed" ? "" : hours] ?? page.words[hours] ?? "";
  find(".place-address", made).textContent = place.address;
  return /** @type {HTMLElement} */ (made.firstElementChild);
}

function drawList() {
  const all = fitting();
  const from = you ?? map.getCenter();
  for (const place of places) place.distance_m = map.distance(from, [place.lat, place.lon]);
  const near = (/** @type {Place[]} */ some) => some.sort((a, b) => a.distance_m - b.distance_m);
  const view = map.getBounds();
  const shown = near(state.typed || state.only ? all : all.filter((place) => view.contains([place.lat, place.lon])));
  const is_empty = shown.length === 0 && places.length > 0;
  const listed = is_empty ? near(all.length ? all : [...places]).slice(0, NEAREST) : shown.slice(0, ROWS_AT_MOST);
  listElement.replaceChildren(...listed.map(row));
  /** @type {HTMLElement} */ (find("[data-empty]")).hidden = !is_empty;
  find("[data-empty-words]").textContent = state.typed && all.length === 0 ? say("nothing_found", { q: state.typed }) : say("nothing_here");
  find("[data-count]").textContent = say(state.typed || state.only ? "count" : "count_here", { n: shown.length });
  find("[data-order]").textContent = say(you ? "from_you" : "from_centre");
  document.querySelector("[data-server-empty]")?.remove();
}

function drawPins() {
  const shown = fitting();
  const chosen = places.find((place) => place.id === state.selected);
  pins.draw(chosen && !shown.includes(chosen) ? [...shown, chosen] : shown, state.selected);
}

/* ── cards ─────────────────────────────────────────────────────────────────────────────────────── */

const card = /** @type {HTMLElement} */ (find("[data-card]"));
const cardBody = find("[data-card-body]");
/** @type {HTMLElement | null} */
let opener = null;
let lastAsked = "";

/** @param {string} url */
async function openCard(url) {
  lastAsked = url;
  opener = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(String(response.status));
    const markup = await response.text();
    if (lastAsked !== url) return;
    cardBody.innerHTML = markup; // our own page part, escaped by the template
    card.hidden = false;
    document.body.classList.add("has-card");
    card.focus({ preventScroll: true });
  } catch {
    message(say("card_failed"), () => openCard(url));
  }
}

function closeCard() {
  lastAsked = "";
  if (card.hidden) return;
  card.hidden = true;
  document.body.classList.remove("has-card");
  state.selected = null;
  state.area = null;
  markArea(null);
  writeAddress();
  drawPins();
  drawList();
  opener?.isConnected ? opener.focus({ preventScroll: true }) : sheet.focus({ preventScroll: true });
}

/** @param {number} id */
function choosePlace(id, { is_step = true, is_moving = true } = {}) {
  state.selected = id;
  state.area = null;
  markArea(null);
  const place = places.find((one) => one.id === id);
  if (place && is_moving) lookAt(place);
  writeAddress({ is_step });
  drawPins();
  for (const link of listElement.querySelectorAll("a")) link.toggleAttribute("aria-current", link.dataset.id === String(id));
  void openCard(`/p/${id}/card`);
}

/** @param {string} code */
function chooseArea(code, { is_step = true } = {}) {
  state.selected = null;
  state.area = code;
  writeAddress({ is_step });
  drawPins();
  void openCard(`/areas/${encodeURIComponent(code)}/card`);
}

/** @type {any} */
let markedArea = null;
/** @param {{layer: any, key: string} | null} chosen */
function markArea(chosen) {
  if (markedArea) markedArea.layer.setStyle({ ...markedArea.before });
  markedArea = null;
  if (!chosen) return;
  const { color, weight, dashArray, fillColor, fillOpacity } = chosen.layer.options;
  markedArea = { layer: chosen.layer, before: { color, weight, dashArray, fillColor, fillOpacity } };
  chosen.layer.setStyle(LAYER_STYLES.selected).bringToFront();
}

/** Sheets lie over the lower part of a phone's map; what is chosen has to stand in the free part. */
function roomBesideSheets() {
  const is_wide = matchMedia("(min-width: 900px)").matches;
  const height = map.getSize().y;
  return is_wide ? { paddingTopLeft: [card.hidden ? 24 : 400, 24], paddingBottomRight: [24, 24] }
    : { paddingTopLeft: [12, Math.min(124, height * 0.2)], paddingBottomRight: [12, height * (card.hidden ? 0.36 : 0.47)] };
}

/** @param {Place} place */
function lookAt(place) {
  const zoom = Math.max(map.getZoom(), PIN_FOCUS_ZOOM);
  const { paddingTopLeft, paddingBottomRight } = /** @type {any} */ (roomBesideSheets());
  const shift = L.point(paddingBottomRight[0] - paddingTopLeft[0], paddingBottomRight[1] - paddingTopLeft[1]).divideBy(2);
  map.setView(map.unproject(map.project([place.lat, place.lon], zoom).add(shift), zoom), zoom);
}

/* ── messages, panels, sheet ───────────────────────────────────────────────────────────────────── */

const messageBox = /** @type {HTMLElement} */ (find("[data-message]"));
/** @type {ReturnType<typeof setTimeout> | undefined} */
let messageTimer;
/** @param {string} words @param {(() => void)} [retry] */
function message(words, retry) {
  clearTimeout(messageTimer);
  messageBox.hidden = false;
  messageBox.replaceChildren(words);
  if (retry) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = say("retry");
    button.addEventListener("click", () => { messageBox.hidden = true; retry(); });
    messageBox.append(button);
  } else messageTimer = setTimeout(() => (messageBox.hidden = true), 10_000);
}

/** @param {string | null} name */
function openPanel(name) {
  const before = document.querySelector("[data-panel]:not([hidden])")?.getAttribute("data-panel");
  for (const panel of document.querySelectorAll("[data-panel]")) /** @type {HTMLElement} */ (panel).hidden = panel.getAttribute("data-panel") !== name;
  for (const button of document.querySelectorAll("[data-panel-button]")) button.setAttribute("aria-expanded", String(button.getAttribute("data-panel-button") === name));
  if (name) /** @type {HTMLElement} */ (find(`[data-panel="${name}"] [data-panel-close]`)).focus({ preventScroll: true });
  else if (before) /** @type {HTMLElement} */ (find(`[data-panel-button="${before}"]`)).focus({ preventScroll: true });
}

const sheet = /** @type {HTMLElement} */ (find(".results"));
const handle = /** @type {HTMLElement} */ (find("[data-sheet-handle]"));
/** @param {string} size peek, part or full */
function setSheet(size) {
  sheet.dataset.sheet = size;
  sheet.style.removeProperty("height");
  handle.setAttribute("aria-expanded", String(size === "full"));
  handle.setAttribute("aria-label", say(size === "full" ? "collapse" : "expand"));
}

function bindSheet() {
  let start_y = 0, start_height = 0, has_moved = false;
  const bar = /** @type {HTMLElement} */ (find(".results-bar"));
  bar.addEventListener("pointerdown", (event) => {
    if (matchMedia("(min-width: 900px)").matches || (event.target instanceof Element && event.target.closest("a"))) return;
    [start_y, start_height, has_moved] = [event.clientY, sheet.offsetHeight, false];
    const move = (/** @type {PointerEvent} */ moving) => {
      if (Math.abs(moving.clientY - start_y) > 6) has_moved = true;
      if (has_moved) sheet.style.height = `${start_height + start_y - moving.clientY}px`;
    };
    const end = () => {
      document.removeEventListener("pointermove", move);
      const share = sheet.offsetHeight / innerHeight;
      if (has_moved) setSheet(share < 0.2 ? "peek" : share < 0.55 ? "part" : "full");
    };
    document.addEventListener("pointermove", move);
    document.addEventListener("pointerup", end, { once: true });
    document.addEventListener("pointercancel", end, { once: true });
  });
  handle.addEventListener("click", () => { if (!has_moved) setSheet(sheet.dataset.sheet === "full" ? "part" : "full"); });
}

/* ── finding ───────────────────────────────────────────────────────────────────────────────────── */

const searchForm = find("[data-search]");
const searchBox = /** @type {HTMLInputElement} */ (find("#q"));

/** After the filter changed: everything follows, and the map goes where the results are. */
function refresh({ is_following = false } = {}) {
  for (const chip of document.querySelectorAll("[data-chips] .chip")) chip.setAttribute("aria-pressed", String(state.categories.has(/** @type {HTMLButtonElement} */ (chip).value)));
  const found = is_following ? fitting() : [];
  const is_visible = found.some((place) => map.getBounds().contains([place.lat, place.lon]));
  drawList();
  drawPins();
  writeAddress();
  if (found.length && !is_visible) map.fitBounds(L.latLngBounds(found.map((place) => [place.lat, place.lon])).pad(0.2), { maxZoom: PIN_FOCUS_ZOOM, ...roomBesideSheets() });
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;
function bindFinding() {
  searchBox.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => { state.typed = searchBox.value.trim(); state.only = null; refresh({ is_following: true }); }, 40);
  });
  searchForm.addEventListener("submit", (event) => {
    event.preventDefault();
    state.typed = searchBox.value.trim();
    refresh({ is_following: true });
    sheet.focus({ preventScroll: true });
  });
  find("[data-chips]").addEventListener("click", (event) => {
    const chip = event.target instanceof Element ? event.target.closest(".chip") : null;
    if (!(chip instanceof HTMLButtonElement)) return;
    event.preventDefault();
    state.only = null;
    if (!state.categories.delete(chip.value)) state.categories.add(chip.value);
    refresh({ is_following: true });
  });
  find("[data-clear]").addEventListener("click", () => {
    [state.typed, state.only, searchBox.value] = ["", null, ""];
    state.categories.clear();
    state.shapes = new Set(SHAPES);
    for (const box of document.querySelectorAll("[data-status]")) /** @type {HTMLInputElement} */ (box).checked = true;
    map.fitBounds(bounds(map.gridmap.settings.extent), roomBesideSheets());
    refresh();
  });
}

function bindPanels() {
  for (const box of document.querySelectorAll("[data-layer]")) {
    const input = /** @type {HTMLInputElement} */ (box);
    input.checked = state.layers.has(input.value);
    input.addEventListener("change", async () => {
      input.checked ? state.layers.add(input.value) : state.layers.delete(input.value);
      writeAddress();
      try {
        await show(map, input.value, input.checked);
      } catch {
        input.checked = false;
        state.layers.delete(input.value);
        message(say("layer_failed", { name: input.parentElement?.textContent?.trim() ?? "" }));
      }
    });
  }
  for (const box of document.querySelectorAll("[data-status]")) {
    const input = /** @type {HTMLInputElement} */ (box);
    input.checked = state.shapes.has(input.value);
    input.addEventListener("change", () => { input.checked ? state.shapes.add(input.value) : state.shapes.delete(input.value); refresh(); });
  }
}

/* ── clicks and keys ───────────────────────────────────────────────────────────────────────────── */

/** @type {any} */
let you = null;
async function locate() {
  const extent = map.gridmap.settings.max_extent;
  const limits = extent ? bounds(extent).pad(0.5) : null;
  const here = await (await import("./where.js")).locate(map, limits, (key, parameters) => message(say(key, parameters)));
  if (!here) return;
  you = here;
  map.setView(here, Math.max(map.getZoom(), 17));
}

function bindClicks() {
  document.addEventListener("click", async (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const on = (/** @type {string} */ selector) => /** @type {HTMLElement | null} */ (target?.closest(selector) ?? null);
    const line = on(".results .place-row, .card [data-place-link]"), area = on(".card [data-area]"), copy = on("[data-copy]");
    const is_plain = !(event.metaKey || event.ctrlKey || event.shiftKey);
    if (line?.dataset.id && is_plain) { event.preventDefault(); choosePlace(Number(line.dataset.id)); }
    else if (area && is_plain) { event.preventDefault(); chooseArea(area.dataset.area ?? ""); }
    else if (copy) copy.textContent = say((await (await import("./copy.js")).copyText(copy.dataset.copy ?? "")) ? "copied" : "copy_failed");
    else if (on("[data-card-close]")) closeCard();
    else if (on("[data-panel-close]")) openPanel(null);
    else if (on("[data-locate]")) void locate();
    else if (on("[data-more-chips]")) on("[data-more-chips]")?.setAttribute("aria-expanded", String(find(".finder").classList.toggle("is-open")));
    else if (on("[data-panel-button]")) openPanel(on("[data-panel-button]")?.getAttribute("aria-expanded") === "true" ? null : on("[data-panel-button]")?.dataset.panelButton ?? null);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (document.querySelector("[data-panel]:not([hidden])")) openPanel(null);
    else closeCard();
  });
  addEventListener("popstate", () => {
    readAddress();
    searchBox.value = state.typed;
    refresh();
    if (state.selected) choosePlace(state.selected, { is_step: false });
    else if (state.area) chooseArea(state.area, { is_step: false });
    else closeCard();
  });
}

/* ── start ─────────────────────────────────────────────────────────────────────────────────────── */

async function loadPlaces() {
  try {
    const response = await fetch(page.urls.points);
    if (!response.ok) throw new Error(String(response.status));
    places = readPlaces(await response.json(), page.categories);
    refresh();
    if (state.selected) choosePlace(state.selected, { is_step: false, is_moving: starts_at_extent });
    else if (state.area) chooseArea(state.area, { is_step: false });
  } catch {
    message(say("points_failed"), loadPlaces);
  }
}

readAddress();
const map = await whenMap();
const starts_at_extent = !map.gridmap.settings.view;
if (starts_at_extent) map.fitBounds(bounds(map.gridmap.settings.extent), { ...roomBesideSheets(), animate: false });
const pins = new Pins(map, {
  categories: page.categories,
  communities: page.communities,
  sprite: page.urls.sprite,
  cluster_words: (n) => say("cluster", { n }),
  onchoose: (id) => choosePlace(id),
  onlist: (members) => {
    state.only = new Set(members.map((place) => place.id));
    refresh();
  },
  room: roomBesideSheets,
});
bindSheet();
bindFinding();
bindPanels();
bindClicks();
searchBox.value = state.typed || searchBox.value;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let resting;
map.on("moveend", () => {
  if (pins.isStale) drawPins();
  clearTimeout(resting);
  resting = setTimeout(() => { drawList(); writeAddress(); }, REST_MS);
});
map.on("gridmap:feature", (/** @type {any} */ event) => {
  if (!AREA_LEVELS.includes(event.key)) return;
  markArea({ layer: event.layer, key: event.key });
  chooseArea(event.feature.properties.code);
});
map.on("click", () => openPanel(null));
await loadPlaces();
