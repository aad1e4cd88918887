// The menus of gadgets' channels (chat, mail …) in the desktop's header.

/**
 * Add, update or remove a channel: its name, its state and the states to choose from.
 * @param {string} id @param {any} data null removes the channel
 * @param {Function} [onStateChange] given when the channel is added
 * @returns {string} an error code of the documented interface; empty if all went well
 */
export function setChannel(id, data, onStateChange) {
  const known = /** @type {HTMLSelectElement | null} */ (
    document.querySelector(`#channels [data-channel="${CSS.escape(id)}"]`)
  );
  if (!known && !onStateChange) return "CHANNEL_NOT_FOUND";
  if (!data) {
    known?.closest("label")?.remove();
    return "";
  }
  const select = known ?? addMenu(id, data.menuConfig?.label ?? id, onStateChange);
  if (data.menuConfig) {
    const options = data.menuConfig.menuItems.map(
      (/** @type {any} */ item) => new Option(item.menuText ?? item.label ?? item.id, item.id),
    );
    select.replaceChildren(...options);
  }
  const state = data.channelState?.currentState ?? data.channelState?.label ?? "";
  for (const option of select.options) option.selected = option.text === state;
  return "";
}

/** @param {string} id @param {string} name @param {Function | undefined} onStateChange */
function addMenu(id, name, onStateChange) {
  const select = document.createElement("select");
  select.dataset.channel = id;
  select.addEventListener("change", () => {
    const ignore = () => {};
    onStateChange?.(id, select.value, ignore, ignore);
  });
  const label = document.createElement("label");
  label.append(`${name} `, select);
  document.querySelector("#channels")?.append(label);
  return select;
}
