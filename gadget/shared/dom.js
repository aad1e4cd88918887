// Making elements. Text only ever becomes text: whatever a caller or a CRM sends can't become markup.

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * An element with its attributes, listeners (`onclick: …`) and children; empty ones are left out.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.startsWith("aria-") && typeof value === "boolean")
      element.setAttribute(name, String(value));
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, String(value));
  }
  element.append(
    ...children
      .flat()
      .filter((child) => child || child === 0)
      .map((child) => (child instanceof Node ? child : String(child))),
  );
  return element;
}

/** Text of any direction that must not turn around what stands beside it: names, numbers. @param {string} text */
export const own = (text) => h("bdi", {}, text);

/** A telephone number: left to right whatever surrounds it. @param {string} number */
export const phone = (number) => h("bdi", { dir: "ltr", class: "phone" }, number);

/**
 * Announce `detail` to whoever placed the element: one bubbling event.
 * @param {HTMLElement} element @param {string} name @param {any} [detail]
 */
export function tell(element, name, detail) {
  element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
}

let ids = 0;
/** An id that nobody else has. @param {string} stem */
export const uniqueId = (stem) => `${stem}-${++ids}`;
