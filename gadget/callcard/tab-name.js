// Which of the agent's browser tabs this is.

/** Return a name for this browser tab, the same after a reload. */
export function tabName() {
  const name = sessionStorage.getItem("callcard.tab") ?? Math.random().toString(36).slice(2);
  sessionStorage.setItem("callcard.tab", name);
  return name;
}
