// @ts-check
/** `[data-print]` prints the page; what paper shows is the matter of the style sheet. */

for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-print]"))) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
