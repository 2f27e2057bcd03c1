/**
 * What a verified certificate says about a person.
 *
 * Read leniently: what is unusable is refused, not what a schema dislikes. The same rules as
 * core/certificates/claims.py. The EU's certificates here; ours of other tests and the compact
 * ones are first rewritten in the EU's shape by other_profiles.js.
 * Source: ehn-dcc-schema 1.3.0 and its value sets.
 */

import { EU, HEALTH, ISSUER } from "./decode.js";
import { Fields } from "./fields.js";
import { birthDateOf, momentOf } from "./moments.js";
import { asEuShape } from "./other_profiles.js";
import { plain } from "./plain.js";
import { shown } from "./text.js";

/** @typedef {import("./types.js").Claims} Claims */
/** @typedef {import("./types.js").Kind} Kind */
/** @typedef {import("./types.js").Malformed} Malformed */
/** @typedef {import("./types.js").Unverified} Unverified */
/** @typedef {{ kind: Kind, fields: Fields }} Entry */

/** @type {ReadonlyArray<[Kind, string, string]>} kind, its key, and where its time stands */
const KINDS = [
  ["test", "t", "sc"],
  ["vaccination", "v", "dt"],
  ["recovery", "r", "fr"],
];
/** @type {Record<string, string>} */
const TYPES = { "LP6464-4": "pcr", "LP217198-3": "antigen" };
/** @type {Record<string, string>} */
const OUTCOMES = { 260415000: "negative", 260373001: "positive" };

/**
 * Read the claims of contents whose signature has been verified.
 * @param {Unverified} verified nothing here checks that
 * @returns {Claims | Malformed}
 */
export function readClaims(verified) {
  if (verified.issuedSecond === null || verified.expiresSecond === null) {
    return unusable("unusable_time");
  }
  const other = asEuShape(verified);
  const health = other?.health ?? mapAt(mapAt(verified.contents, HEALTH), EU);
  const names = mapAt(health, "nam");
  const named = ["fn", "gn", "fnt", "gnt"].some((key) => shown(names.get(key)));
  if (!named && !other?.more.documentEnd) return unusable("no_name");
  const entries = entriesOf(health);
  if (!entries.length) return unusable("no_entry");
  return { ...claimsOf(verified, health, names, entries), ...other?.more };
}

/**
 * @param {Unverified} verified
 * @param {Fields} health
 * @param {Fields} names
 * @param {Entry[]} entries
 * @returns {Claims}
 */
function claimsOf(verified, health, names, entries) {
  const { kind, fields } = latest(entries);
  const text = (/** @type {string} */ key) => shown(fields.get(key));
  const name = (/** @type {string} */ key) => shown(names.get(key));
  const isTest = kind === "test";
  return {
    familyName: name("fn"),
    givenName: name("gn"),
    familyNameStd: name("fnt"),
    givenNameStd: name("gnt"),
    birthDate: birthDateOf(health.get("dob")),
    initials: "",
    documentEnd: "",
    kind,
    kinds: new Set(entries.map((each) => each.kind)),
    target: text("tg"),
    testType: isTest ? (TYPES[text("tt")] ?? "other") : "",
    test: "",
    testName: "",
    outcome: isTest ? (OUTCOMES[text("tr")] ?? "unknown") : "",
    outcomeText: "",
    collectedAt: eventOf({ kind, fields }),
    centre: text("tc"),
    country: text("co") || shown(verified.contents.get(ISSUER)),
    issuer: text("is"),
    uvci: text("ci"),
    uvcis: entries.map((each) => shown(each.fields.get("ci"))).filter(Boolean),
    issuedAt: Number(verified.issuedSecond) * 1000,
    expiresAt: Number(verified.expiresSecond) * 1000,
    health: /** @type {Record<string, unknown>} */ (plain(health)),
    entry: /** @type {Record<string, unknown>} */ (plain(fields)),
  };
}

/**
 * @param {Fields} health
 * @returns {Entry[]}
 */
function entriesOf(health) {
  return KINDS.flatMap(([kind, key]) => {
    const listed = health.get(key);
    const entries = Array.isArray(listed) ? listed : [];
    return entries.filter((each) => each instanceof Fields).map((fields) => ({ kind, fields }));
  });
}

/**
 * The latest entry of the first kind; one without a time counts as the oldest.
 * @param {Entry[]} entries
 */
function latest(entries) {
  const sameKind = entries.filter((entry) => entry.kind === entries[0].kind);
  const time = (/** @type {Entry} */ entry) => eventOf(entry) ?? -Infinity;
  return sameKind.reduce((best, entry) => (time(entry) > time(best) ? entry : best));
}

/**
 * @param {Entry} entry
 * @returns {number | null}
 */
function eventOf({ kind, fields }) {
  const [, , key] = KINDS.find(([each]) => each === kind) ?? KINDS[0];
  return momentOf(fields.get(key));
}

/**
 * @param {Fields} fields
 * @param {unknown} key
 */
function mapAt(fields, key) {
  const value = fields.get(key);
  return value instanceof Fields ? value : new Fields();
}

/**
 * @param {string} reason
 * @returns {Malformed}
 */
function unusable(reason) {
  return { malformed: true, step: "claims", reason };
}
