// @ts-check
/** "Copy" buttons: `data-copy` holds the text; the answer is said in the button itself. */

const script = document.querySelector("#copy-script");
const words = {
  copied: script?.getAttribute("data-copied") ?? "✓",
  failed: script?.getAttribute("data-failed") ?? "✗",
};

if (script) document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
  if (!(button instanceof HTMLElement)) return;
  const is_copied = await copyText(button.dataset.copy ?? "");
  button.textContent = is_copied ? words.copied : words.failed;
});

/**
 * Copy a text; works without HTTPS too, where the clipboard API is missing.
 *
 * @param {string} text
 * @returns {Promise<boolean>}
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    document.body.append(area);
    area.select();
    const is_copied = document.execCommand("copy");
    area.remove();
    return is_copied;
  }
}
