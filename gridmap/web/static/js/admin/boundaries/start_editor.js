// @ts-check
/** 区划边界: the editor. Every step goes to the server, which computes it; the page draws what comes back. */

import { whenMap } from "../../map.js";
import { ask, element, find, NoAnswer, page, say } from "../../field/page.js";
import { Areas } from "./areas.js";
import { hideConsequences, showConsequences } from "./consequences.js";
import { LineTool } from "./line_tool.js";

/** @typedef {[number, number]} LonLat */

const DRAWN = ["split", "reshape", "draw"];
const SNAP_PX = 8;
const NUDGE_M = 0.5;
const METRES_PER_DEGREE = 111_132;

const map = await whenMap("editor");
const draft = { position: 0, step_count: 0 };
/** Requests go one after the other: each counts on what the one before has left. */
let turn = Promise.resolve();
let waiting_count = 0;
/** @type {Record<string, string>} */
let decisions = {};
const areas = new Areas(map, { onchoose: choose, oncorner: (from, to) => void move(from, to) });
areas.level = page.kind === "zones" ? "zone" : "micro_grid";
const line = page.may_edit
  ? new LineTool(map, find("[data-aim]"), { onchange: showPoints, onfinish: () => find("[data-form]", document).dispatchEvent(new SubmitEvent("submit", { cancelable: true })) })
  : undefined;
const form = /** @type {HTMLFormElement | null} */ (document.querySelector("[data-form]"));

/** @param {string} name */
const field = (name) => /** @type {HTMLInputElement} */ (form?.elements.namedItem(name));
const tool = () => /** @type {HTMLInputElement | null} */ (document.querySelector("[name=tool]:checked"))?.value ?? "select";

const first = await ask(page.urls.state);
if (first.status === 200) take(first.body);
else fail(first.body?.detail ?? say("no_answer"));
listen();
if (page.may_edit) useTool();

/** @param {any} body an answer about the draft */
function take(body) {
  draft.position = body.position;
  draft.step_count = body.step_count;
  areas.take(body.areas);
  showFaults(body.faults, body.faults_before);
  showList();
  showChosen();
  if (!page.may_edit) return;
  find("[data-steps]").textContent = say("steps", { position: draft.position, count: draft.step_count });
  /** @type {HTMLButtonElement} */ (find("[data-undo]")).disabled = draft.position === 0;
  /** @type {HTMLButtonElement} */ (find("[data-redo]")).disabled = draft.position === draft.step_count;
  decisions = {};
  hideConsequences();
}

/**
 * Ask the server for a change; what goes wrong is said, and nothing drawn is lost.
 *
 * @param {string} url
 * @param {() => unknown} json made when its turn has come
 * @returns {Promise<any>} the answer's body, or null
 */
function send(url, json) {
  waiting_count += 1;
  const answer = turn.then(() => request(url, json())).finally(() => (waiting_count -= 1));
  turn = answer.then(() => undefined, () => undefined);
  return answer;
}

/**
 * @param {string} url
 * @param {unknown} json
 */
async function request(url, json) {
  const error = find("[data-error]");
  error.hidden = true;
  find("[data-hint]").textContent = say("working");
  try {
    const { status, body } = await ask(url, { method: "POST", json });
    if (status === 200) return body;
    if (body?.code === "boundary.draft_moved_on") {
      const fresh = await ask(page.urls.state);
      if (fresh.status === 200) take(fresh.body);
      fail(say("moved_on"));
      return null;
    }
    fail(body?.detail ?? say("no_answer"));
    return null;
  } catch (problem) {
    if (!(problem instanceof NoAnswer)) throw problem;
    fail(say("no_answer"));
    return null;
  } finally {
    find("[data-hint]").textContent = "";
  }
}

/** @param {string} words */
function fail(words) {
  const error = find("[data-error]");
  error.textContent = words;
  error.hidden = false;
}

/** @param {object} command */
async function step(command) {
  if (waiting_count) return; // a second click on a button that is at work
  const body = await send(page.urls.steps, () => ({ command, position: draft.position }));
  if (!body) {
    showCorners(); // a handle that was dragged goes back
    return;
  }
  line?.set([]);
  take(body);
}

/** @param {number} position */
async function goTo(position) {
  if (waiting_count || position < 0 || position > draft.step_count) return;
  const body = await send(page.urls.position, () => ({ position }));
  if (body) take(body);
}

/** @param {string} key */
function choose(key) {
  if (line?.is_on && areas.chosen.length && tool() !== "merge") return; // a click on the map is a point then
  areas.choose(key, tool() === "merge");
  line?.set([]);
  showList();
  showChosen();
}

/** What the chosen tool does with what is chosen and drawn. */
function perform() {
  const [key] = areas.chosen;
  const kind = tool();
  if (kind === "merge") {
    if (areas.chosen.length < 2) return fail(say("needs_two"));
    return void step({ tool: "merge", keys: areas.chosen });
  }
  if (kind !== "draw" && !key) return fail(say("needs_one"));
  if (DRAWN.includes(kind)) {
    const points = typed() ?? line?.points ?? [];
    if (points.length < (kind === "draw" ? 3 : 2)) return fail(say("needs_line"));
    const snap_m = snapMetres();
    if (kind === "draw") return void step({ tool: kind, level: areas.level, name: field("name").value, outline: points, snap_m });
    return void step({ tool: kind, key, line: points, snap_m });
  }
  if (kind === "rename") {
    const area = areas.standing(key);
    return void step({ tool: kind, key, name: field("name").value, name_en: area?.name_en ?? "", code: field("code").value });
  }
  if (kind === "transfer") return void step({ tool: kind, key, parent_key: field("parent").value });
  if (kind === "end") return void step({ tool: kind, key });
  const corner = pickedCorner();
  const to = /** @type {LonLat} */ ([Number(field("lon").value), Number(field("lat").value)]);
  if (!corner || !to.every(Number.isFinite) || !field("lon").value) return fail(say("bad_coordinates"));
  void move(corner, to);
}

/**
 * @param {LonLat} from
 * @param {LonLat} to
 */
async function move(from, to) {
  await step({ tool: "move", level: areas.level, moves: [{ from, to }] });
}

/** The points that were written instead of drawn, or undefined when none were. */
function typed() {
  const lines = field("points").value.split("\n").filter((text) => text.trim());
  if (!lines.length) return undefined;
  const points = lines.map((text) => text.split(/[,,\s]+/).filter(Boolean).map(Number));
  if (points.some((point) => point.length !== 2 || !point.every(Number.isFinite))) {
    fail(say("bad_coordinates"));
    return [];
  }
  return /** @type {LonLat[]} */ (points);
}

/** How far a click may miss a corner: so many pixels, as metres at this zoom. */
function snapMetres() {
  const middle = map.getSize().divideBy(2);
  const here = map.containerPointToLatLng(middle);
  const there = map.containerPointToLatLng(middle.add([SNAP_PX, 0]));
  return typed() ? 0.05 : Math.min(15, Math.max(0.3, map.distance(here, there)));
}

function useTool() {
  const kind = tool();
  find("[data-tool-help]").textContent = say(`tool_${kind}`);
  for (const part of document.querySelectorAll("[data-for]")) {
    const box = /** @type {HTMLElement} */ (part);
    box.hidden = !(box.dataset.for ?? "").split(" ").includes(kind);
  }
  if (kind !== "merge") for (const key of areas.chosen.slice(1)) areas.choose(key, true);
  line?.use(DRAWN.includes(kind), kind === "draw");
  field("name").value = "";
  showList();
  showChosen();
}

/** @param {any} now @param {any} before */
function showFaults(now, before) {
  const line_ = find("[data-faults]");
  const is_bad = now.overlap_m2 > 0 || now.gap_m2 > 0 || now.outside_m2 > 0;
  line_.toggleAttribute("data-is-bad", is_bad);
  const values = (/** @type {any} */ one) => ({ overlap: one.overlap_m2, gap: one.gap_m2, outside: one.outside_m2 });
  line_.textContent = is_bad ? `⚠ ${say("faults", values(now))} ${say("faults_before", values(before))}` : `✓ ${say(page.kind === "zones" ? "faults_none_zones" : "faults_none")}`;
}

function showList() {
  const list = find("[data-areas]");
  const wanted = /** @type {HTMLInputElement} */ (find("[data-filter]")).value.trim().toLowerCase();
  const rows = areas
    .ofLevel()
    .filter((area) => area.is_own || !page.may_edit)
    .filter((area) => !wanted || `${area.shown} ${area.name} ${area.code}`.toLowerCase().includes(wanted))
    .sort((a, b) => (a.code < b.code ? -1 : 1))
    .map((area) => {
      const button = element("button", { type: "button", "aria-pressed": String(areas.chosen.includes(area.key)), "data-key": area.key });
      button.append(element("span", {}, area.shown, element("br"), area.is_new ? say("code_proposed", { code: area.code }) : area.code));
      if (area.is_changed) button.append(element("span", { class: "tag" }, say(area.is_new ? "is_new" : "is_changed")));
      return element("li", {}, button);
    });
  list.replaceChildren(...rows);
}

function showChosen() {
  if (!page.may_edit) return;
  const names = areas.chosen.map((key) => areas.standing(key)?.shown ?? "");
  find("[data-selected]").textContent = names.length ? say("selected", { names: names.join(say("list_comma")) }) : say("selected_none");
  const area = areas.standing(areas.chosen[0] ?? "");
  if (tool() === "rename") {
    field("name").value = area?.name ?? "";
    field("code").value = area && !area.is_new ? area.code : "";
  }
  if (tool() === "transfer") {
    const grids = areas.ofLevel("grid").filter((grid) => grid.is_own && grid.key !== area?.parent_key);
    field("parent").replaceChildren(...grids.map((grid) => element("option", { value: grid.key }, grid.shown)));
  }
  if (tool() === "move") {
    const rows = areas.cornersOfChosen().map(([lon, lat], i) => element("option", { value: String(i) }, `${say("corner", { n: i + 1 })}: ${lon.toFixed(7)}, ${lat.toFixed(7)}`));
    field("corner").replaceChildren(...rows);
    field("lon").value = field("lat").value = "";
  }
  showCorners();
}

function showCorners() {
  areas.showCorners(page.may_edit && tool() === "move", pickedCorner());
}

/** @returns {LonLat | undefined} */
function pickedCorner() {
  const index = field("corner").value;
  return index === "" ? undefined : areas.cornersOfChosen()[Number(index)];
}

function showPoints() {
  find("[data-point-count]").textContent = say("point_count", { n: line?.points.length ?? 0 });
}

async function preview() {
  const body = await send(page.urls.preview, () => ({ effective_on: effective(), decisions }));
  if (!body) return;
  showConsequences(body, decisions, () => void preview());
  find("[data-consequences]").scrollIntoView({ block: "nearest" });
}

const effective = () => /** @type {HTMLInputElement} */ (find("[data-effective]")).value;

async function save() {
  const reason = /** @type {HTMLTextAreaElement} */ (find("[name=reason]")).value;
  const open = [...document.querySelectorAll("[data-vacancies] fieldset")].filter((box) => box.querySelector("input") && !box.querySelector("input:checked"));
  if (open.length) return fail(say("decide"));
  const body = await send(page.urls.save, () => ({ position: draft.position, effective_on: effective(), reason, decisions }));
  if (body) location.assign(page.urls.home);
}

function listen() {
  find("[data-filter]").addEventListener("input", showList);
  document.querySelector("[data-level]")?.addEventListener("change", (event) => {
    areas.level = /** @type {HTMLSelectElement} */ (event.target).value;
    areas.chosen = [];
    areas.draw();
    showList();
    showChosen();
  });
  find("[data-areas]").addEventListener("click", (event) => {
    const key = /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.key;
    if (!key) return;
    areas.choose(key, page.may_edit && tool() === "merge");
    line?.set([]);
    areas.showChosen();
    showList();
    showChosen();
    /** @type {HTMLElement | null} */ (document.querySelector(`[data-areas] [data-key="${CSS.escape(key)}"]`))?.focus();
  });
  if (!form) return;
  for (const radio of document.querySelectorAll("[name=tool]")) radio.addEventListener("change", useTool);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    perform();
  });
  find("[data-pop]").addEventListener("click", () => line?.pop());
  find("[data-clear]").addEventListener("click", () => line?.set([]));
  field("corner").addEventListener("change", () => {
    const corner = pickedCorner();
    if (corner) [field("lon").value, field("lat").value] = [corner[0].toFixed(7), corner[1].toFixed(7)];
    showCorners();
  });
  for (const button of document.querySelectorAll("[data-nudge]")) {
    button.addEventListener("click", () => {
      const [east, north] = (/** @type {HTMLElement} */ (button).dataset.nudge ?? "").split(",").map(Number);
      const lat = Number(field("lat").value);
      if (!field("lon").value || !Number.isFinite(lat)) return fail(say("bad_coordinates"));
      const lon_step = NUDGE_M / (METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180));
      field("lon").value = (Number(field("lon").value) + east * lon_step).toFixed(7);
      field("lat").value = (lat + (north * NUDGE_M) / METRES_PER_DEGREE).toFixed(7);
    });
  }
  find("[data-undo]").addEventListener("click", () => void goTo(draft.position - 1));
  find("[data-redo]").addEventListener("click", () => void goTo(draft.position + 1));
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || /** @type {HTMLElement} */ (event.target).matches("input, textarea")) return;
    if (event.key === "z" && !event.shiftKey) void goTo(draft.position - 1);
    else if (event.key === "y" || (event.key === "z" && event.shiftKey)) void goTo(draft.position + 1);
    else return;
    event.preventDefault();
  });
  find("[data-preview]").addEventListener("click", () => void preview());
  find("[data-effective]").addEventListener("change", hideConsequences);
  find("[data-save]").addEventListener("submit", (event) => {
    event.preventDefault();
    void save();
  });
}
