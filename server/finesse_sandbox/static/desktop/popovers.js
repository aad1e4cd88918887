// Messages of gadgets over the desktop: popovers with a timer and buttons, and the notification
// center.

const SECOND_MS = 1000;

/** @typedef {(outcome: {popoverId: string, source: string}) => void} OnAction */

/** Ends the timer of a popover by its id. @type {Map<string, () => void>} */
const timers = new Map();

/** Return the place of all messages, at the edge of the desktop. */
function getArea() {
  const known = document.querySelector("#popovers");
  if (known) return known;
  const area = document.createElement("div");
  area.id = "popovers";
  area.setAttribute("role", "log");
  area.setAttribute("aria-label", "Messages of gadgets");
  document.body.append(area);
  return area;
}

/** @param {string} id */
const findPopover = (id) => document.querySelector(`#popovers [data-id="${CSS.escape(id)}"]`);

/**
 * Show a popover, or new content in the one with this id.
 * @param {string} id
 * @param {{banner: any, timer: any, action: any}} content as documented for PopoverService
 * @param {OnAction} onAction
 */
export function showPopover(id, { banner, timer, action }, onAction) {
  timers.get(id)?.();
  const box = document.createElement("section");
  box.className = "popover";
  box.dataset.id = id;
  const close = (/** @type {string} */ source) => {
    dismissPopover(id);
    onAction({ popoverId: id, source });
  };
  const title = document.createElement("h2");
  title.textContent = banner?.headerContent?.maxHeaderTitle ?? banner?.icon?.label ?? "";
  box.append(title, createDetails(banner?.content ?? []));
  if (timer?.displayTimeoutInSecs) box.append(startTimer(id, timer, () => close("timeout")));
  if (action?.requiredActionText) {
    const hint = document.createElement("p");
    hint.textContent = action.requiredActionText;
    box.append(hint);
  }
  for (const { id: buttonId, label, hoverText } of action?.buttons ?? [])
    box.append(createButton(label, hoverText ?? "", () => close(`btn_${buttonId}_click`)));
  if (action?.dismissible) box.append(createButton("×", "Close", () => close("dismissed")));
  const known = findPopover(id);
  if (known) known.replaceWith(box);
  else getArea().append(box);
}

/** @param {string} id */
export function dismissPopover(id) {
  timers.get(id)?.();
  timers.delete(id);
  findPopover(id)?.remove();
}

/** Show a message of the notification center.
 * @param {any} message as NotificationPopoverService publishes it */
export function showNotification(message) {
  const box = document.createElement("section");
  box.className = "popover notification";
  box.classList.toggle("error", message.type === "error");
  if (message.title) {
    const title = document.createElement("h2");
    title.textContent = message.title;
    box.append(title);
  }
  const text = document.createElement("p");
  text.textContent = message.message ?? "";
  box.append(text);
  if (message.customLink)
    box.append(createButton(message.customLink, "", () => message.onClickCustomLink?.()));
  if (message.isDismissable) box.append(createButton("×", "Close", () => box.remove()));
  // A timeout of 0 means that the message waits in the center, which is open in the sandbox.
  if (message.timeout) setTimeout(() => box.remove(), message.timeout);
  getArea().append(box);
}

/** @param {{name: string, value: string}[]} content */
function createDetails(content) {
  const list = document.createElement("dl");
  for (const { name, value } of content) {
    const term = document.createElement("dt");
    term.textContent = name;
    const detail = document.createElement("dd");
    detail.textContent = value;
    list.append(term, detail);
  }
  return list;
}

/** @param {string} id @param {any} timer @param {() => void} onTimeout */
function startTimer(id, { displayTimeoutInSecs, display, counterType }, onTimeout) {
  const clock = document.createElement("p");
  clock.hidden = display === false;
  let seconds = 0;
  const draw = () => {
    const shown = counterType === "COUNT_UP" ? seconds : displayTimeoutInSecs - seconds;
    clock.textContent = `${shown} s`;
  };
  draw();
  const interval = setInterval(() => {
    seconds += 1;
    draw();
    if (seconds >= displayTimeoutInSecs) onTimeout();
  }, SECOND_MS);
  timers.set(id, () => clearInterval(interval));
  return clock;
}

/** @param {string} label @param {string} hint @param {() => void} onClick */
function createButton(label, hint, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.title = hint;
  if (hint) button.setAttribute("aria-label", hint);
  button.addEventListener("click", onClick);
  return button;
}
