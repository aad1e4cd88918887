// <audit-list>: who did what to agents, calls and number lists, the latest first.

import { dotted, h, isolate, phoneNumber } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { formatDate, t } from "../shared/texts.js";
import { auditText } from "./audit-text.js";
import { teamApi } from "./team-api.js";

/** Who has decided about a call that the phone system asked for. */
const ROUTING = "routing";

export class AuditListElement extends CallcardElement {
  static tag = "audit-list";

  /** Return an agent's name; the id itself of an unknown one. @param {string} id */
  nameOf = (id) => id;

  /** Read the audit and show it. Throws what the service answers. */
  async read() {
    const { entries } = await teamApi.audit();
    this.replaceChildren(
      entries.length
        ? h(
            "ul",
            { class: "audit" },
            entries.map(({ recorded_at, agent, action, number, detail }) =>
              h(
                "li",
                {},
                h("span", { class: "about" }, formatDate(recorded_at, true)),
                h(
                  "span",
                  {},
                  dotted([
                    isolate(agent === ROUTING ? t("audit.phoneSystem") : this.nameOf(agent)),
                    isolate(auditText(action)),
                    number && phoneNumber(number),
                    detail && isolate(this.#withName(detail)),
                  ]),
                ),
              ),
            ),
          )
        : h("p", { class: "about" }, t("audit.none")),
    );
  }

  /** Name the agent with whose id a detail begins. @param {string} detail */
  #withName(detail) {
    const [id] = detail.split(" ", 1);
    return this.nameOf(id) + detail.slice(id.length);
  }
}
