// The Finesse desktop's events of a team. With desktop.js the only file that uses finesse.*.

/** @typedef {import("../supervisor/types.d.ts").TeamUserUpdate} TeamUserUpdate */

/**
 * Follow the states of a team's agents until `signal` aborts, once the desktop is connected. Finesse
 * allows it to the team's supervisors.
 * @param {string} id Finesse's id of the team
 * @param {(update: TeamUserUpdate) => void} onUpdate
 * @param {AbortSignal} signal
 */
export function followTeam(id, onUpdate, signal) {
  const { ClientServices } = finesse.clientservices;
  const topic = `finesse.api.Team.${id}.Users`;
  const node = `/${topic.replaceAll(".", "/")}`;
  ClientServices.subscribe(topic, (/** @type {any} */ message) => {
    const update = readUser(message?.object?.Update?.data?.user);
    if (update && !signal.aborted) onUpdate(update);
  });
  // Without the node there are no events; the board is read from time to time all the same.
  ClientServices.subscribeNode(node, (/** @type {any} */ subscription) => {
    const unsubscribe = () => ClientServices.unsubscribeNode(node, subscription);
    if (signal.aborted)
      unsubscribe(); // another team was chosen meanwhile
    else signal.addEventListener("abort", unsubscribe);
  });
  signal.addEventListener("abort", () => ClientServices.unsubscribe(topic));
}

/**
 * Read a user as Finesse's event of a team shows them; null if it is none.
 * @param {any} user @returns {TeamUserUpdate | null}
 */
export function readUser(user) {
  if (typeof user?.loginId !== "string" || typeof user.state !== "string") return null;
  const reason = user.ReasonCode ?? user.reasonCode;
  return {
    id: user.loginId,
    state: user.state,
    state_since: user.stateChangeTime ?? "",
    pending_state: user.pendingState ?? "",
    reason: reason?.label ?? "",
    ...(user.extension ? { extension: user.extension } : {}),
  };
}
