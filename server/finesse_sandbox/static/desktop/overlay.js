// The modal dialog that a gadget may show over the whole desktop.

/** @param {{
 *   title?: string,
 *   message?: string,
 *   text?: string,
 *   buttons?: Record<string, () => void>,
 *   close?: () => void,
 * }} [options] */
export function showDialog(options = {}) {
  hideDialog();
  const dialog = document.createElement("dialog");
  dialog.className = "gadgets";
  const title = document.createElement("h2");
  title.textContent = options.title ?? "";
  const text = document.createElement("p");
  text.textContent = options.message ?? options.text ?? "";
  dialog.append(title, text);
  const buttons = options.buttons ?? { OK: () => dialog.remove() };
  for (const [label, onClick] of Object.entries(buttons)) {
    const button = document.createElement("button");
    button.textContent = label;
    button.addEventListener("click", () => onClick());
    dialog.append(button);
  }
  dialog.addEventListener("close", () => {
    dialog.remove();
    options.close?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

export function hideDialog() {
  document.querySelector("dialog.gadgets")?.remove();
}
