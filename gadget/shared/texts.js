// The gadget's words in the agent's language. `t()` takes a literal key: the build checks that every language has it.

import { desktop } from "./desktop.js";

/** @param {string} key @param {Record<string, string | number>} [values] for the text's {places} */
export function t(key, values = {}) {
  const text = desktop.message(key) || key;
  return text.replace(/\{(\w+)\}/g, (/** @type {string} */ place, /** @type {string} */ name) =>
    String(values[name] ?? place),
  );
}

/** A country's name in the agent's language. @param {string | null} region two letters */
export function countryName(region) {
  if (!region) return "";
  try {
    return new Intl.DisplayNames([desktop.language], { type: "region" }).of(region) ?? region;
  } catch {
    return region;
  }
}

/** A moment as people say it: today's with the time, others with the date. @param {string} iso */
export function moment(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const today = at.toDateString() === new Date().toDateString();
  /** @type {Intl.DateTimeFormatOptions} */
  const form = today ? { timeStyle: "short" } : { dateStyle: "medium" };
  return new Intl.DateTimeFormat(desktop.language, form).format(at);
}

/** Minutes and seconds, hours when there are any. @param {number} seconds */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((part) =>
    String(part).padStart(2, "0"),
  );
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${parts.join(":")}` : parts.join(":");
}
