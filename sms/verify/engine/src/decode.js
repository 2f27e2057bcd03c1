/**
 * From the text of a QR code to unverified contents, in named steps.
 *
 * prefix → base45 → zlib → cose → cbor, for `HC1:`; without zlib for the compact `KQ1:`. Each
 * step is bounded and ends in a value: the contents, or the step that failed. Nothing here is
 * verified. Same steps, reasons and accepted deviations as core/certificates/decode.py.
 * Source: hcert-spec 1.3.0 section 4; RFC 9052 sections 3 and 4.2; RFC 8392.
 */

import * as base45 from "./base45.js";
import * as cbor from "./cbor.js";
import { Fields } from "./fields.js";
import { inflate } from "./inflate.js";
import { LATEST_SECOND, MAX_BYTES, MAX_TEXT } from "./limits.js";
import { stripStart } from "./text.js";

/** @typedef {import("./types.js").Unverified} Unverified */
/** @typedef {import("./types.js").Malformed} Malformed */
/** @typedef {import("./types.js").Step} Step */

export const FULL = "HC1:";
export const COMPACT = "KQ1:";
export const [ISSUER, EXPIRES, ISSUED, HEALTH, COMPACT_HEALTH] = [1, 4, 6, -260, -261];
/** Under claim −260: the EU's health certificate, and that of our other tests. */
export const [EU, OTHER_TESTS] = [1, -1];

const [ALGORITHM, CRITICAL, KID] = [1, 2, 4];
const ENVELOPE_TAGS = new Set([18, 61, 55799]); // COSE_Sign1, CWT, self-described CBOR
const EPOCH_TAG = new Set([1]);

class Broken extends Error {
  /**
   * @param {Step} step
   * @param {string} reason
   */
  constructor(step, reason) {
    super(reason);
    this.step = step;
  }
}

/**
 * Read the text of a QR code.
 * @param {string} text as scanned or pasted; line breaks in it are ignored
 * @returns {Unverified | Malformed}
 */
export function decode(text) {
  try {
    const { prefix, rest } = cut(text);
    const packed = bytesOf(rest);
    return unwrapped(prefix === FULL ? inflated(packed) : packed, prefix);
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    return { malformed: true, step: error.step, reason: error.message };
  }
}

/** @param {string} text */
function cut(text) {
  if (text.length > MAX_TEXT && [...text].length > MAX_TEXT) throw new Broken("prefix", "too_long");
  const joined = stripStart(text.replace(/[\r\n\t]/g, ""));
  const prefix = [FULL, COMPACT].find((each) => joined.startsWith(each));
  if (!prefix) throw new Broken("prefix", "not_a_certificate");
  return { prefix, rest: joined.slice(prefix.length) };
}

/** @param {string} encoded */
function bytesOf(encoded) {
  try {
    return base45.decode(encoded);
  } catch {
    throw new Broken("base45", "unreadable");
  }
}

/** @param {Uint8Array} data */
function inflated(data) {
  const found = inflate(data, MAX_BYTES);
  if (typeof found === "string") throw new Broken("zlib", found);
  return found;
}

/**
 * Open the COSE_Sign1 message and the CWT in it.
 * @param {Uint8Array} cose
 * @param {string} prefix
 * @returns {Unverified}
 */
function unwrapped(cose, prefix) {
  const [protectedBytes, unprotected, payload, signature] = parts(cose);
  const headers = headersOf(protectedBytes);
  const contents = contentsOf(payload);
  const algorithm = header(headers, unprotected, ALGORITHM);
  const kid = header(headers, unprotected, KID);
  return {
    malformed: false,
    compact: prefix === COMPACT,
    protectedBytes,
    payload,
    signature,
    kid: kid instanceof Uint8Array ? kid : new Uint8Array(0),
    algorithm: typeof algorithm === "number" ? algorithm : null,
    contents,
    issuedSecond: secondOf(contents.get(ISSUED)),
    expiresSecond: secondOf(contents.get(EXPIRES)),
  };
}

/**
 * @param {Uint8Array} cose
 * @returns {[Uint8Array, Fields, Uint8Array, Uint8Array]}
 */
function parts(cose) {
  const message = cbor.untagged(read("cose", cose), ENVELOPE_TAGS);
  if (Array.isArray(message) && message.length === 4) {
    const [head, unprotected, payload, signature] = message;
    const bytes = [head, payload, signature].every((each) => each instanceof Uint8Array);
    if (bytes && unprotected instanceof Fields) return [head, unprotected, payload, signature];
  }
  throw new Broken("cose", "not_a_signed_message");
}

/** @param {Uint8Array} protectedBytes */
function headersOf(protectedBytes) {
  const headers = protectedBytes.length ? read("cose", protectedBytes) : new Fields();
  if (!(headers instanceof Fields)) throw new Broken("cose", "not_a_signed_message");
  // It names headers that must be understood, and we know none.
  if (headers.has(CRITICAL)) throw new Broken("cose", "critical_header");
  return headers;
}

/**
 * @param {Fields} headers
 * @param {Fields} unprotected
 * @param {number} label
 */
function header(headers, unprotected, label) {
  return headers.has(label) ? headers.get(label) : unprotected.get(label);
}

/**
 * The CWT's claims; those of the health certificate must at least be maps.
 * @param {Uint8Array} payload
 */
function contentsOf(payload) {
  const contents = read("cbor", payload);
  if (!(contents instanceof Fields)) throw new Broken("cbor", "not_a_map");
  requireMap(contents, COMPACT_HEALTH);
  const health = requireMap(contents, HEALTH);
  requireMap(health, EU);
  requireMap(health, OTHER_TESTS);
  return contents;
}

/**
 * @param {Fields} fields
 * @param {number} key
 * @returns {Fields} empty where there is none
 */
function requireMap(fields, key) {
  const value = fields.has(key) ? fields.get(key) : new Fields();
  if (!(value instanceof Fields)) throw new Broken("cbor", "not_a_map");
  return value;
}

/**
 * @param {Step} step
 * @param {Uint8Array} data
 */
function read(step, data) {
  try {
    return cbor.read(data);
  } catch (error) {
    throw new Broken(step, error instanceof RangeError ? error.message : "unreadable");
  }
}

/**
 * A NumericDate that a clock can hold, or null. NaN fails every comparison.
 * @param {unknown} value
 */
function secondOf(value) {
  const number = cbor.untagged(value, EPOCH_TAG);
  const usable = typeof number === "number" && number >= 0 && number <= LATEST_SECOND;
  return usable ? number : null;
}
