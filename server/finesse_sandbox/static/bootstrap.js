// In the place of the Bootstrap that a Finesse server has for its gadgets, and the stand-in has not: what they call of it does
// nothing, so that they run, without its looks.

(() => {
  class Nothing {
    show() {}
    hide() {}
    toggle() {}
    dispose() {}
    static getInstance() {
      return new Nothing();
    }
    static getOrCreateInstance() {
      return new Nothing();
    }
  }
  const parts = [
    "Alert",
    "Button",
    "Collapse",
    "Dropdown",
    "Modal",
    "Popover",
    "Tab",
    "Toast",
    "Tooltip",
  ];
  Object.assign(window, { bootstrap: Object.fromEntries(parts.map((name) => [name, Nothing])) });
  const jQuery = /** @type {any} */ (window).jQuery;
  for (const name of jQuery ? parts : []) {
    jQuery.fn[name.toLowerCase()] ??= function () {
      return this;
    };
  }
})();
