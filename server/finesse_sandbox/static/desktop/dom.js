// The desktop page's elements.

/** Return the first element that matches, or null. @param {string} selector @returns {any} */
export const $ = (selector) => document.querySelector(selector);
