// Where the gadget's page runs.

/**
 * Return the host and port of this desktop's node: the service must send the agent's commands to
 * the same one.
 */
export function node() {
  const { hostname, port, protocol } = location;
  return `${hostname}:${port || (protocol === "https:" ? "443" : "80")}`;
}

/**
 * Return whether this page is in the desktop: a frame in a page of its own origin, as Finesse's are.
 */
export function isInDesktop() {
  try {
    return window.parent !== window && window.parent.location.origin === location.origin;
  } catch {
    return false; // another site's page
  }
}
