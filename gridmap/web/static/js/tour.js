// @ts-check
/**
 * The page of a visit route: one stop at a time, in step with the map and the address; a timetable that
 * follows what really happened. Times and notes stay in this browser (localStorage); nothing is sent.
 * Without this module the page works by its links: `?stop=3` is a page of the server.
 */

import { whenMap } from "./map.js";
import "./print_button.js";

const { L } = /** @type {any} */ (window);
const SWIPE_PX = 60;
const DAY_MINUTES = 24 * 60;
const TICK_MS = 30_000;

/**
 * What this browser remembers of a route. Arrivals count only on their own day.
 *
 * @typedef {{start: string, day: string, arrivals: Record<string, number>, notes: Record<string, string>}} Memory
 */

const page = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("page-data")).textContent ?? "{}");
const tour = /** @type {HTMLElement} */ (document.querySelector("[data-tour]"));
const stops = /** @type {HTMLElement[]} */ ([...tour.querySelectorAll("[data-stop]")]);
const rows = /** @type {HTMLElement[]} */ ([...tour.querySelectorAll("[data-row]")]);
const count = stops.length;
const start_input = /** @type {HTMLInputElement} */ (tour.querySelector("input[name=start]"));
let current = Number(tour.dataset.current);

/**
 * @param {string} words
 * @param {Record<string, string | number>} values
 */
function fill(words, values) {
  return words.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** @param {string} selector */
function one(selector) {
  return /** @type {HTMLElement} */ (tour.querySelector(selector));
}

// ── what this browser remembers ─────────────────────────────────────────────────────────────────────────

const KEY = `gridmap.tour.${tour.dataset.tour}`;
const memory = recall();

/** @returns {Memory} */
function recall() {
  /** @type {Partial<Memory>} */
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") ?? {};
  } catch {
    // Storage is off or holds something else: begin afresh; saying so belongs to `keep`.
  }
  const asked = new URL(location.href).searchParams.has("start");
  return {
    start: asked || !kept.start ? start_input.value : kept.start,
    day: today(),
    arrivals: kept.day === today() ? (kept.arrivals ?? {}) : {},
    notes: kept.notes ?? {},
  };
}

function keep() {
  try {
    localStorage.setItem(KEY, JSON.stringify(memory));
  } catch {
    one("[data-pace-words]").textContent = page.words.not_saved;
  }
}

function today() {
  const now = new Date();
  return `${now.getFullYear()}-${now.getMonth() + 1}-${now.getDate()}`;
}

// ── times ───────────────────────────────────────────────────────────────────────────────────────────────

/** @param {string} clock */
function minuteOf(clock) {
  const [hours, minutes] = clock.split(":").map(Number);
  return hours * 60 + minutes;
}

/** @param {number} minute */
function clockOf(minute) {
  const of_day = ((Math.round(minute) % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES;
  return `${String(Math.floor(of_day / 60)).padStart(2, "0")}:${String(of_day % 60).padStart(2, "0")}`;
}

function nowMinute() {
  const now = new Date();
  return now.getHours() * 60 + now.getMinutes();
}

/**
 * Arrival and leaving of each stop. From the last arrival that was noted on, the rest follows it; who stays
 * longer than planned leaves now at the earliest.
 *
 * @param {Record<string, number>} arrivals minutes of the day by stop number
 */
function timetable(arrivals) {
  const last_noted = Math.max(0, ...Object.keys(arrivals).map(Number));
  let arrive = minuteOf(memory.start);
  return rows.map((row, index) => {
    const number = index + 1;
    arrive = arrivals[number] ?? arrive;
    let leave = arrive + Number(row.dataset.stay);
    if (number === last_noted) leave = Math.max(leave, nowMinute());
    const times = { arrive, leave };
    arrive = leave + Number(row.dataset.walk);
    return times;
  });
}

function showTimes() {
  const planned = timetable({});
  const expected = timetable(memory.arrivals);
  expected.forEach(({ arrive, leave }, index) => {
    for (const box of [rows[index], one(`[data-sheet-row="${index + 1}"]`)]) {
      /** @type {HTMLElement} */ (box.querySelector("[data-arrive]")).textContent = clockOf(arrive);
      /** @type {HTMLElement} */ (box.querySelector("[data-leave]")).textContent = clockOf(leave);
    }
    const words = /** @type {HTMLElement} */ (stops[index].querySelector("[data-arrive-words]"));
    words.textContent = fill(page.words.arrive_by, { time: clockOf(arrive) });
  });
  const end = expected[count - 1].leave;
  one("[data-sheet-span]").textContent = `${clockOf(expected[0].arrive)}–${clockOf(end)}`;
  showPace(end - planned[count - 1].leave, end);
}

/**
 * @param {number} late_by minutes; negative is early
 * @param {number} end
 */
function showPace(late_by, end) {
  const is_noted = Object.keys(memory.arrivals).length > 0;
  const words = late_by > 0 ? page.words.late : late_by < 0 ? page.words.early : page.words.on_time;
  const said = fill(words, { minutes: Math.abs(late_by), end: clockOf(end) });
  const box = one("[data-pace-words]");
  // A status is read aloud when it changes; the same words again would only disturb.
  if (box.textContent !== said) box.textContent = said;
  one("[data-pace]").dataset.late = late_by > 0 ? "late" : "fine";
  one("[data-as-planned]").hidden = !is_noted;
}

// ── one stop at a time ──────────────────────────────────────────────────────────────────────────────────

/** @param {number} number */
function go(number) {
  const wanted = Math.min(Math.max(number, 1), count);
  if (wanted === current) return;
  current = wanted;
  stops.forEach((stop, index) => stop.classList.toggle("is-current", index + 1 === current));
  rows.forEach((row, index) => row.classList.toggle("is-current", index + 1 === current));
  for (const link of tour.querySelectorAll(".strip [data-go]")) {
    if (/** @type {HTMLElement} */ (link).dataset.go === String(current)) link.setAttribute("aria-current", "step");
    else link.removeAttribute("aria-current");
  }
  one("[data-stops]").scrollTop = 0;
  const address = new URL(location.href);
  address.searchParams.set("stop", String(current));
  history.replaceState(history.state, "", address);
  /** @type {HTMLInputElement} */ (tour.querySelector("input[name=stop]")).value = String(current);
  one("[data-now-at]").textContent = fill(page.words.now_at, {
    number: current,
    count,
    name: stops[current - 1].dataset.name ?? "",
  });
  showSteps();
  bringIntoStrip();
  tour.dispatchEvent(new CustomEvent("gridmap:stop", { detail: current }));
}

function showSteps() {
  for (const step of /** @type {NodeListOf<HTMLAnchorElement>} */ (tour.querySelectorAll("[data-step]"))) {
    const target = current + Number(step.dataset.step);
    if (target < 1 || target > count) {
      step.removeAttribute("href");
      step.setAttribute("aria-disabled", "true");
      step.setAttribute("role", "link");
    } else {
      const address = new URL(location.href);
      address.searchParams.set("stop", String(target));
      step.href = address.pathname + address.search;
      step.removeAttribute("aria-disabled");
      step.removeAttribute("role");
    }
  }
}

/** Scroll the strip only, never the page. */
function bringIntoStrip() {
  const strip = one(".strip ol");
  const item = /** @type {HTMLElement} */ (strip.children[current - 1]);
  strip.scrollTo({ left: item.offsetLeft - (strip.clientWidth - item.clientWidth) / 2, behavior: "smooth" });
}

function listenToSteps() {
  tour.addEventListener("click", (event) => {
    const link = /** @type {HTMLElement} */ (event.target).closest("[data-go], [data-step]");
    if (!(link instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.dataset.go ? Number(link.dataset.go) : current + Number(link.dataset.step));
  });
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    // The map moves with the arrow keys, and a field moves its cursor.
    if (event.altKey || event.ctrlKey || event.metaKey || target.closest("input, textarea, select, .leaflet-container")) return;
    if (event.key === "ArrowRight") go(current + 1);
    else if (event.key === "ArrowLeft") go(current - 1);
    else return;
    event.preventDefault();
  });
}

/** A swipe over the card: mostly sideways, far enough, one finger. */
function listenToSwipes() {
  const card = one("[data-stops]");
  /** @type {{x: number, y: number} | undefined} */
  let from;
  card.addEventListener("touchstart", ({ touches }) => {
    from = touches.length === 1 ? { x: touches[0].clientX, y: touches[0].clientY } : undefined;
  }, { passive: true });
  card.addEventListener("touchend", ({ changedTouches }) => {
    if (!from) return;
    const across = changedTouches[0].clientX - from.x;
    const down = changedTouches[0].clientY - from.y;
    from = undefined;
    if (Math.abs(across) < SWIPE_PX || Math.abs(across) < 2 * Math.abs(down)) return;
    go(current + (across < 0 ? 1 : -1));
  }, { passive: true });
}

// ── timetable, arrivals, notes ──────────────────────────────────────────────────────────────────────────

function listenToTimes() {
  one("[data-pace]").hidden = false;
  one("[data-local-only]").hidden = false;
  one("[data-start-form] button").hidden = true;
  start_input.value = memory.start;
  start_input.addEventListener("change", () => {
    if (!start_input.value) return;
    memory.start = start_input.value;
    keep();
    showTimes();
  });
  one("[data-arrived]").addEventListener("click", () => {
    // Going back to an earlier stop begins again from there.
    for (const number of Object.keys(memory.arrivals)) if (Number(number) > current) delete memory.arrivals[number];
    memory.arrivals[current] = nowMinute();
    keep();
    showTimes();
  });
  one("[data-as-planned]").addEventListener("click", () => {
    memory.arrivals = {};
    keep();
    showTimes();
    one("[data-arrived]").focus();
  });
  setInterval(showTimes, TICK_MS);
}

function listenToNotes() {
  for (const note of /** @type {NodeListOf<HTMLTextAreaElement>} */ (tour.querySelectorAll("[data-note]"))) {
    const number = note.dataset.note ?? "";
    const box = /** @type {HTMLDetailsElement} */ (note.closest("[data-note-box]"));
    box.hidden = false;
    note.value = memory.notes[number] ?? "";
    box.open = note.value !== "";
    note.addEventListener("input", () => {
      memory.notes[number] = note.value;
      keep();
    });
  }
}

// ── the map ─────────────────────────────────────────────────────────────────────────────────────────────

const FLAG_SIZE = 44;
const FLAG_ROOM = { paddingTopLeft: [20, 64], paddingBottomRight: [64, 20] };

/**
 * A numbered flag whose pole stands on the place.
 *
 * @param {number} number
 * @param {string} name
 */
function flagIcon(number, name) {
  const box = document.createElement("span");
  box.className = "route-flag-box";
  box.innerHTML =
    '<svg viewBox="0 0 44 44" aria-hidden="true"><path class="route-flag-halo" d="M11 42V5h27l-6 10 6 10H11"/>' +
    '<path class="route-flag-pole" d="M11 42V5"/><path class="route-flag-cloth" d="M11 5h27l-6 10 6 10H11z"/></svg>';
  const words = document.createElement("span");
  words.className = "route-flag-number";
  words.textContent = String(number);
  const label = document.createElement("span");
  label.className = "route-flag-label";
  label.textContent = name;
  box.append(words, label);
  return L.divIcon({ className: "route-flag", html: box, iconSize: [FLAG_SIZE, FLAG_SIZE], iconAnchor: [11, 42] });
}

async function drawRoute() {
  const map = await whenMap("tour");
  const response = await fetch(page.layer);
  if (!response.ok) throw new Error(`${response.status} ${page.layer}`);
  const route = await response.json();
  const walks = route.features.filter((/** @type {any} */ feature) => feature.properties.kind === "walk");
  L.geoJSON(walks, { interactive: false, style: { color: "#ffffff", weight: 8, opacity: 0.9 } }).addTo(map);
  L.geoJSON(walks, { interactive: false, style: { color: "#9c1c1c", weight: 4, dashArray: "8 7" } }).addTo(map);
  const flags = route.features
    .filter((/** @type {any} */ feature) => feature.properties.kind === "stop")
    .map((/** @type {any} */ feature) => flag(map, feature));
  const show = () => {
    flags.forEach((/** @type {any} */ marker, /** @type {number} */ index) => mark(marker, index + 1 === current));
    map.panInside(flags[current - 1].getLatLng(), { ...FLAG_ROOM, animate: !reducedMotion() });
  };
  tour.addEventListener("gridmap:stop", show);
  show();
}

/**
 * @param {any} map
 * @param {any} feature
 */
function flag(map, feature) {
  const { number } = feature.properties;
  const [lon, lat] = feature.geometry.coordinates;
  const name = stops[number - 1].dataset.name ?? "";
  // Flags may overlap. For keys and screen readers the strip of numbers above the map is the same choice.
  const marker = L.marker([lat, lon], { icon: flagIcon(number, name), keyboard: false, riseOnHover: true }).addTo(map);
  const element = marker.getElement();
  element.dataset.flag = String(number);
  element.setAttribute("aria-hidden", "true");
  marker.on("click", () => go(number));
  return marker;
}

/**
 * @param {any} marker
 * @param {boolean} is_current
 */
function mark(marker, is_current) {
  const element = marker.getElement();
  element.classList.toggle("is-current", is_current);
  marker.setZIndexOffset(is_current ? 1000 : 0);
}

function reducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

listenToSteps();
listenToSwipes();
listenToTimes();
listenToNotes();
showTimes();
showSteps();
bringIntoStrip();
drawRoute().catch(() => {
  const words = one("[data-map-word]");
  words.textContent = page.words.map_failed;
  words.hidden = false;
});
