// The desktop's workflows: what an administrator wants to happen when a call arrives, is answered or ends.
// A browser pop or an HTTP request, by the desktop itself or, told through the hub, by a gadget. Facts: the developer guide's pages
// Workflow and WorkflowActionEvent.

import { toObject } from "./session.js";

/** @typedef {{name: string, node: string, type: string, testValue?: string}} Variable */

export class Workflows {
  /** What each call was the last time, by its id: a workflow fires once for each step. @type {Map<string, string>} */
  #steps = new Map();
  /** @type {any[]} */
  #flows = [];

  /** @param {import("./hub.js").Hub} hub */
  constructor(hub) {
    this.hub = hub;
  }

  /** @param {Element} root the team's `<Workflows>` */
  read(root) {
    this.#flows = [...root.children].map(toObject);
  }

  /** What an event says about the agent's call. @param {any} dialog @param {string} event @param {string} extension */
  follow(dialog, event, extension) {
    const mine = list(dialog.participants?.Participant).find(
      (one) => one.mediaAddress === extension,
    );
    const step =
      event === "DELETE" ? "CALL_ENDS" : STEPS[/** @type {keyof typeof STEPS} */ (mine?.state)];
    const before = this.#steps.get(dialog.id);
    if (event === "DELETE") this.#steps.delete(dialog.id);
    else if (step) this.#steps.set(dialog.id, step);
    if (!step || before === step) return;
    for (const flow of this.#flows) {
      if (flow.TriggerSet?.name !== step || !this.#met(flow, dialog)) continue;
      for (const action of list(flow.workflowActions?.WorkflowAction)) this.#do(action, dialog);
    }
  }

  /** @param {any} flow @param {any} dialog */
  #met(flow, dialog) {
    const conditions = list(flow.ConditionSet?.conditions?.Condition).map((one) =>
      compare(one, dialog),
    );
    const triggers = list(flow.TriggerSet?.triggers?.Trigger).map((one) => compare(one, dialog));
    const any = flow.ConditionSet?.applyMethod === "ANY" && conditions.length > 0;
    return triggers.every(Boolean) && (any ? conditions.some(Boolean) : conditions.every(Boolean));
  }

  /** @param {any} action @param {any} dialog */
  #do(action, dialog) {
    const variables = list(action.actionVariables?.ActionVariable);
    const values = Object.fromEntries(variables.map((one) => [one.name, value(one.node, dialog)]));
    const expand = (/** @type {string} */ text) =>
      text.replace(/\$\{([^}]+)\}/g, (_, name) => encodeURIComponent(values[name] ?? ""));
    const params = list(action.params?.Param).map((one) => ({
      name: one.name,
      value: one.value ?? "",
      expandedValue: expand(one.value ?? ""),
    }));
    const param = (/** @type {string} */ name) =>
      params.find((one) => one.name === name)?.expandedValue;
    if (action.handledBy === "OTHER") {
      const actionVariables = variables.map((one) => ({ ...one, actualValue: values[one.name] }));
      const told = {
        name: action.name,
        type: action.type,
        handledBy: "OTHER",
        params,
        actionVariables,
      };
      this.hub.publish("finesse.containerservices.workflowActionEvent", told);
    } else if (action.type === "BROWSER_POP") {
      window.open(param("path"), param("windowName"));
    } else {
      const fields = {
        url: param("path") ?? "",
        httpMethod: param("method") ?? "PUT",
        postData: param("body") ?? "",
      };
      const headers = `Content-Type=${encodeURIComponent(param("contentType") ?? "text/plain")}`;
      void fetch("/gadgets/makeRequest", {
        method: "POST",
        body: new URLSearchParams({ ...fields, headers, refresh: "0" }),
      });
    }
  }
}

const STEPS = { ALERTING: "CALL_ARRIVES", ACTIVE: "CALL_ANSWERED", DROPPED: "CALL_ENDS" };

/** @param {any} found */
const list = (found) => (Array.isArray(found) ? found : found ? [found] : []);

/** What is at a place such as //Dialog/mediaProperties/callvariables/callVariable1. @param {string} place @param {any} dialog */
function value(place, dialog) {
  const path = place.replace(/^\/\/Dialog\//, "").split("/");
  const variable = list(dialog.mediaProperties?.callvariables?.CallVariable).find(
    (one) => one.name === path.at(-1),
  );
  const found = variable ? variable.value : path.reduce((at, name) => at?.[name], dialog);
  return found === null || found === undefined || typeof found === "object" ? "" : String(found);
}

/** @param {{Variable: Variable, comparator: string, value: string | null}} condition @param {any} dialog */
function compare(condition, dialog) {
  const is = value(condition.Variable?.node ?? "", dialog);
  const wanted = condition.value ?? "";
  switch (condition.comparator) {
    case "IS_EQUAL":
      return is === wanted;
    case "IS_NOT_EQUAL":
      return is !== wanted;
    case "CONTAINS":
      return is.includes(wanted);
    case "NOT_CONTAINS":
      return !is.includes(wanted);
    case "BEGINS_WITH":
      return is.startsWith(wanted);
    case "ENDS_WITH":
      return is.endsWith(wanted);
    case "IS_EMPTY":
      return is === "";
    case "IS_NOT_EMPTY":
      return is !== "";
    default:
      return false;
  }
}
