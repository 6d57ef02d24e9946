// @ts-check
/**
 * 报问题: one screen, at most four taps, nothing lost.
 *
 * The report has one id from its first change until the server acknowledges it. Every attempt sends that id,
 * so an answer that got lost on the way and a second press of the button make no second issue. "已送达" is
 * only said after the server's own word, for the report and for each photo.
 */

import { Crosshair } from "./crosshair.js";
import { DraftBox } from "./draft.js";
import { ask, element, find, NoAnswer, page, say, sayDistance } from "./page.js";
import { chainOf, showZoneLine } from "./people.js";
import { Nearby } from "./nearby.js";
import { PhotoTray } from "./photos.js";

const ACCURACY_SILENT_M = 30;
const ACCURACY_USABLE_M = 100;
const SAME_PLACE_M = 5;

/** @param {any} map Leaflet map */
export function startReport(map) {
  const form = /** @type {HTMLFormElement} */ (find("[data-report]"));
  const description = /** @type {HTMLTextAreaElement} */ (find("[name=description]", form));
  const submit = /** @type {HTMLButtonElement} */ (find("[data-submit]", form));
  const saved = find("[data-saved]");
  const box = new DraftBox(page.account_id);
  let isSending = false;
  let isReady = false;

  const nearby = new Nearby(map, showSimilar);
  const crosshair = new Crosshair(map, {
    onzone: (answer, state) => {
      showZoneLine(find("[data-zone-line]"), answer, state);
      if (state !== "looking") void nearby.look(); // after the zone, which must not wait for it
    },
    onmove: () => {
      if (isReady) box.change({ ...crosshair.place, zoom: map.getZoom(), place_confirmed: false });
    },
    onfix: (fix) => {
      showFix(fix);
      box.change({ accuracy_m: fix.accuracy_m });
    },
  });
  const tray = new PhotoTray(find("[data-photos]"), find("[data-photo-input]"), {
    count_max: page.photo_count_max,
    onchange: () => {
      box.change({ photo_count: tray.photos.length });
      showDelivery();
    },
  });

  box.onsaved = (isSaved) => {
    saved.textContent = say(isSaved ? "draft_saved" : "draft_not_saved");
  };

  form.addEventListener("change", (event) => {
    const target = /** @type {HTMLInputElement} */ (event.target);
    if (target.name !== "category") return;
    chooseCategory(target.value);
    box.change({ category: target.value });
  });
  description.addEventListener("input", () => box.change({ description: description.value }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    trySubmit();
  });
  find("[data-place-right]").addEventListener("click", () => {
    box.change({ place_confirmed: true });
    find("[data-place-question]").hidden = true;
    trySubmit();
  });
  find("[data-place-wrong]").addEventListener("click", () => {
    find("[data-place-question]").hidden = true;
    map.getContainer().focus();
  });
  find("[data-retry]").addEventListener("click", () => send());
  find("[data-again]").addEventListener("click", startAfresh);
  bindCategoryDialog(form);
  offerStoredDraft();
  crosshair.start();
  isReady = true;

  function offerStoredDraft() {
    const stored = box.stored();
    if (!stored || !(stored.category || stored.description || stored.sent)) return;
    const offer = find("[data-draft-offer]");
    offer.hidden = false;
    const time = new Date(stored.saved_at).toLocaleString(page.locale, { dateStyle: "medium", timeStyle: "short" });
    find("[data-draft-words]").textContent = say(stored.sent ? "draft_unacknowledged" : "draft_offer", { time });
    find("[data-draft-continue]").addEventListener("click", () => {
      offer.hidden = true;
      restore(stored);
    });
    find("[data-draft-discard]").addEventListener("click", () => {
      offer.hidden = true;
      box.clear();
    });
  }

  /** @param {import("./draft.js").Draft} stored */
  function restore(stored) {
    box.draft = stored;
    description.value = stored.description;
    if (stored.category) chooseCategory(stored.category);
    if (stored.lon !== null && stored.lat !== null) {
      const confirmed = stored.place_confirmed;
      crosshair.goTo({ lon: stored.lon, lat: stored.lat }, stored.zoom ?? undefined);
      box.change({ place_confirmed: confirmed });
    }
    if (stored.photo_count) tray.message.textContent = say("photo_choose_again", { count: stored.photo_count });
  }

  /** @param {string} code */
  function chooseCategory(code) {
    const chips = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("input[name=category]"));
    for (const chip of chips) chip.checked = false;
    const chosen = [...chips].find((chip) => chip.value === code);
    if (!chosen) return;
    chosen.checked = true;
    showSimilar();
    find("[data-category-error]").hidden = true;
    const more = find("[data-more-categories]");
    const isBehindMore = chosen.closest("dialog") !== null;
    more.classList.toggle("is-chosen", isBehindMore);
    find("[data-more-words]").textContent = isBehindMore ? (chosen.dataset.name ?? code) : say("more");
  }

  /** Say which open issue of the same kind is close by; it is a hint, never a hurdle. */
  function showSimilar() {
    const chosen = /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=category]:checked"));
    const line = find("[data-similar]");
    const similar = chosen ? nearby.closest(chosen.value, Number(chosen.dataset.reach)) : null;
    line.hidden = !similar;
    if (!similar) return;
    const link = element("a", { href: page.urls.issue.replace("NUMBER", similar.number) }, `№${similar.number}`);
    const words =
      similar.distance_m < SAME_PLACE_M ? say("similar_here") : say("similar", { distance: sayDistance(similar.distance_m) });
    line.replaceChildren(words, " ", link);
  }

  function chosenCategory() {
    return /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=category]:checked"))?.value ?? "";
  }

  function trySubmit() {
    const category = chosenCategory();
    if (!category) {
      const error = find("[data-category-error]");
      error.hidden = false;
      find("input[name=category]", form).focus();
      return;
    }
    const accuracy_m = box.draft.accuracy_m;
    if (!box.draft.place_confirmed && (accuracy_m === null || accuracy_m > ACCURACY_USABLE_M)) {
      find("[data-place-question]").hidden = false;
      find("[data-place-right]").focus();
      return;
    }
    send();
  }

  async function send() {
    if (isSending) return;
    isSending = true;
    crosshair.settle(); // a better fix between two attempts would make the retry another report
    submit.disabled = true;
    hideTrouble();
    submit.dataset.state = "sending";
    find("[data-submit-words]").textContent = say("sending");
    const content = sealed();
    box.saveNow();
    try {
      const answer = await ask(page.urls.issues, { method: "POST", json: content });
      if (answer.status === 200 || answer.status === 201) await delivered(answer.body);
      else refused(answer);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      trouble(say(navigator.onLine ? "no_answer" : "no_network"));
    } finally {
      isSending = false;
      submit.disabled = false;
      submit.dataset.state = "";
      find("[data-submit-words]").textContent = say("submit");
    }
  }

  /** What goes out under this report's id; unchanged since the last attempt it goes out unchanged. */
  function sealed() {
    const { client_id, accuracy_m, sent } = box.draft;
    const content = {
      client_id,
      category: chosenCategory(),
      description: description.value.trim(),
      ...crosshair.place,
      accuracy_m,
    };
    const captured_at = /** @type {any} */ (sent)?.captured_at ?? serverTime().toISOString();
    box.draft.sent = { ...content, captured_at };
    return box.draft.sent;
  }

  /** @param {import("./page.js").Answer} answer */
  function refused({ status, body }) {
    const detail = body?.detail ?? "";
    if (status === 401) {
      trouble(say("sign_in_again"), { link: page.urls.sign_in, words: say("sign_in") });
    } else if (status === 409) {
      trouble(say("already_sent"), { link: page.urls.field, words: say("to_list") });
      // What was sent first is on the server; what was typed since becomes a report of its own.
      const { client_id: _, ...kept } = box.draft;
      box.clear();
      box.change({ ...kept, sent: null });
    } else if (status >= 500) {
      trouble(say("server_trouble"));
    } else {
      box.change({ sent: null });
      trouble(detail || say("refused", { status }));
    }
  }

  /**
   * @param {string} words what happened, what is safe
   * @param {{link: string, words: string}} [way]
   */
  function trouble(words, way) {
    find("[data-trouble-words]").textContent = words;
    const link = /** @type {HTMLAnchorElement} */ (find("[data-trouble-link]"));
    link.hidden = !way;
    if (way) {
      link.href = way.link;
      link.textContent = way.words;
    }
    const panel = find("[data-trouble]");
    panel.hidden = false;
    panel.focus();
  }

  function hideTrouble() {
    find("[data-trouble]").hidden = true;
  }

  /** @param {any} issue the server's own answer */
  async function delivered(issue) {
    box.clear();
    const result = find("[data-result]");
    form.hidden = true;
    find("[data-map-part]").hidden = true;
    find("[data-report-page]").dataset.delivered = "1";
    saved.textContent = "";
    result.hidden = false;
    find("[data-result-number]").textContent = issue.number;
    find("[data-result-area]").textContent = issue.area_name ?? "";
    find("[data-result-chain]").replaceChildren(chainOf(issue.responsible ?? []));
    const link = /** @type {HTMLAnchorElement} */ (find("[data-result-link]"));
    link.href = page.urls.issue.replace("NUMBER", encodeURIComponent(issue.number));
    find("[data-result-photos]").append(tray.tray);
    find("[data-result-heading]").focus();
    await tray.sendAll(`${page.urls.issues}/${issue.id}/photos`);
    showDelivery();
  }

  function showDelivery() {
    if (find("[data-result]").hidden) return;
    const sent_count = tray.photos.filter((photo) => photo.state === "delivered").length;
    find("[data-result-photo-words]").textContent = tray.photos.length
      ? say(tray.allDelivered ? "photos_delivered" : "photos_pending", { sent: sent_count, count: tray.photos.length })
      : "";
  }

  function startAfresh() {
    location.assign(page.urls.report);
  }

  /** @param {import("./crosshair.js").Fix} fix */
  function showFix({ state, accuracy_m }) {
    const line = find("[data-fix]");
    const m = Math.round(accuracy_m ?? 0);
    line.dataset.level = state === "fixed" && accuracy_m !== null && accuracy_m > ACCURACY_SILENT_M ? "amber" : "plain";
    if (state === "fixed" && m > ACCURACY_USABLE_M) line.textContent = say("fix_poor", { m });
    else if (state === "fixed" && m > ACCURACY_SILENT_M) line.textContent = say("fix_amber", { m });
    else line.textContent = say(`fix_${state}`, { m });
    line.hidden = state === "none";
  }
}

const CLOCK_AHEAD_MS = Date.now() - Date.parse(page.now);

/** The present by the server's clock: a phone's own may be hours off. */
function serverTime() {
  return new Date(Date.now() - CLOCK_AHEAD_MS);
}

/** @param {HTMLFormElement} form */
function bindCategoryDialog(form) {
  const dialog = /** @type {HTMLDialogElement} */ (find("[data-category-dialog]", form));
  find("[data-more-categories]", form).addEventListener("click", () => dialog.showModal());
  find("[data-close-dialog]", dialog).addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // the dimmed part around it
  });
  dialog.addEventListener("click", (event) => {
    // A tap on a label chooses and closes; the arrow keys only choose (their clicks have no detail).
    const isTap = /** @type {PointerEvent} */ (event).detail > 0;
    if (isTap && /** @type {Element} */ (event.target).closest("label")) setTimeout(() => dialog.close());
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault(); // else Enter would submit the report
    dialog.close();
  });
}
