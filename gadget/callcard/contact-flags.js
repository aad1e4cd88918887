// A contact's flags and the warnings of number lists, as texts and as a list.

import { h, isolate } from "../shared/dom.js";
import { t } from "../shared/texts.js";

/** @typedef {import("../shared/types.d.ts").Contact} Contact */

/**
 * Return the warnings of number lists, as they are shown with the contact's flags.
 * @param {import("../shared/types.d.ts").ListWarning[]} listed
 */
export const listTexts = (listed) =>
  listed.map(({ list, reason }) => {
    if (list === "deny") return t("list.denied", { reason });
    return list === "flag" ? reason : t("list.notCalled", { reason });
  });

/**
 * Return flags as a list, those of number lists first; nothing if there are none.
 * @param {Contact | undefined} contact @param {string[]} [listed]
 */
export function flagList(contact, listed = []) {
  const flags = contact?.flags ?? [];
  const warnings = contact?.warnings ?? [];
  if (!flags.length && !listed.length) return "";
  const items = flagsOf({ flags: [...listed, ...flags], warnings: [...listed, ...warnings] }).map(
    (flag) => h("li", {}, flag),
  );
  return h("ul", { class: "flags", "aria-label": t("card.flags") }, items);
}

/** Return flags, those that warn marked. @param {Pick<Contact, "flags" | "warnings">} contact */
export const flagsOf = ({ flags, warnings }) =>
  flags.map((flag) =>
    h("span", { class: warnings.includes(flag) ? "flag warns" : "flag" }, isolate(flag)),
  );
