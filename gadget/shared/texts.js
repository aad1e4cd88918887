// Texts in the agent's language. `t()` takes a literal key: the build checks that every language
// has it.

import { desktop } from "./desktop.js";

/** Texts that were loaded after the page's. @type {Record<string, string>} */
const added = {};

/** Add texts to the page's. @param {string[]} texts by number, which is their key; it has holes */
export const addTexts = (texts) => void Object.assign(added, texts);

/**
 * Return the text for `key`, with its {places} filled in.
 * @param {string} key @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const text = added[key] ?? (desktop.message(key) || key);
  return text.replace(/\{(\w+)\}/g, (/** @type {string} */ place, /** @type {string} */ name) =>
    isolated(String(values[name] ?? place)),
  );
}

/**
 * Return a value so that its direction does not reorder the text around it: a number among Arabic
 * words, an Arabic name among Latin ones.
 * @param {string} value
 */
export const isolated = (value) =>
  document.documentElement.dir === "rtl" || /[\u0590-\u08ff]/.test(value)
    ? `\u2068${value}\u2069`
    : value;

/** Return a country's name in the agent's language. @param {string | null} region two letters */
export function countryName(region) {
  if (!region) return "";
  try {
    return new Intl.DisplayNames([desktop.language], { type: "region" }).of(region) ?? region;
  } catch {
    return region;
  }
}

/** Return a language's name in the agent's language; a source's own word as it is.
 * @param {string} language a tag such as `de`, or a name */
export function languageName(language) {
  if (!/^[a-z]{2,3}([-_]\w+)*$/i.test(language)) return language;
  try {
    const names = new Intl.DisplayNames([desktop.language], { type: "language" });
    return names.of(language.replaceAll("_", "-")) ?? language;
  } catch {
    return language;
  }
}

/**
 * Format a time of today as a time, any other as a date.
 * @param {string} iso @param {boolean} [withTime] whether a date has the time too
 */
export function formatDate(iso, withTime = false) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const isToday = date.toDateString() === new Date().toDateString();
  /** @type {Intl.DateTimeFormatOptions} */
  const options = { timeStyle: "short", dateStyle: isToday ? undefined : "medium" };
  if (!isToday && !withTime) delete options.timeStyle;
  return new Intl.DateTimeFormat(desktop.language, options).format(date);
}

/** Format a moment as the time of day. @param {number} milliseconds since 1970 */
export const formatTime = (milliseconds) =>
  new Intl.DateTimeFormat(desktop.language, { timeStyle: "short" }).format(milliseconds);

/**
 * Format a moment as a time of day with its weekday, in another time zone or here.
 * @param {Date} date @param {string} [timeZone] as in Europe/Berlin
 */
export function formatThere(date, timeZone) {
  /** @type {Intl.DateTimeFormatOptions} */
  const options = { weekday: "short", hour: "numeric", minute: "2-digit", timeZone };
  try {
    return new Intl.DateTimeFormat(desktop.language, options).format(date);
  } catch {
    return ""; // this browser does not know the zone
  }
}

/**
 * Format a duration as minutes and seconds, with hours when there are any.
 * @param {number} seconds
 */
export function formatDuration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = String(Math.floor(whole / 60) % 60).padStart(2, "0");
  const rest = `${minutes}:${String(whole % 60).padStart(2, "0")}`;
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${rest}` : rest;
}

/** Join names as in a sentence. @param {string[]} names */
export const formatList = (names) =>
  new Intl.ListFormat(desktop.language).format(names.map(isolated));

/** Format a duration in whole minutes, below one in seconds; empty if it is 0. @param {number} seconds */
export function formatLength(seconds) {
  if (!seconds) return "";
  const [unit, length] = seconds < 60 ? ["second", seconds] : ["minute", seconds / 60];
  const options = /** @type {const} */ ({ style: "unit", unit, unitDisplay: "short" });
  return new Intl.NumberFormat(desktop.language, options).format(Math.round(length));
}

/** The agents' states. @type {Record<string, () => string>} */
const STATES = {
  READY: () => t("state.ready"),
  NOT_READY: () => t("state.notReady"),
  LOGOUT: () => t("state.signedOut"),
  RESERVED: () => t("state.reserved"),
  RESERVED_OUTBOUND: () => t("state.reserved"),
  RESERVED_OUTBOUND_PREVIEW: () => t("state.reserved"),
  TALKING: () => t("state.talking"),
  HOLD: () => t("state.hold"),
  WORK: () => t("state.work"),
  WORK_READY: () => t("state.work"),
};

/**
 * Return Finesse's state in the agent's language; an unknown one as it is.
 * @param {string} state
 */
export const stateLabel = (state) => STATES[state]?.() ?? state;
