// The sandbox panel: callers who ring, the far end of each call, and faults of Finesse.

import { $ } from "./dom.js";

/** @typedef {{
 *   label: string,
 *   number: string,
 *   queue: string,
 *   variables: Record<string, string>,
 * }} Caller */
/** @typedef {{address: string}} Participant */
/** @typedef {{
 *   id: string,
 *   from: string,
 *   to: string,
 *   state: string,
 *   caller_name: string,
 *   participants: Participant[],
 * }} Call */

export class SandboxPanel {
  /** @param {() => string} getExtension of the signed-in agent, whose phone rings */
  constructor(getExtension) {
    this.getExtension = getExtension;
    $("#cut-notifications").addEventListener("click", () => setFault({ kind: "events", times: 1 }));
    $("#restore-notifications").addEventListener("click", () =>
      setFault({ kind: "events", times: 0 }),
    );
    $("#stop-node").addEventListener("click", () =>
      setFault({ kind: "node", node: $("#node").textContent }),
    );
    $("#start-nodes").addEventListener("click", async () => {
      for (const node of ["A", "B"]) await setFault({ kind: "node", node, times: 0 });
    });
  }

  /** @param {Caller[]} callers */
  showCallers(callers) {
    const form = $("#ring");
    const menu = form.elements.caller;
    const number = form.elements.number;
    const getCaller = () => callers[Number(menu.value)];
    const showNumber = () => {
      number.value = getCaller().number;
    };
    menu.replaceChildren(...callers.map(({ label }, index) => new Option(label, String(index))));
    menu.onchange = showNumber;
    showNumber();
    form.onsubmit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const caller = getCaller();
      // Another number is another caller: the call variables would not be theirs.
      const variables = number.value === caller.number ? caller.variables : {};
      const to = this.getExtension();
      const call = { from: number.value, to, queue: caller.queue, variables };
      void post("calls", call).then((rung) => {
        if (rung?.state === "REJECTED") showError(`Rejected before it rang: ${number.value}`);
        else if (rung && rung.to !== to) showError(`Diverted to ${rung.to}`);
      });
    };
    void this.showCalls();
  }

  /** Show the agent's calls with what the far end can do. */
  async showCalls() {
    const response = await fetch("/sandbox/calls");
    /** @type {Call[]} */
    const calls = await response.json();
    const extension = this.getExtension();
    const rows = calls
      .filter((call) => call.participants.some(({ address }) => address === extension))
      .map((call) => createCallRow(call, extension));
    $("#calls").replaceChildren(...rows);
  }
}

/** @param {Call} call @param {string} extension */
function createCallRow(call, extension) {
  const isOutgoing = call.from === extension;
  const row = document.createElement("div");
  row.className = "call";
  const label = document.createElement("span");
  const caller = call.caller_name ? `${call.caller_name}, ${call.from}` : call.from;
  label.textContent = `${isOutgoing ? call.to : caller} (${call.state.toLowerCase()})`;
  row.append(label);
  if (isOutgoing && call.state === "ALERTING")
    row.append(createCallButton(call, "answer", "Far end answers"));
  row.append(createCallButton(call, "drop", "Far end hangs up"));
  return row;
}

/** @param {Call} call @param {string} action @param {string} label */
function createCallButton(call, action, label) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.addEventListener("click", () => void post(`calls/${call.id}/${action}`, {}));
  return button;
}

/** @param {object} fault */
const setFault = (fault) => post("faults", fault);

/** Call the sandbox's control API and show its error, if there is one; return its answer.
 * @param {string} path @param {object} body */
async function post(path, body) {
  const response = await fetch(`/sandbox/${path}`, { method: "POST", body: JSON.stringify(body) });
  const content = await response.json();
  showError(response.ok ? "" : content.error);
  return response.ok ? content : null;
}

/** @param {string} message */
export function showError(message) {
  $("#sandbox .error").textContent = message;
}
