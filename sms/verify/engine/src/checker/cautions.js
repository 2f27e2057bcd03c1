/**
 * What keeps a verdict from being certain, and so from being green.
 *
 * The verdict words are the server's; a device that is offline knows less than the server, and
 * says so: lists that are missing or out of date, a clock that can't be right.
 */

/** @typedef {import("../types.js").Verdict} Verdict */
/** @typedef {import("./lists.js").ListState} ListState */

/** Milliseconds by which two clocks may differ. */
export const TOLERANCE = 5 * 60_000;

/**
 * @typedef {object} Certainty
 * @property {string[]} cautions code words; any of them makes `valid` amber
 * @property {string[]} warnings code words that are shown and change nothing
 */

/**
 * @param {Verdict} verdict
 * @param {ListState[]} states
 * @param {boolean} hasRule whether a rule set could be applied
 * @param {number | null} clockOffset
 * @returns {Certainty}
 */
export function certainty(verdict, states, hasRule, clockOffset) {
  const [trust, revocations, rules] = states;
  const cautions = [
    trust.issuedAt === null && "no_trust_list",
    revocations.issuedAt === null && "no_revocations",
    (rules.issuedAt === null || !hasRule) && "no_rules",
    states.some((state) => state.outOfDate) && "lists_out_of_date",
    states.some((state) => state.fromTheFuture) && "clock_behind_lists",
    verdict.mayBeRevoked && "may_be_revoked",
  ];
  const warnings = [clockOffset !== null && Math.abs(clockOffset) > TOLERANCE && "clock_differs"];
  return { cautions: words(cautions), warnings: words(warnings) };
}

/**
 * Whether the screen says "cannot be confirmed" instead of the verdict's word.
 *
 * A no that no newer list can change stays a no: unreadable, forged, expired, revoked, against
 * the rule. Without a trust list, or with an old one, an unknown issuer may be a new one.
 * @param {Verdict} verdict
 * @param {string[]} cautions
 */
export function unconfirmed({ verdict }, cautions) {
  const aboutTrust = ["no_trust_list", "lists_out_of_date", "clock_behind_lists"];
  if (verdict === "valid") return cautions.length > 0;
  if (verdict === "unknown_issuer") return cautions.some((each) => aboutTrust.includes(each));
  return false;
}

/** @param {(string | false | undefined)[]} found */
function words(found) {
  return /** @type {string[]} */ (found.filter(Boolean));
}
