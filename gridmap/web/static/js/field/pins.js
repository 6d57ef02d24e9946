// @ts-check
/** The pins of issues on a map. */

import { element, page } from "./page.js";

const SVG = "http://www.w3.org/2000/svg";

/** Status is a glyph and a word, never a colour alone. */
export const STATE_GLYPHS = {
  submitted: "exclamation-mark",
  handling: "circle-half-2",
  to_rate: "eye",
  closed: "check",
  returned: "minus",
};

/**
 * A pin of an issue: a circle with the glyph of its state.
 *
 * @param {string} state
 * @param {boolean} isSelected
 */
export function pinIcon(state, isSelected) {
  const { L } = /** @type {any} */ (window);
  const glyph = document.createElementNS(SVG, "svg");
  glyph.setAttribute("class", "icon");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${page.urls.sprite}#${STATE_GLYPHS[/** @type {keyof STATE_GLYPHS} */ (state)]}`);
  glyph.append(use);
  const pin = element("span", { class: "issue-pin", "data-state": state }, glyph);
  if (isSelected) pin.classList.add("is-selected");
  return L.divIcon({ html: pin, className: "issue-pin-box", iconSize: [44, 44], iconAnchor: [22, 22] });
}
