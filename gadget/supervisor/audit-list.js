// <audit-list>: who did what to agents, calls and number lists, the latest first.

import { dotted, h, isolate, phoneNumber } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { formatDate, t } from "../shared/texts.js";
import { teamApi } from "./team-api.js";

export class AuditListElement extends CallcardElement {
  static tag = "audit-list";

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
                    isolate(agent),
                    isolate(action),
                    number && phoneNumber(number),
                    detail && isolate(detail),
                  ]),
                ),
              ),
            ),
          )
        : h("p", { class: "about" }, t("audit.none")),
    );
  }
}
