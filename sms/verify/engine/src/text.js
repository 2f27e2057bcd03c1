/** Text as the server sees it: what counts as space, and how long it may be. */

import { LONGEST_FIELD } from "./limits.js";

// What the server's language strips; a byte order mark is none.
const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const LEADING = new RegExp(`^${SPACE}`);
const TRAILING = new RegExp(`${SPACE}$`);

/** @param {string} text */
export function stripStart(text) {
  return text.replace(LEADING, "");
}

/** @param {string} text */
export function strip(text) {
  return stripStart(text).replace(TRAILING, "");
}

/**
 * A text of a certificate, at most as long as is shown; anything else is empty.
 * @param {unknown} value
 */
export function shown(value) {
  return typeof value === "string" ? [...strip(value)].slice(0, LONGEST_FIELD).join("") : "";
}
