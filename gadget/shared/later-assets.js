// The style sheet and the texts of a script that a page loads later; they lie beside it. A style
// sheet may be for several scripts: the first one loads it.

import { h } from "./dom.js";
import { addTexts } from "./texts.js";

/** @type {Map<string, Promise<unknown>>} */
const styled = new Map();

/**
 * Load the texts of a script. Throw if that fails.
 * @param {string} script the address of the script
 * @param {number} tries a browser remembers that a script failed, by its address
 */
export async function loadLaterTexts(script, tries) {
  const again = tries > 1 ? `?try=${tries}` : "";
  const { texts } = await import(`${stemOf(script)}-texts/${window.callcardBoot.texts}.js${again}`);
  addTexts(texts);
}

/**
 * Load both: what is shown then has its looks and its texts from the beginning. Without the style
 * sheet it still works; without the texts it throws.
 * @param {string} script the address of the script
 * @param {number} tries a browser remembers that a script failed, by its address
 */
export async function loadLaterAssets(script, tries) {
  const stem = stemOf(script);
  const style = styled.get(stem) ?? loadStyle(`${stem}.css`);
  styled.set(stem, style);
  await loadLaterTexts(script, tries);
  await style;
}

/** @param {string} script */
const stemOf = (script) => script.replace(/\.js$/, "");

/** Load a style sheet, and resolve even if it can't be had. @param {string} href */
const loadStyle = (href) =>
  new Promise((resolve) => {
    const style = h("link", { rel: "stylesheet", href });
    style.onload = style.onerror = resolve;
    document.head.append(style);
  });
