// @ts-check
/**
 * The import wizard's script: a file that is too large is said before it is sent, the level is asked for areas
 * only, and a running job shows how far it is. Without it every step works as a plain form.
 */

const POLL_MS = 1000;

/**
 * @typedef {object} Progress
 * @property {boolean} is_busy
 * @property {string} words
 * @property {number | null} share
 * @property {number} done_count
 * @property {number} total_count
 * @property {number | null} seconds_left
 * @property {boolean} is_stalled
 */

const form = /** @type {HTMLFormElement | null} */ (document.querySelector("[data-import-file]"));
if (form) watchFile(form);
const running = /** @type {HTMLElement | null} */ (document.querySelector("[data-import-progress]"));
if (running) void follow(running);
document.getElementById("problem")?.focus();

/** @param {HTMLFormElement} form */
function watchFile(form) {
  const layer = /** @type {HTMLSelectElement} */ (form.elements.namedItem("layer"));
  const level = /** @type {HTMLElement} */ (form.querySelector("[data-only-for]"));
  const showLevel = () => {
    level.hidden = layer.value !== level.dataset.onlyFor;
    /** @type {HTMLSelectElement} */ (level.querySelector("select")).required = !level.hidden;
  };
  layer.addEventListener("change", showLevel);
  showLevel();
  const problem = /** @type {HTMLElement | null} */ (form.querySelector("[data-file-problem]"));
  const file = /** @type {HTMLInputElement | null} */ (form.querySelector("input[type=file]"));
  if (!problem || !file) return;
  const submit = /** @type {HTMLButtonElement} */ (form.querySelector("button[type=submit]"));
  file.addEventListener("change", () => {
    const isTooLarge = (file.files?.[0]?.size ?? 0) > Number(form.dataset.mostBytes);
    problem.hidden = !isTooLarge;
    submit.disabled = isTooLarge;
  });
}

/** @param {HTMLElement} panel */
async function follow(panel) {
  const words = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("import-words")).textContent ?? "{}");
  const bar = /** @type {HTMLProgressElement} */ (panel.querySelector("progress"));
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (panel.querySelector(`[data-${name}]`));
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const progress = await ask(/** @type {string} */ (panel.dataset.importProgress));
    if (progress === null) continue; // the net is away: what is shown stays, and the next second asks again
    if (!progress.is_busy) return location.reload();
    part("words").textContent = progress.words;
    part("counts").textContent = progress.total_count
      ? `${progress.done_count.toLocaleString("en")} / ${progress.total_count.toLocaleString("en")}`
      : "";
    part("left").textContent =
      progress.seconds_left === null ? "" : words.left.replace("{seconds}", String(progress.seconds_left));
    part("stalled").hidden = !progress.is_stalled;
    if (progress.share === null) bar.removeAttribute("value");
    else bar.value = progress.share;
  }
}

/**
 * @param {string} url
 * @returns {Promise<Progress | null>}
 */
async function ask(url) {
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    if (answer.status === 404) location.assign("/admin/imports");
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
