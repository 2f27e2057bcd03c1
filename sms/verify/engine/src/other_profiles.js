/**
 * Our certificates that are not the EU's, rewritten in the EU's shape so that one reader and
 * one set of rules serve all.
 *
 * Claim −260 → −1 holds tests of other agents; claim −261 the compact profile for small
 * screens, which has initials instead of a name.
 * Beside the EU's entry ours is not read. Source: docs/verifying.md.
 */

import { COMPACT_HEALTH, EU, HEALTH, ISSUER, OTHER_TESTS } from "./decode.js";
import { Fields } from "./fields.js";
import { rfc3339 } from "./moments.js";
import { shown } from "./text.js";
import { uvciOf } from "./uvci.js";

/** @typedef {import("./types.js").Claims} Claims */
/** @typedef {import("./types.js").Unverified} Unverified */
/** @typedef {{ health: Fields, more: Partial<Claims> }} Rewritten */

const [NEGATIVE, POSITIVE] = ["260415000", "260373001"];
const SARS_COV_2 = "840539006";
/** @type {Record<number, string>} */
const COMPACT_TYPES = { 1: "LP6464-4", 2: "LP217198-3" };
/** @type {Record<string, string>} */
const OUTCOMES = { negative: NEGATIVE, positive: POSITIVE };

/**
 * @param {Unverified} verified
 * @returns {Rewritten | null} null for the EU's own
 */
export function asEuShape({ compact, contents }) {
  const small = contents.get(COMPACT_HEALTH);
  if (compact) return compactTest(small instanceof Fields ? small : new Fields(), contents);
  const health = contents.get(HEALTH);
  const own = health instanceof Fields && !health.has(EU);
  const other = own ? health.get(OTHER_TESTS) : undefined;
  return other instanceof Fields ? otherTest(other, contents) : null;
}

/**
 * @param {Fields} other
 * @param {Fields} contents
 * @returns {Rewritten}
 */
function otherTest(other, contents) {
  const [fn, gn] = pair(other.get(1));
  const [fnt, gnt] = pair(other.get(2));
  const reported = shown(other.get(6));
  const entry = {
    tg: shown(other.get(11)),
    tt: "",
    tr: OUTCOMES[reported] ?? "",
    sc: timeOf(other.get(7)),
    tc: other.get(8),
    co: contents.get(ISSUER),
    is: other.get(9),
    ci: other.get(10),
  };
  const health = fields({ nam: fields({ fn, gn, fnt, gnt }), dob: other.get(3), t: [fields(entry)] });
  const outcomeText = reported in OUTCOMES ? "" : reported;
  const more = { test: shown(other.get(4)), testName: shown(other.get(5)), outcomeText };
  return { health, more };
}

/**
 * @param {Fields} small
 * @param {Fields} contents
 * @returns {Rewritten}
 */
function compactTest(small, contents) {
  const [year, test, outcome, serial] = [2, 4, 5, 8].map((key) => small.get(key));
  const isSarsCov2 = typeof test === "number" && test in COMPACT_TYPES;
  const entry = {
    tg: isSarsCov2 ? SARS_COV_2 : "",
    tt: isSarsCov2 ? COMPACT_TYPES[test] : "",
    tr: outcome === 0 ? NEGATIVE : outcome === 1 ? POSITIVE : "",
    sc: timeOf(small.get(6)),
    tc: small.get(7),
    co: contents.get(ISSUER),
    ci: serial instanceof Uint8Array ? uvciOf(serial) : "",
  };
  const dob = typeof year === "number" && year > 0 ? String(year) : "";
  const health = fields({ nam: fields({ fn: small.get(1) }), dob, t: [fields(entry)] });
  const initials = shown(small.get(1));
  const documentEnd = shown(small.get(3));
  return { health, more: { familyName: "", initials, documentEnd, test: shown(test) } };
}

/** @param {Record<string, unknown>} values */
function fields(values) {
  const made = new Fields();
  for (const [key, value] of Object.entries(values)) made.set(key, value);
  return made;
}

/** @param {unknown} value */
function pair(value) {
  return Array.isArray(value) ? value : [];
}

/** @param {unknown} second */
function timeOf(second) {
  return typeof second === "number" && second >= 0 ? rfc3339(second * 1000) : "";
}
