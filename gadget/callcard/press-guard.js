// A second press on the same spot is no press on what has come there: the desktop scrolls to show
// what the first press has opened, and the pointer is then over another button.

/** Milliseconds in which the agent still aims at what was there. */
const AIM_MS = 3000;
/** Pixels by which a pointer that rests may move. */
const REST_PX = 5;

/** @param {number} one @param {number} other @param {number} distance */
const isNear = (one, other, distance) => Math.abs(one - other) <= distance;

/** Guard the page from now on. @param {AbortSignal} [signal] */
export function guardPresses(signal) {
  /** The last press: where on the screen, where the page was there, and when. */
  let last = { x: 0, y: 0, top: 0, at: -Infinity };
  const forget = () => (last.at = -Infinity);
  /** @param {MouseEvent} event */
  const isForAnother = ({ screenX: x, screenY: y, pageY, timeStamp: at }) => {
    const isAgain = isNear(x, last.x, REST_PX) && isNear(y, last.y, REST_PX);
    return isAgain && at - last.at < AIM_MS && !isNear(y - pageY, last.top, REST_PX);
  };
  /** A press that does nothing leaves the focus where it is. @param {MouseEvent} event */
  const onDown = (event) => {
    if (isForAnother(event) || isLocked(event)) event.preventDefault();
  };
  /** @param {MouseEvent} event */
  const onClick = (event) => {
    const { detail: clicks, screenX: x, screenY: y, pageY, timeStamp: at } = event;
    if (!clicks) return; // a key
    if (isForAnother(event)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
    last = { x, y, top: y - pageY, at };
  };
  const options = { capture: true, signal };
  window.addEventListener("mousedown", onDown, options);
  window.addEventListener("click", onClick, options);
  // Who scrolls knows what is under the pointer.
  window.addEventListener("wheel", forget, options);
  window.addEventListener("keydown", forget, options);
}

/** Whether a press is on something that takes none just now. @param {MouseEvent} event */
function isLocked({ target, clientX: x, clientY: y }) {
  // A field takes them there, too.
  if (target instanceof Element && target.closest(".locked")) return false;
  return [...document.querySelectorAll(".locked")].some((element) => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    return x >= left && x <= right && y >= top && y <= bottom;
  });
}
