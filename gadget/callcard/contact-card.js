// <contact-card>: one record: flags, open cases, the last interactions, numbers to call. Fires `dial` with a number.

import { h, own, phone, tell } from "../shared/dom.js";
import { moment, t } from "../shared/texts.js";

/** @typedef {import("../shared/types.d.ts").Contact} Contact */

export class ContactCardElement extends HTMLElement {
  /** @param {Contact} contact @param {"exact" | "suffix" | ""} [how] */
  show(contact, how = "") {
    const { flags, cases, interactions, numbers, email } = contact;
    this.replaceChildren(
      how === "suffix" ? h("p", { class: "note warning" }, t("card.suffix")) : "",
      flags.length ? h("ul", { class: "flags", "aria-label": t("card.flags") }, flags.map((flag) => h("li", {}, own(flag)))) : "",
      link(contact.url, t("card.open"), "open-record"),
      section(t("card.cases"), cases, t("card.noCases"), ({ id, subject, status, opened, url }) => [
        h("span", { class: "what" }, link(url, own(subject)) || own(subject)),
        h("span", { class: "about" }, [own(id), own(status), opened ? moment(opened) : ""].filter(Boolean).flatMap(dotted)),
      ]),
      section(t("card.interactions"), interactions, t("card.noInteractions"), ({ at, kind, subject, agent }) => [
        h("span", { class: "what" }, own(subject)),
        h("span", { class: "about" }, [moment(at), own(kind), agent ? own(agent) : ""].filter(Boolean).flatMap(dotted)),
      ]),
      numbers.length || email
        ? section(t("card.numbers"), numbers, "", ({ number, label, e164 }) => [
            h("button", { type: "button", class: "dial", "aria-label": t("dial.call", { number }), onclick: () => tell(this, "dial", e164 ?? number) }, phone(number)),
            label ? h("span", { class: "about" }, own(label)) : "",
          ])
        : "",
      email ? h("p", { class: "about" }, h("a", { href: `mailto:${encodeURIComponent(email).replace("%40", "@")}` }, own(email))) : "",
    );
  }
}

/**
 * @template T
 * @param {string} title @param {T[]} items @param {string} none what is said when there are no items
 * @param {(item: T) => (Node | string)[]} row
 */
function section(title, items, none, row) {
  const body = items.length ? h("ul", {}, items.map((item) => h("li", {}, row(item)))) : h("p", { class: "about" }, none);
  return h("section", {}, h("h3", {}, title), body);
}

/** @param {Node | string} part @param {number} place */
const dotted = (part, place) => (place ? [" · ", part] : [part]);

/** A link to a record, if its address is one that a browser may be sent to. @param {string} url @param {Node | string} text @param {string} [name] */
function link(url, text, name = "") {
  if (!/^https?:\/\//i.test(url)) return "";
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer", class: name }, text);
}
