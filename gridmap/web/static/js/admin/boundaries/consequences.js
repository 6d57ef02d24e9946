// @ts-check
/** What saving would do, in sentences, and the questions that have to be answered before. */

import { element, find, say } from "../../field/page.js";

/** @typedef {{key: string, code: string, name: string, was_vacant: boolean, candidates: string[]}} Vacancy */

/** @param {number} area_m2 */
const hectares = (area_m2) => (area_m2 / 10_000).toFixed(2);

/**
 * @param {any} body an answer of the preview
 * @param {Record<string, string>} decisions what was decided before, by key; kept up to date
 * @param {() => void} onchange after a decision that changes the rest
 */
export function showConsequences(body, decisions, onchange) {
  fill("areas", body.areas.map(areaWords));
  find("[data-issues]").textContent =
    body.issues_moved || body.issues_reassigned
      ? say("issues_move", { moved: body.issues_moved, reassigned: body.issues_reassigned })
      : say("nothing_moves");
  fill(
    "moves",
    body.moves.map((/** @type {any} */ move) =>
      say("issue_move", { source: move.source || say("outside"), target: move.target || say("outside"), n: move.count }),
    ),
  );
  fill("people", body.people.length ? body.people.map(personWords) : [say("nobody_changes")]);
  const open = /** @type {Vacancy[]} */ (body.vacancies);
  // A place that was filled by a decision is not vacant any more, but the decision stays in sight.
  find("[data-vacancies]").hidden = open.length === 0 && Object.keys(decisions).length === 0;
  const list = find('[data-list="vacancies"]');
  for (const vacancy of open) {
    if (![...list.children].some((one) => /** @type {HTMLElement} */ (one).dataset.key === vacancy.key)) list.append(question(vacancy, decisions, onchange));
  }
  find("[data-consequences]").hidden = false;
}

/** Forget what was shown and decided: the draft has changed. */
export function hideConsequences() {
  const box = document.querySelector("[data-consequences]");
  if (!box) return;
  /** @type {HTMLElement} */ (box).hidden = true;
  find('[data-list="vacancies"]').replaceChildren();
}

/**
 * @param {Vacancy} vacancy
 * @param {Record<string, string>} decisions
 * @param {() => void} onchange
 */
function question(vacancy, decisions, onchange) {
  const box = element("fieldset", { "data-key": vacancy.key }, element("legend", {}, say("vacancy", { name: vacancy.name, code: vacancy.code })));
  if (vacancy.was_vacant) {
    box.append(element("p", {}, say("was_vacant")));
    return box;
  }
  const choices = [["vacant", say("vacant")]];
  if (vacancy.candidates.length) choices.unshift(["keep", say("keep", { names: vacancy.candidates.join(say("list_comma")) })]);
  for (const [value, words] of choices) {
    const input = /** @type {HTMLInputElement} */ (element("input", { type: "radio", name: `decision-${vacancy.key}`, value }));
    input.addEventListener("change", () => {
      decisions[vacancy.key] = value;
      onchange();
    });
    box.append(element("label", {}, input, element("span", {}, words)));
  }
  return box;
}

/** @param {any} area */
function areaWords(area) {
  const facts = {
    name: area.name,
    code: area.code,
    before_code: area.code_before,
    before: hectares(area.before_m2),
    after: hectares(area.after_m2),
  };
  const kind = area.is_consequence
    ? "area_follows"
    : !area.code
      ? "area_ended"
      : !area.code_before
        ? "area_new"
        : area.code !== area.code_before
          ? "area_recoded"
          : "area_changed";
  return say(kind, facts) + (area.needs_counting ? `(${say("needs_counting")})` : "");
}

/** @param {any} person */
function personWords(person) {
  const ground = say("person", {
    name: person.name,
    roles: person.roles,
    before: hectares(person.before_m2),
    after: hectares(person.after_m2),
  });
  return person.gained || person.lost ? ground + say("person_issues", { gained: person.gained, lost: person.lost }) : ground;
}

/**
 * @param {string} name
 * @param {string[]} sentences
 */
function fill(name, sentences) {
  find(`[data-list="${name}"]`).replaceChildren(...sentences.map((words) => element("li", {}, words)));
}
