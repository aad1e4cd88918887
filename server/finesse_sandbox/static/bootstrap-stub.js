// A stub of the Bootstrap that a Finesse server has for its gadgets: the components exist and do
// nothing, so that gadgets run, but without Bootstrap's style.

(() => {
  class NullComponent {
    show() {}
    hide() {}
    toggle() {}
    dispose() {}
    static getInstance() {
      return new NullComponent();
    }
    static getOrCreateInstance() {
      return new NullComponent();
    }
  }
  const COMPONENTS = [
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
  const bootstrap = Object.fromEntries(COMPONENTS.map((name) => [name, NullComponent]));
  Object.assign(window, { bootstrap });

  const jQuery = /** @type {any} */ (window).jQuery;
  if (!jQuery) return;
  for (const name of COMPONENTS) {
    jQuery.fn[name.toLowerCase()] ??= function () {
      return this;
    };
  }
})();
