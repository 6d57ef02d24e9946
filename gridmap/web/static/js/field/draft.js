// @ts-check
/**
 * The one unfinished report of this person on this phone.
 *
 * It is written to localStorage at most a quarter of a second after each change and taken away only when the
 * server has acknowledged the report, or when its author discards it. Photos are too large for this store:
 * they stay in the open page.
 */

import { newId } from "./page.js";

/**
 * @typedef {object} Draft
 * @property {string} client_id UUID made on the phone: the same for every attempt to send this report
 * @property {number | null} lon
 * @property {number | null} lat
 * @property {number | null} zoom
 * @property {string} category
 * @property {string} description
 * @property {number | null} accuracy_m accuracy of the last position fix, when the pin was proposed by one
 * @property {boolean} place_confirmed the author said that the place is right
 * @property {number} photo_count how many photos the page held
 * @property {object | null} sent what was last sent without an answer: sent again unchanged it cannot double
 * @property {string} saved_at
 */

const SAVE_WITHIN_MS = 250;

export class DraftBox {
  /** @param {number} account_id drafts of another account on this phone are not shown */
  constructor(account_id) {
    this.key = `gridmap.report.${account_id}`;
    this.draft = emptyDraft();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {(saved: boolean) => void} */
    this.onsaved = () => {};
    addEventListener("pagehide", () => this.#flush());
    document.addEventListener("visibilitychange", () => this.#flush());
  }

  /**
   * The report that was left unfinished, if any.
   *
   * @returns {Draft | null}
   */
  stored() {
    try {
      const text = localStorage.getItem(this.key);
      return text ? { ...emptyDraft(), ...JSON.parse(text) } : null;
    } catch {
      return null;
    }
  }

  /** @param {Partial<Draft>} changes */
  change(changes) {
    Object.assign(this.draft, changes);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#save(), SAVE_WITHIN_MS);
  }

  /** Save at once: before something leaves the phone. */
  saveNow() {
    clearTimeout(this.timer);
    this.#save();
  }

  /** Forget the draft: the server has it, or its author threw it away. The next report gets a new id. */
  clear() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.draft = emptyDraft();
    try {
      localStorage.removeItem(this.key);
    } catch {
      // Storage is switched off, so nothing was stored either.
    }
  }

  #flush() {
    if (this.timer !== undefined) this.saveNow();
  }

  #save() {
    this.timer = undefined;
    this.draft.saved_at = new Date().toISOString();
    try {
      localStorage.setItem(this.key, JSON.stringify(this.draft));
      this.onsaved(true);
    } catch {
      this.onsaved(false); // full or switched off: the page says that it holds the report only while open
    }
  }
}

/** @returns {Draft} */
function emptyDraft() {
  return {
    client_id: newId(),
    lon: null,
    lat: null,
    zoom: null,
    category: "",
    description: "",
    accuracy_m: null,
    place_confirmed: false,
    photo_count: 0,
    sent: null,
    saved_at: "",
  };
}
