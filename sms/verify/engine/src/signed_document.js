/**
 * A published list: a compact JWS, read only under a pinned anchor.
 *
 * Refused are an unknown signer, one that may not sign lists or could not at that time, another
 * type or algorithm, a bad signature, and a time of issue in the future. Whether it is out of
 * date is told and not decided here: an old list still says something, though never green.
 * Source: RFC 7515; docs/verifying.md, "Signed documents".
 */

import { fromBase64, same, utf8 } from "./bytes.js";
import { Certificate } from "./certificate.js";
import { MAX_DOCUMENT } from "./limits.js";

/** @typedef {import("./types.js").DocumentPayload} DocumentPayload */
/** @typedef {import("./types.js").ListName} ListName */

export const LEEWAY = 5 * 60;
const SIGNATURE_LENGTH = 64;
const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Why a list is refused; `message` is the code word. */
export class Refused extends Error {}

/**
 * @param {string} token
 * @param {ListName} name
 * @param {Certificate} anchor
 * @param {number} now seconds since 1970
 * @returns {Promise<DocumentPayload & Record<string, any>>}
 * @throws {Refused}
 */
export async function openDocument(token, name, anchor, now) {
  const [head, body, tail, ...more] = token.length <= MAX_DOCUMENT ? token.trim().split(".") : [];
  const header = json(head);
  need(body !== undefined && tail !== undefined && !more.length, "malformed");
  need(header.alg === "ES256" && !("crit" in header), "wrong_algorithm");
  need(header.typ === `ketqua-${name}`, "wrong_type");
  const signer = await signerOf(header, anchor);
  const signature = bytes(tail);
  need(signer.key.curve?.namedCurve === "P-256", "wrong_algorithm");
  need(signature.length === SIGNATURE_LENGTH, "bad_signature");
  need(await signer.key.verifies(signature, utf8(`${head}.${body}`)), "bad_signature");
  return timely(json(body), signer, now);
}

/**
 * @param {Record<string, unknown>} payload
 * @param {Certificate} signer
 * @param {number} now
 */
function timely(payload, signer, now) {
  const numbers = [payload.version, payload.iat, payload.exp].every(Number.isSafeInteger);
  need(numbers && Number(payload.version) >= 0, "malformed");
  const document = /** @type {DocumentPayload & Record<string, any>} */ (payload);
  need(signer.inForce(document.iat), "signer_not_in_force");
  need(document.iat <= now + LEEWAY, "issued_in_the_future");
  return document;
}

/**
 * The list signer: the anchor itself, or certified by it; and entitled to sign lists.
 * @param {Record<string, unknown>} header
 * @param {Certificate} anchor
 */
async function signerOf(header, anchor) {
  const [first] = Array.isArray(header.x5c) ? header.x5c : [];
  const signer = await readSigner(first);
  const known = same(signer.der, anchor.der) || (await certified(signer, anchor));
  need(known, "unknown_signer");
  need(signer.signsLists, "wrong_usage");
  return signer;
}

/** @param {unknown} der base64 */
async function readSigner(der) {
  try {
    return await Certificate.read(fromBase64(String(der)));
  } catch {
    throw new Refused("unknown_signer");
  }
}

/**
 * @param {Certificate} signer
 * @param {Certificate} anchor
 */
async function certified(signer, anchor) {
  try {
    return await signer.certifiedBy(anchor);
  } catch {
    return false;
  }
}

/**
 * @param {string | undefined} part
 * @returns {Record<string, unknown>}
 */
function json(part) {
  try {
    const value = JSON.parse(UTF8.decode(bytes(part)));
    if (typeof value === "object" && value && !Array.isArray(value)) return value;
  } catch {
    // said below
  }
  throw new Refused("malformed");
}

/** @param {string | undefined} part */
function bytes(part) {
  try {
    return fromBase64(part ?? "");
  } catch {
    throw new Refused("malformed");
  }
}

/**
 * @param {unknown} condition
 * @param {string} code
 * @returns {asserts condition}
 */
function need(condition, code) {
  if (!condition) throw new Refused(code);
}
