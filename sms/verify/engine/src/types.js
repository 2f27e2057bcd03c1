/**
 * The shapes that pass between the engine's files. Only types: nothing of this is bundled.
 *
 * @typedef {"image" | "prefix" | "base45" | "zlib" | "cose" | "cbor" | "claims"} Step
 *
 * @typedef {object} Malformed
 * @property {true} malformed
 * @property {Step} step
 * @property {string} reason
 *
 * @typedef {object} Unverified Contents of a certificate that nobody has vouched for yet.
 * @property {false} malformed
 * @property {boolean} compact
 * @property {Uint8Array} protectedBytes
 * @property {Uint8Array} payload
 * @property {Uint8Array} signature
 * @property {Uint8Array} kid empty when neither header has one
 * @property {number | null} algorithm COSE number
 * @property {import("./fields.js").Fields} contents
 * @property {number | null} issuedSecond seconds since 1970, null when unusable
 * @property {number | null} expiresSecond
 *
 * @typedef {"test" | "vaccination" | "recovery"} Kind
 *
 * @typedef {object} Claims What a verified certificate says about a person.
 * @property {string} familyName
 * @property {string} givenName
 * @property {string} familyNameStd
 * @property {string} givenNameStd
 * @property {string} birthDate possibly partial, or empty
 * @property {string} initials in place of the names; only compact ones have them
 * @property {string} documentEnd last characters of a document; only compact ones have it
 * @property {Kind} kind of the entry shown
 * @property {Set<Kind>} kinds of all entries
 * @property {string} target
 * @property {string} testType `pcr`, `antigen`, `other`, or empty when it is no test
 * @property {string} test key of the issuer's catalogue; only of other tests
 * @property {string} testName as the issuer names it; only of other tests
 * @property {string} outcome `negative`, `positive`, `unknown`, or empty when it is no test
 * @property {string} outcomeText values as reported; only of other tests
 * @property {number | null} collectedAt milliseconds since 1970
 * @property {string} centre
 * @property {string} country
 * @property {string} issuer
 * @property {string} uvci
 * @property {string[]} uvcis of all entries
 * @property {number} issuedAt milliseconds since 1970
 * @property {number} expiresAt
 * @property {Record<string, unknown>} health the whole health certificate
 * @property {Record<string, unknown>} entry the entry that is shown
 *
 * @typedef {object} Verdict
 * @property {string} verdict
 * @property {string} reason
 * @property {Step} [step]
 * @property {Claims} [claims]
 * @property {string} kid hexadecimal
 * @property {number} [expiresAt] milliseconds since 1970
 * @property {number} [ruleValidUntil]
 * @property {{ lang: string, desc: string }[]} [ruleDescriptions] of the rule that isn't met
 * @property {boolean} [mayBeRevoked] the filter hit a certificate that isn't ours
 *
 * @typedef {"good" | "revoked" | "maybe"} Standing
 *
 * @typedef {object} RuleOutcome
 * @property {boolean} passed
 * @property {string} reason
 * @property {number} [validUntil] milliseconds since 1970
 * @property {{ lang: string, desc: string }[]} [descriptions] of the rule that isn't met
 *
 * @typedef {object} DocumentPayload
 * @property {number} version
 * @property {number} iat seconds
 * @property {number} exp seconds
 *
 * @typedef {"trust-list" | "revocations" | "rules"} ListName
 */

export {};
