// Finesse's XML in the desktop page.

/** @param {string} text */
export const parseXml = (text) => new DOMParser().parseFromString(text, "text/xml").documentElement;

/** Convert XML as the vendor's desktop does: a leaf is text, an empty element is null, an element
 * that occurs twice is a list. @param {Element} element @returns {any} */
export function toObject(element) {
  if (!element.children.length) return element.textContent || null;
  /** @type {Record<string, any>} */
  const object = {};
  for (const child of element.children) {
    const value = toObject(child);
    const name = child.tagName;
    if (!(name in object)) object[name] = value;
    else if (Array.isArray(object[name])) object[name].push(value);
    else object[name] = [object[name], value];
  }
  return object;
}

/** @param {Record<string, string>} fields */
export function toElements(fields) {
  let text = "";
  for (const [name, value] of Object.entries(fields))
    text += `<${name}>${escapeXml(value)}</${name}>`;
  return text;
}

/** @param {string} text */
export const escapeXml = (text) =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
