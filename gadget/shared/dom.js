// Helpers for making elements and for events. Text only ever becomes text: data can't become
// markup.

import { afterPress } from "./press.js";

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {import("./events.d.ts").CallcardEvents} CallcardEvents */
/** @typedef {import("./events.d.ts").CallcardRequests} CallcardRequests */
/** @typedef {import("./events.d.ts").EventHandlers} EventHandlers */

/**
 * Create an element with attributes, listeners (`onclick: …`) and children; empty ones are left
 * out.
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

/**
 * Isolate text of any direction, so that it does not reorder its neighbours.
 * @param {string} text
 */
export const isolate = (text) => h("bdi", {}, text);

/**
 * Call `submit` when a form is submitted, which its disabled button prevents.
 * @param {HTMLFormElement} form @param {() => unknown} submit
 */
export const onSubmit = (form, submit) =>
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });

/**
 * Change the text of an element, if it is another one: it may be spoken when it changes.
 * @param {HTMLElement} element @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Return a form's field: a label and its control. @param {string} label @param {HTMLElement} control */
export const field = (label, control) =>
  h("p", { class: "field" }, h("label", { for: control.id }, label), control);

/** Show a telephone number left to right, whatever surrounds it. @param {string} number */
export const phoneNumber = (number) => h("bdi", { dir: "ltr", class: "phone" }, number);

/** Join the parts that are there with dots. @param {Child[]} parts @returns {(Node | string)[]} */
export const dotted = (parts) =>
  parts
    .filter((part) => part instanceof Node || typeof part === "string")
    .filter(Boolean)
    .flatMap((part, index) => (index ? [" · ", part] : [part]));

/**
 * Fire one of the bundle's events; it bubbles.
 * @template {keyof CallcardEvents} Name
 * @param {HTMLElement} element @param {Name} name @param {CallcardEvents[Name]} detail
 */
export function emit(element, name, detail) {
  element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
}

/**
 * Fire an event that the app answers; `listen()` passes the answer to `detail.respondWith`.
 * @template {keyof CallcardRequests} Name
 * @param {HTMLElement} element @param {Name} name @param {CallcardRequests[Name]["detail"]} detail
 * @returns {Promise<CallcardRequests[Name]["response"]>}
 */
export function request(element, name, detail) {
  return new Promise((resolve) => {
    const event = new CustomEvent(name, {
      detail: { ...detail, respondWith: resolve },
      bubbles: true,
    });
    element.dispatchEvent(event);
  });
}

/**
 * Handle the bundle's events on an element until `signal` aborts; what a handler returns answers a
 * request.
 * @param {HTMLElement} element @param {EventHandlers} handlers @param {AbortSignal} signal
 */
export function listen(element, handlers, signal) {
  for (const [name, handler] of Object.entries(handlers)) {
    const handle = /** @type {(detail: any) => unknown} */ (handler);
    const onEvent = (/** @type {Event} */ event) => {
      const { detail } = /** @type {CustomEvent} */ (event);
      const response = handle(detail);
      detail?.respondWith?.(response);
    };
    element.addEventListener(name, onEvent, { signal });
  }
}

/**
 * Run `task` at an interval, as what draws after the press that lasts just then, until `signal`
 * aborts.
 * @param {number} milliseconds @param {() => void} task @param {AbortSignal} signal
 */
export function every(milliseconds, task, signal) {
  const timer = setInterval(afterPress, milliseconds, task);
  signal.addEventListener("abort", () => clearInterval(timer));
}

/**
 * Let the arrow keys move the focus through a list.
 * @param {HTMLElement} element @param {string} selector of what takes the focus, in this order
 */
export function moveByArrows(element, selector) {
  element.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    /** @type {NodeListOf<HTMLElement>} */
    const all = element.querySelectorAll(selector);
    const places = [...all];
    const at = places.findIndex((place) => place === document.activeElement);
    const next = places[at + (step ?? 0)];
    if (!step || at < 0 || !next) return;
    event.preventDefault();
    next.focus();
  });
}

/** What ends a lock; a later one lasts for its own time. @type {WeakMap<HTMLElement, ReturnType<typeof setTimeout>>} */
const lockTimers = new WeakMap();
/** Milliseconds in which a second press was meant for what was there before. */
const PRESS_LOCK_MS = 1000;
/** Milliseconds that the desktop may take to make room for what is opened. */
const RESIZE_MS = 1000;

/** Bring into view what has just been opened, when the gadget is as high as it needs. @param {Element} element */
export function reveal(element) {
  const scroll = () => element.scrollIntoView({ block: "nearest" });
  window.addEventListener("resize", scroll, {
    once: true,
    signal: AbortSignal.timeout(RESIZE_MS),
  });
}

/**
 * Let the pointer press nothing for a moment: something has just taken the place of what was to be
 * pressed. The keyboard is not affected, as the focus does not move.
 * @param {HTMLElement} element @param {number} [milliseconds]
 */
export function lockPresses(element, milliseconds = PRESS_LOCK_MS) {
  element.classList.add("locked");
  clearTimeout(lockTimers.get(element));
  const timer = setTimeout(() => element.classList.remove("locked"), milliseconds);
  lockTimers.set(element, timer);
}

/** Milliseconds in which an agent still aims at what was in a list before. */
const ROWS_LOCK_MS = 700;

/**
 * Show other rows in a list. One that takes the place of another takes no press at first.
 * @param {HTMLElement} list @param {HTMLElement[]} rows
 */
export function replaceRows(list, rows) {
  const textOf = (/** @type {Element} */ row) => row.textContent;
  const before = [...list.children].map(textOf);
  list.replaceChildren(...rows);
  if (before.some((text, at) => text !== rows[at]?.textContent)) lockPresses(list, ROWS_LOCK_MS);
}

let lastId = 0;

/** Return an id that no other element on the page has. @param {string} stem */
export function uniqueId(stem) {
  lastId += 1;
  return `${stem}-${lastId}`;
}

/** Return an id for a request, so that the service recognises its repetition. */
export const newRequestId = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
