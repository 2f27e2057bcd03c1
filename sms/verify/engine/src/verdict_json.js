/** The document that `ketqua verify --json` prints, from the engine's verdict. */

import { rfc3339 } from "./moments.js";

/** @param {import("./types.js").Verdict} verdict */
export function verdictJson(verdict) {
  const { claims } = verdict;
  return filled({
    verdict: verdict.verdict,
    step: verdict.step ?? "",
    reason: verdict.reason,
    claims: claims ? filled(claimsJson(claims)) : "",
    kid: verdict.kid,
    expires_at: rfc3339(verdict.expiresAt),
    rule_valid_until: rfc3339(verdict.ruleValidUntil),
  });
}

/** @param {import("./types.js").Claims} claims */
function claimsJson(claims) {
  return {
    family_name: claims.familyName,
    given_name: claims.givenName,
    family_name_std: claims.familyNameStd,
    given_name_std: claims.givenNameStd,
    birth_date: claims.birthDate,
    initials: claims.initials,
    document_end: claims.documentEnd,
    kind: claims.kind,
    target: claims.target,
    test_type: claims.testType,
    test: claims.test,
    test_name: claims.testName,
    outcome: claims.outcomeText || claims.outcome,
    collected_at: rfc3339(claims.collectedAt),
    centre: claims.centre,
    country: claims.country,
    issuer: claims.issuer,
    uvci: claims.uvci,
    issued_at: rfc3339(claims.issuedAt),
    expires_at: rfc3339(claims.expiresAt),
  };
}

/**
 * Without what is empty, except the reason.
 * @template T
 * @param {Record<string, T>} members
 */
function filled(members) {
  return Object.fromEntries(Object.entries(members).filter(([key, value]) => value || key === "reason"));
}
