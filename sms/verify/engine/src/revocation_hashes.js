/**
 * The three hashes under which a certificate may be revoked, 16 bytes each.
 *
 * Of an ES256 signature only the first half counts: (r, n − s) is a valid signature as well.
 * Source: EU DCC revocation, and ../../../../docs/verifying.md.
 */

import { join, sha256, utf8 } from "./bytes.js";
import { ISSUER } from "./decode.js";
import { ES256 } from "./public_key.js";
import { shown } from "./text.js";

/** @typedef {{ type: "uvci" | "country_uvci" | "signature", hash: Uint8Array }} RevocationHash */

const LENGTH = 16;

/**
 * @param {import("./types.js").Unverified} contents
 * @param {string[]} uvcis
 * @returns {Promise<RevocationHash[]>}
 */
export async function revocationHashes(contents, uvcis) {
  const country = shown(contents.contents.get(ISSUER));
  const hashes = uvcis.flatMap((uvci) => [
    hashed("uvci", utf8(uvci)),
    hashed("country_uvci", join(utf8(country), utf8(uvci))),
  ]);
  return Promise.all([...hashes, hashed("signature", signaturePart(contents))]);
}

/** @param {import("./types.js").Unverified} contents */
function signaturePart({ algorithm, signature }) {
  return algorithm === ES256 ? signature.subarray(0, signature.length >> 1) : signature;
}

/**
 * @param {RevocationHash["type"]} type
 * @param {Uint8Array} data
 */
async function hashed(type, data) {
  return { type, hash: (await sha256(data)).subarray(0, LENGTH) };
}
