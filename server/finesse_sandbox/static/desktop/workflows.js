// The desktop's workflows: what an administrator has configured to happen when a call arrives, is
// answered or ends. The action is a browser pop or an HTTP request, done by the desktop or, by way
// of the hub, by a gadget. Source: the developer guide's pages Workflow and WorkflowActionEvent.

import { toObject } from "./xml.js";

/** @typedef {{name: string, node: string, type: string, testValue?: string}} Variable */
/** @typedef {{name: string, value: string, expandedValue: string}} Param */

/** The trigger of a workflow by the state of the agent's participant.
 * @type {Record<string, string>} */
const TRIGGER_BY_STATE = {
  ALERTING: "CALL_ARRIVES",
  ACTIVE: "CALL_ANSWERED",
  DROPPED: "CALL_ENDS",
};

export class Workflows {
  /** The last trigger of each call by its id: a workflow runs once per trigger.
   * @type {Map<string, string>} */
  #lastTriggers = new Map();
  /** @type {any[]} */
  #workflows = [];

  /** @param {import("./hub.js").Hub} hub */
  constructor(hub) {
    this.hub = hub;
  }

  /** @param {Element} root the team's `<Workflows>` */
  read(root) {
    this.#workflows = [...root.children].map(toObject);
  }

  /** Run the workflows that an event of the agent's call triggers.
   * @param {any} dialog @param {string} event @param {string} extension */
  onDialogEvent(dialog, event, extension) {
    const trigger = triggerOf(dialog, event, extension);
    const previous = this.#lastTriggers.get(dialog.id);
    if (event === "DELETE") this.#lastTriggers.delete(dialog.id);
    else if (trigger) this.#lastTriggers.set(dialog.id, trigger);
    if (!trigger || previous === trigger) return;
    for (const workflow of this.#workflows) {
      if (workflow.TriggerSet?.name !== trigger || !isMet(workflow, dialog)) continue;
      for (const action of list(workflow.workflowActions?.WorkflowAction))
        this.#run(action, dialog);
    }
  }

  /** @param {any} action @param {any} dialog */
  #run(action, dialog) {
    const variables = list(action.actionVariables?.ActionVariable);
    /** @type {Record<string, string>} */
    const values = {};
    for (const variable of variables) values[variable.name] = valueAt(variable.node, dialog);
    const params = expandParams(list(action.params?.Param), values);
    if (action.handledBy === "OTHER") {
      this.hub.publish("finesse.containerservices.workflowActionEvent", {
        name: action.name,
        type: action.type,
        handledBy: "OTHER",
        params,
        actionVariables: variables.map((variable) => ({
          ...variable,
          actualValue: values[variable.name],
        })),
      });
    } else if (action.type === "BROWSER_POP") {
      window.open(param(params, "path"), param(params, "windowName"));
    } else {
      sendHttpRequest(params);
    }
  }
}

/** @param {any} dialog @param {string} event @param {string} extension */
function triggerOf(dialog, event, extension) {
  if (event === "DELETE") return "CALL_ENDS";
  const agent = list(dialog.participants?.Participant).find(
    (participant) => participant.mediaAddress === extension,
  );
  return TRIGGER_BY_STATE[agent?.state];
}

/** @param {any} workflow @param {any} dialog */
function isMet(workflow, dialog) {
  const isTrue = (/** @type {any} */ condition) => compare(condition, dialog);
  const triggers = list(workflow.TriggerSet?.triggers?.Trigger);
  const conditions = list(workflow.ConditionSet?.conditions?.Condition);
  if (!triggers.every(isTrue)) return false;
  const anySuffices = workflow.ConditionSet?.applyMethod === "ANY" && conditions.length > 0;
  return anySuffices ? conditions.some(isTrue) : conditions.every(isTrue);
}

/** Replace `${name}` in the params of an action by the values of its variables.
 * @param {any[]} params @param {Record<string, string>} values @returns {Param[]} */
function expandParams(params, values) {
  const expand = (/** @type {string} */ text) =>
    text.replace(/\$\{([^}]+)\}/g, (_match, name) => encodeURIComponent(values[name] ?? ""));
  return params.map(({ name, value }) => ({
    name,
    value: value ?? "",
    expandedValue: expand(value ?? ""),
  }));
}

/** @param {Param[]} params @param {string} name */
const param = (params, name) => params.find((known) => known.name === name)?.expandedValue;

/** @param {Param[]} params */
function sendHttpRequest(params) {
  const contentType = param(params, "contentType") ?? "text/plain";
  const body = new URLSearchParams({
    url: param(params, "path") ?? "",
    httpMethod: param(params, "method") ?? "PUT",
    postData: param(params, "body") ?? "",
    headers: `Content-Type=${encodeURIComponent(contentType)}`,
    refresh: "0",
  });
  void fetch("/gadgets/makeRequest", { method: "POST", body });
}

/** @param {any} items @returns {any[]} */
function list(items) {
  if (Array.isArray(items)) return items;
  return items ? [items] : [];
}

/** Return the value at a node such as //Dialog/mediaProperties/callvariables/callVariable1.
 * @param {string} node @param {any} dialog */
function valueAt(node, dialog) {
  const path = node.replace(/^\/\/Dialog\//, "").split("/");
  const variables = list(dialog.mediaProperties?.callvariables?.CallVariable);
  const variable = variables.find(({ name }) => name === path.at(-1));
  let value = dialog;
  if (variable) value = variable.value;
  else for (const name of path) value = value?.[name];
  return value === null || value === undefined || typeof value === "object" ? "" : String(value);
}

/** @param {{Variable: Variable, comparator: string, value: string | null}} condition
 * @param {any} dialog */
function compare(condition, dialog) {
  const actual = valueAt(condition.Variable?.node ?? "", dialog);
  const expected = condition.value ?? "";
  switch (condition.comparator) {
    case "IS_EQUAL":
      return actual === expected;
    case "IS_NOT_EQUAL":
      return actual !== expected;
    case "CONTAINS":
      return actual.includes(expected);
    case "NOT_CONTAINS":
      return !actual.includes(expected);
    case "BEGINS_WITH":
      return actual.startsWith(expected);
    case "ENDS_WITH":
      return actual.endsWith(expected);
    case "IS_EMPTY":
      return actual === "";
    case "IS_NOT_EMPTY":
      return actual !== "";
    default:
      return false;
  }
}
