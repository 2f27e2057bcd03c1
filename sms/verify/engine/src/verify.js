/**
 * Verify a certificate: the checks in their one order, and the verdict of the first to fail.
 *
 * Decode → issuer → signature → claims → key usage → time → revocation → rule, as in
 * core/certificates/verify.py. Time is taken once by the caller and serves every check.
 */

import { toHex } from "./bytes.js";
import { readClaims } from "./claims.js";
import { decode } from "./decode.js";
import { toBeVerified } from "./sig_structure.js";
import { ES256, PS256 } from "./public_key.js";

/** @typedef {import("./types.js").Claims} Claims */
/** @typedef {import("./types.js").Malformed} Malformed */
/** @typedef {import("./types.js").Unverified} Unverified */
/** @typedef {import("./types.js").Verdict} Verdict */
/** @typedef {import("./certificate.js").Certificate} Certificate */

/**
 * @typedef {object} Checks
 * @property {import("./trust.js").TrustStore} trust
 * @property {number} at milliseconds since 1970
 * @property {import("./revocation.js").Revocations} [revocations] without them nothing is revoked
 * @property {(claims: Claims) => import("./types.js").RuleOutcome} [rule]
 */

/**
 * Judge the text of a QR code.
 * @param {string} text
 * @param {Checks} checks
 * @returns {Promise<Verdict>}
 */
export async function verify(text, checks) {
  const contents = decode(text);
  if (contents.malformed) return malformed(contents);
  const signers = await authenticated(contents, checks.trust);
  if (!Array.isArray(signers)) return signers;
  const claims = readClaims(contents);
  const kid = toHex(contents.kid);
  if ("malformed" in claims) return { ...malformed(claims), kid };
  const signed = { verdict: "valid", reason: "", kid, expiresAt: claims.expiresAt };
  return (
    misused(signed, claims, signers) ??
    untimely(signed, claims, checks.at) ??
    (await withdrawnOrRuled(signed, contents, claims, signers, checks))
  );
}

/**
 * @param {Malformed} found
 * @returns {Verdict}
 */
export function malformed({ step, reason }) {
  return { verdict: "malformed", step, reason, kid: "" };
}

/**
 * Find who signed; try every certificate of the kid, because kids may collide.
 * @param {Unverified} contents
 * @param {import("./trust.js").TrustStore} trust
 * @returns {Promise<Certificate[] | Verdict>}
 */
async function authenticated(contents, trust) {
  const kid = toHex(contents.kid);
  const known = trust.find(contents.kid);
  if (!known.length) return { verdict: "unknown_issuer", reason: "unknown_kid", kid };
  const able = known.filter((each) => each.inForce(contents.issuedSecond));
  if (!able.length) return { verdict: "unknown_issuer", reason: "dsc_not_in_force", kid };
  const signers = await signersAmong(able, contents);
  if (signers.length) return signers;
  const supported = contents.algorithm === ES256 || contents.algorithm === PS256;
  const reason = supported ? "signature_mismatch" : "unsupported_algorithm";
  return { verdict: "bad_signature", reason, kid };
}

/**
 * @param {Certificate[]} candidates
 * @param {Unverified} contents
 */
async function signersAmong(candidates, contents) {
  const data = toBeVerified(contents.protectedBytes, contents.payload);
  const fitting = candidates.filter(({ key }) => key.algorithm === contents.algorithm);
  const signed = await Promise.all(fitting.map(({ key }) => key.verifies(contents.signature, data)));
  return fitting.filter((_, place) => signed[place]);
}

/**
 * @param {Verdict} signed
 * @param {Claims} claims
 * @param {Certificate[]} signers
 * @returns {Verdict | undefined}
 */
function misused(signed, claims, signers) {
  if (signers.some((signer) => signer.allows(claims.kinds))) return undefined;
  return { ...signed, verdict: "wrong_key_usage", reason: `not_for_${claims.kind}` };
}

/**
 * The very second of expiry still counts, as it does for other verifiers of the EU's scheme.
 * Without claims: it may be revoked too, and lists forget what has expired.
 * @param {Verdict} signed
 * @param {Claims} claims
 * @param {number} at
 * @returns {Verdict | undefined}
 */
function untimely(signed, claims, at) {
  if (at < claims.issuedAt) return { ...signed, verdict: "not_yet_valid", reason: "issued_later" };
  if (at > claims.expiresAt) return { ...signed, verdict: "expired", reason: "expiry_passed" };
  return undefined;
}

/**
 * @param {Verdict} signed
 * @param {Unverified} contents
 * @param {Claims} claims
 * @param {Certificate[]} signers
 * @param {Checks} checks
 * @returns {Promise<Verdict>}
 */
async function withdrawnOrRuled(signed, contents, claims, signers, { revocations, rule }) {
  const own = signers.some((signer) => signer.own);
  const standing = await revocations?.standing(contents, claims.uvcis, own);
  if (standing === "revoked") {
    return { ...signed, verdict: "revoked", reason: "revoked_by_issuer" };
  }
  const mayBeRevoked = standing === "maybe";
  /** @type {import("./types.js").RuleOutcome} */
  const outcome = rule?.(claims) ?? { passed: true, reason: "" };
  const vouched = { ...signed, claims, mayBeRevoked, ruleValidUntil: outcome.validUntil };
  if (outcome.passed) return vouched;
  const { reason, descriptions: ruleDescriptions } = outcome;
  return { ...vouched, verdict: "rule_not_met", reason, ruleDescriptions };
}
