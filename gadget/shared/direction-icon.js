// The arrow before a call: it came in, or went out.

import { h } from "./dom.js";
import { t } from "./texts.js";

/** @param {string} direction in or out */
export function directionIcon(direction) {
  const isOut = direction === "out";
  const label = isOut ? t("direction.out") : t("direction.in");
  return h("span", { role: "img", "aria-label": label, class: isOut ? "icon out" : "icon in" });
}
