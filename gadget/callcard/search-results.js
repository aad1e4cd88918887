// What a search has found: contacts, each with the number to call and whether it is the caller, then
// colleagues. Fires `callcard-contact-search`, `callcard-target-search`, `callcard-record-opened` and
// `callcard-contact-chosen`.

import { missingSources } from "../shared/call-state.js";
import { dotted, emit, h, isolate, phoneNumber, request } from "../shared/dom.js";
import { formatDate, stateLabel, t } from "../shared/texts.js";
import { callerButton } from "./caller-button.js";
import { flagList } from "./contact-flags.js";

/** @typedef {import("./contact-search.js").ContactSearchElement} ContactSearchElement */
/** @typedef {import("../shared/types.d.ts").TransferTarget} TransferTarget */

/**
 * @typedef {object} Found
 * @property {(Node | string)[]} message how many contacts, and whose contacts are missing
 * @property {HTMLElement[]} rows one for each contact
 * @property {Promise<{message: string[], rows: HTMLElement[]}>} colleagues what may come later
 */

/** The service returns at most this many. */
const MAX_CONTACTS = 20;
/** @type {TransferTarget["kind"][]} */
const COLLEAGUE_KINDS = ["agent", "phone-book"];
const NO_COLLEAGUES = { message: [], rows: [] };

/**
 * Search contacts and colleagues. Contacts do not wait for the colleagues, who are Finesse's.
 * @param {ContactSearchElement} search @param {string} text @param {AbortSignal} signal
 * @returns {Promise<Found>}
 */
export async function searchContacts(search, text, signal) {
  const colleagues = findColleagues(search, text, signal);
  const found = await request(search, "callcard-contact-search", { text, signal });
  const rows = found.contacts.map((contact) => contactRow(search, contact));
  return { message: foundText(found), rows, colleagues };
}

/** @param {import("../shared/types.d.ts").ContactSearchResult} found */
function foundText(found) {
  const count = found.contacts.length;
  const missing = missingSources(found);
  const none = missing.length ? t("search.noneYet") : t("search.none");
  const some = count < MAX_CONTACTS ? t("search.found", { count }) : t("search.more", { count });
  const warning = missing.length && t("lookup.partly", { sources: missing.join(", ") });
  return dotted([count ? some : none, warning && h("span", { class: "warning" }, warning)]);
}

/**
 * Find the colleagues and phone book entries that match; none if Finesse does not answer, as
 * contacts are what the search is for.
 * @param {ContactSearchElement} search @param {string} text @param {AbortSignal} signal
 */
async function findColleagues(search, text, signal) {
  try {
    const detail = { text, signal, kinds: COLLEAGUE_KINDS };
    const { targets } = await request(search, "callcard-target-search", detail);
    if (signal.aborted || !targets.length) return NO_COLLEAGUES;
    const heading = h("li", { class: "about" }, t("search.colleagues"));
    const rows = [heading, ...targets.map((target) => colleagueRow(search, target))];
    return { message: [` · ${t("search.colleagueCount", { count: targets.length })}`], rows };
  } catch {
    return NO_COLLEAGUES;
  }
}

/** @param {ContactSearchElement} search @param {TransferTarget} target */
function colleagueRow(search, { kind, name, detail, number }) {
  const about = kind === "agent" ? stateLabel(detail) : detail;
  return h(
    "li",
    {},
    h(
      "span",
      { class: "who" },
      h("strong", {}, isolate(name)),
      h("span", { class: "about" }, isolate(about)),
    ),
    h(
      "button",
      {
        type: "button",
        class: "dial",
        "aria-label": t("dial.call", { number: name }),
        onclick: () => search.dial(number),
      },
      phoneNumber(number),
    ),
  );
}

/**
 * Return the row of a contact that was found.
 * @param {ContactSearchElement} search
 * @param {import("../shared/types.d.ts").Contact} contact
 */
function contactRow(search, contact) {
  const { name, company, numbers, interactions } = contact;
  const [first] = numbers;
  const [last] = interactions;
  const about = dotted([
    name && company && isolate(company),
    last && t("choice.last", { when: formatDate(last.started_at) }),
  ]);
  return h(
    "li",
    {},
    h(
      "button",
      {
        type: "button",
        class: "pick",
        onclick: () => emit(search, "callcard-record-opened", { contact }),
      },
      h("strong", {}, isolate(name || company)),
      flagList(contact),
      about.length ? h("span", { class: "about" }, about) : "",
    ),
    search.callId ? callerButton(search.callId, contact, search.addedTo(contact)) : "",
    first
      ? h(
          "button",
          {
            type: "button",
            class: "dial",
            "aria-label": t("dial.call", { number: first.number }),
            onclick: () => search.dial(first.e164 ?? first.number, contact),
          },
          phoneNumber(first.number),
        )
      : "",
  );
}
