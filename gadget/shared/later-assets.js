// The style sheet and the texts of what a page loads later; they lie beside its script.

import { h } from "./dom.js";
import { addTexts } from "./texts.js";

/** @type {Promise<unknown> | undefined} */
let styled;

/**
 * Load both: what is opened then has its looks and its texts from the beginning. Without the style
 * sheet it still works; without the texts it throws.
 * @param {string} script the address of the script
 * @param {number} tries a browser remembers that a script failed, by its address
 */
export async function loadLaterAssets(script, tries) {
  const fileUrl = (/** @type {string} */ name) => new URL(name, script).href;
  styled ??= new Promise((resolve) => {
    const style = h("link", { rel: "stylesheet", href: fileUrl("later.css") });
    style.onload = style.onerror = resolve;
    document.head.append(style);
  });
  const again = tries > 1 ? `?try=${tries}` : "";
  const { texts } = await import(fileUrl(`later-texts/${window.callcardBoot.texts}.js${again}`));
  addTexts(texts);
  await styled;
}
