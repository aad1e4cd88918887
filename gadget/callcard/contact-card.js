// <contact-card>: one record: flags, open cases, the last interactions, numbers to call. Fires `dial` with a number.

import { h, own, phone, tell } from "../shared/dom.js";
import { moment, t } from "../shared/texts.js";

/** @typedef {import("../shared/types.d.ts").Contact} Contact */

/** Ways of being in touch; one that is not here is shown as the CRM calls it. */
const KINDS = new Map([
  ["call", () => t("kind.call")],
  ["chat", () => t("kind.chat")],
  ["mail", () => t("kind.mail")],
  ["email", () => t("kind.mail")],
]);

export class ContactCardElement extends HTMLElement {
  /** @param {Contact} contact @param {import("../shared/types.d.ts").Match["how"] | ""} [how] */
  show(contact, how = "") {
    const { flags, cases, interactions, numbers, email } = contact;
    this.replaceChildren(
      how === "suffix" ? h("p", { class: "note warning" }, t("card.suffix")) : "",
      flags.length
        ? h(
            "ul",
            { class: "flags", "aria-label": t("card.flags") },
            flags.map((flag) => h("li", {}, own(flag))),
          )
        : "",
      link(contact.url, t("card.open"), "open-record"),
      h(
        "div",
        { class: "sections" },
        section(
          "past",
          t("card.interactions"),
          interactions.map(({ at, kind, subject, agent }) => [
            h("span", { class: "what" }, own(subject)),
            h(
              "span",
              { class: "about" },
              dotted([
                moment(at),
                KINDS.get(kind.toLowerCase())?.() ?? own(kind),
                agent && own(agent),
              ]),
            ),
          ]),
          t("card.noInteractions"),
        ),
        section(
          "cases",
          t("card.cases"),
          cases.map(({ id, subject, status, opened, url }) => [
            h("span", { class: "what" }, link(url, own(subject)) || own(subject)),
            h("span", { class: "about" }, dotted([own(id), own(status), opened && moment(opened)])),
          ]),
          t("card.noCases"),
        ),
        section(
          "reach",
          t("card.numbers"),
          [
            ...numbers.map(({ number, label, e164 }) => [
              h(
                "button",
                {
                  type: "button",
                  class: "dial",
                  "aria-label": t("dial.call", { number }),
                  onclick: () => tell(this, "dial", e164 ?? number),
                },
                phone(number),
              ),
              label && h("span", { class: "about" }, own(label)),
              h(
                "button",
                {
                  type: "button",
                  class: "quiet later",
                  "aria-label": t("callback.laterWho", { number }),
                  onclick: () =>
                    tell(this, "later", {
                      number: e164 ?? number,
                      shown: number,
                      name: contact.name || contact.company,
                      contact: `${contact.source}/${contact.id}`,
                    }),
                },
                t("callback.later"),
              ),
            ]),
            ...(email
              ? [
                  [
                    h(
                      "a",
                      { href: `mailto:${encodeURIComponent(email).replace("%40", "@")}` },
                      own(email),
                    ),
                  ],
                ]
              : []),
          ],
          t("card.noNumbers"),
        ),
      ),
    );
  }
}

customElements.define("contact-card", ContactCardElement);

/** @typedef {import("../shared/dom.js").Child} Child */

/** @param {string} name @param {string} title @param {Child[][]} rows @param {string} none what is said when there are no rows */
function section(name, title, rows, none) {
  const body = rows.length
    ? h(
        "ul",
        {},
        rows.map((row) => h("li", {}, row)),
      )
    : h("p", { class: "about" }, none);
  return h("section", { class: name }, h("h3", {}, title), body);
}

/** What there is of `parts`, with dots between. @param {Child[]} parts @returns {Child[]} */
const dotted = (parts) =>
  parts.filter(Boolean).flatMap((part, place) => (place ? [" · ", part] : [part]));

/** A link to a record, if its address is one that a browser may be sent to. @param {string} url @param {Node | string} text @param {string} [name] */
function link(url, text, name = "") {
  if (!/^https?:\/\//i.test(url)) return "";
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer", class: name }, text);
}
