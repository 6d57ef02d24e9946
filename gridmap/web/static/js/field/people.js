// @ts-check
/** Whose area a place is: the line under the crosshair, and the chain of responsible people with reasons. */

import { element, icon, page, say } from "./page.js";

/**
 * An answer of /api/v1/at-point, as far as the field screens read it.
 *
 * @typedef {{level: string, code: string, name: string, name_en?: string | null}} Area
 * @typedef {{role: string, name: string, phone?: string | null, reason: string, area_name?: string | null}} Person
 * @typedef {{areas: Area[], zone: {code: string, name: string} | null, responsible: Person[], match: string, near_boundary: {kind: string, code: string, name: string}[]}} AtPoint
 */

const FINEST_FIRST = ["micro_grid", "grid", "community", "subdistrict"];

/**
 * The name of the finest area, or nothing outside every area.
 *
 * @param {AtPoint} answer
 */
export function finestArea(answer) {
  for (const level of FINEST_FIRST) {
    const area = answer.areas.find((candidate) => candidate.level === level);
    if (area) return nameOf(area);
  }
  return "";
}

/** @param {Area} area */
export function nameOf(area) {
  return (page.language === "en" && area.name_en) || area.name;
}

/**
 * "江零-03 网格 责任人 李某 ☎", and a second line where the place is outside or near another area.
 *
 * @param {HTMLElement} line
 * @param {AtPoint | null} answer
 * @param {"looking" | "known" | "unknown"} state
 */
export function showZoneLine(line, answer, state) {
  line.dataset.state = state;
  line.setAttribute("aria-busy", String(state === "looking"));
  if (state === "looking") return; // the last answer stays, greyed: no flicker while the map moves
  if (!answer) {
    line.replaceChildren(element("span", { class: "zone-line-main" }, say("zone_unknown")));
    return;
  }
  const first = answer.responsible[0];
  const main = element("span", { class: "zone-line-main" }, icon("map-pin"), element("strong", {}, finestArea(answer) || say("outside")));
  if (first) {
    main.append(" ", element("span", { class: "zone-line-person" }, say("responsible_person", { name: first.name })));
  } else if (answer.areas.length) {
    main.append(" ", element("span", { class: "zone-line-person" }, say("responsible_nobody")));
  }
  line.replaceChildren(main);
  if (first?.phone) line.append(callButton(first));
  const hint = hintFor(answer);
  if (hint) line.append(element("span", { class: "zone-line-hint" }, hint));
}

/** @param {AtPoint} answer */
function hintFor(answer) {
  if (answer.match === "none") return say(page.day ? "outside_then" : "outside_refused");
  if (answer.match === "nearest") return say("outside_nearest");
  const own = new Set(answer.areas.map((area) => area.code));
  const others = answer.near_boundary.filter((neighbour) => neighbour.kind !== "zone" && !own.has(neighbour.code));
  return others.length ? say("near_boundary", { names: others.map((other) => other.name).join(say("list_comma")) }) : "";
}

/** @param {Person} person */
function callButton(person) {
  return element(
    "a",
    { class: "icon-button call", href: `tel:${person.phone}`, "aria-label": say("call", { name: person.name }) },
    icon("phone"),
  );
}

/**
 * Everybody responsible, nearest to the residents first, each with the reason.
 *
 * @param {Person[]} people
 */
export function chainOf(people) {
  return element(
    "ol",
    { class: "chain" },
    ...people.map((person) => {
      const words = element(
        "span",
        { class: "chain-words" },
        element("strong", {}, person.name),
        element("span", { class: "chain-role" }, page.words[`role_${person.role}`] ?? person.role),
        element("span", { class: "chain-reason" }, page.words[`reason_${person.reason}`] ?? person.reason),
      );
      const row = element("li", { class: "chain-person" }, words);
      if (person.phone) row.append(callButton(person));
      return row;
    }),
  );
}
