// A press lasts about a tenth of a second. What is drawn anew meanwhile loses it: the browser clicks
// nothing if what was under the pointer when it went down is gone when it comes up.

/**
 * Milliseconds after each event of a press until what waits is done. After a second nothing waits
 * any more, as a text is being selected; a click comes soon after the end, and its listeners first.
 */
const WAIT_MS = {
  pointerdown: 1000,
  pointerup: 50,
  pointercancel: 50,
  click: 0,
};

let isPressed = false;
/** What waits, in the order in which it came. @type {(() => void)[]} */
const waiting = [];

/** Run a task that draws: at once, or after the press that lasts just now. @param {() => void} task */
export function afterPress(task) {
  if (isPressed || waiting.length) waiting.push(task);
  else task();
}

/** Follow the presses on this page from now on. */
export function followPresses() {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const end = () => {
    isPressed = false;
    for (const task of waiting.splice(0)) queueMicrotask(task); // one that fails takes no other along
  };
  for (const [type, milliseconds] of Object.entries(WAIT_MS)) {
    const isDown = type === "pointerdown";
    const onEvent = () => {
      if (isPressed === isDown) return;
      isPressed = milliseconds > 0; // what the click itself draws waits only for what came before
      clearTimeout(timer);
      timer = setTimeout(end, milliseconds);
    };
    addEventListener(type, onEvent, { capture: true });
  }
}
