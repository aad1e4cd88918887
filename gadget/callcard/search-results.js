// What a search has found: the contact, whether it is the caller, and their number to call. Fires
// `callcard-record-opened` and `callcard-contact-chosen`.

import { dotted, emit, h, isolate, phoneNumber } from "../shared/dom.js";
import { formatDate, t } from "../shared/texts.js";
import { callerButton } from "./caller-button.js";
import { flagList } from "./contact-flags.js";

/**
 * Return the row of a contact that was found.
 * @param {import("./contact-search.js").ContactSearchElement} search
 * @param {import("../shared/types.d.ts").Contact} contact
 */
export function searchResult(search, contact) {
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
    search.callId ? callerButton(search.callId, contact, search.addedNumber) : "",
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
