/**
 * A place's rules: CertLogic, as in the EU's scheme.
 *
 * Every rule that applies must be met; the first that isn't gives the reason. A rule that fails
 * to evaluate is not met. Source: EU DCC business rules; docs/verifying.md, "Rules".
 */

import { evaluate } from "certlogic-js/dist/evaluator.js";

import { parse, rfc3339 } from "./moments.js";

/** @typedef {import("./types.js").Claims} Claims */
/** @typedef {import("./types.js").RuleOutcome} RuleOutcome */

/**
 * @typedef {object} Rule
 * @property {string} Identifier
 * @property {string} CertificateType
 * @property {string} ValidFrom
 * @property {string} ValidTo
 * @property {unknown} Logic
 * @property {string} [reason] the word that verifiers of this product show
 * @property {{ lang: string, desc: string }[]} [Description]
 *
 * @typedef {object} RuleSet
 * @property {string} place
 * @property {string} purpose
 * @property {Record<string, string>} names
 * @property {string} version
 * @property {string} valid_from
 * @property {string} valid_to
 * @property {{ test_type: string, hours: number }[] | null} accept_for
 * @property {Rule[]} rules
 */

export const DEFAULT_PLACE = "DEFAULT";
const HOUR = 3_600_000;
const KEYS = { test: "t", vaccination: "v", recovery: "r" };
const TYPES = { test: "Test", vaccination: "Vaccination", recovery: "Recovery" };

/**
 * The rule sets in force, the default one first; one a place and purpose.
 * @param {Record<string, any>} published
 * @param {number} at milliseconds since 1970
 * @returns {RuleSet[]}
 */
export function inForce(published, at) {
  const listed = /** @type {RuleSet[]} */ (
    Array.isArray(published.rule_sets) ? published.rule_sets : []
  );
  const now = listed.filter((set) => contains(set.valid_from, set.valid_to, at));
  const newest = new Map(now.sort(byVersion).map((set) => [`${set.place} ${set.purpose}`, set]));
  const isDefault = (/** @type {RuleSet} */ set) => Number(set.place === DEFAULT_PLACE);
  return [...newest.values()].sort((left, right) => isDefault(right) - isDefault(left));
}

/**
 * @param {RuleSet} set
 * @param {unknown} valueSets
 * @param {Claims} claims
 * @param {number} at
 * @returns {RuleOutcome}
 */
export function judge(set, valueSets, claims, at) {
  const data = { payload: payloadOf(claims), external: external(valueSets, claims, at) };
  const asked = set.rules.filter((rule) => applies(rule, claims, at));
  if (!asked.length) return { passed: false, reason: "no_rule_applies" };
  const broken = asked.find((rule) => !met(rule, data));
  if (!broken) return { passed: true, reason: "", validUntil: untilOf(set, claims) };
  const reason = broken.reason ?? `rule:${broken.Identifier}`;
  const validUntil = reason === "too_old" ? untilOf(set, claims) : undefined;
  return { passed: false, reason, validUntil, descriptions: broken.Description };
}

/**
 * Whether it evaluates to what CertLogic calls truthy; what is neither true nor false throws.
 * @param {Rule} rule
 * @param {unknown} data
 */
function met(rule, data) {
  try {
    return evaluate(/** @type {never} */ ({ if: [rule.Logic, true, false] }), data) === true;
  } catch {
    return false;
  }
}

/**
 * @param {Rule} rule
 * @param {Claims} claims
 * @param {number} at
 */
function applies({ CertificateType, ValidFrom, ValidTo }, claims, at) {
  const fits = CertificateType === "General" || CertificateType === TYPES[claims.kind];
  return fits && contains(ValidFrom, ValidTo, at);
}

/**
 * The certificate with the one entry that is shown, its time in a form that every engine reads.
 * @param {Claims} claims
 */
function payloadOf({ kind, health, entry, collectedAt }) {
  const sc = collectedAt === null ? null : rfc3339(collectedAt);
  const shown = kind === "test" ? { ...entry, sc } : entry;
  const { ver = null, nam = null, dob = null } = health;
  return { ver, nam, dob, [KEYS[kind]]: [shown] };
}

/**
 * @param {unknown} valueSets
 * @param {Claims} claims
 * @param {number} at
 */
function external(valueSets, claims, at) {
  return {
    validationClock: rfc3339(at),
    valueSets: valueSets ?? {},
    countryCode: "VN",
    issuerCountryCode: claims.country,
    iat: rfc3339(claims.issuedAt),
    exp: rfc3339(claims.expiresAt),
  };
}

/**
 * Until when a pass holds, where the set says so.
 * @param {RuleSet} set
 * @param {Claims} claims
 */
function untilOf(set, { entry, collectedAt }) {
  const accepted = set.accept_for?.find((each) => each.test_type === entry.tt);
  return accepted && collectedAt !== null ? collectedAt + accepted.hours * HOUR : undefined;
}

/**
 * @param {string} from
 * @param {string} to
 * @param {number} at
 */
function contains(from, to, at) {
  return (parse(from) ?? Infinity) <= at && at < (parse(to) ?? -Infinity);
}

/**
 * @param {RuleSet} left
 * @param {RuleSet} right
 */
function byVersion(left, right) {
  return left.version.localeCompare(right.version, "en", { numeric: true });
}
