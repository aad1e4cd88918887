// A field for a date and a time.

import { h, uniqueId } from "../shared/dom.js";

/** A year of more digits would take those of the hour. */
const LAST = "9999-12-31T23:59";

/** Return the field. */
export const dateField = () =>
  h("input", { id: uniqueId("when"), type: "datetime-local", max: LAST });

/** Whether a field has a part of a date, or one that does not exist. @param {HTMLInputElement} field */
export const isIncomplete = ({ validity: { badInput, rangeOverflow } }) =>
  badInput || rangeOverflow;
