/**
 * What the published list of revocations says of a certificate.
 *
 * The filter is exact for certificates of ours that were there when it was made. A hit on a
 * younger one, or on somebody else's, may be chance: the batches tell, if they can be had;
 * without them the answer is `maybe`.
 */

import { fromBase64, same, toHex } from "./bytes.js";
import { Filter } from "./filter.js";
import { revocationHashes } from "./revocation_hashes.js";

/** @typedef {import("./types.js").Standing} Standing */
/** @typedef {import("./revocation_hashes.js").RevocationHash} RevocationHash */
/** @typedef {{ id: string, kid: string | null, type: string }} Batch */
/** @typedef {(id: string) => Promise<Uint8Array | null>} FetchBatch null when it can't be had */

const HASH_LENGTH = 16;
const MOST_BATCHES = 20; // more would keep an officer waiting

export class Revocations {
  /**
   * @param {Record<string, any>} published
   * @param {FetchBatch} fetchBatch
   * @throws {RangeError} the filter can't be read
   */
  constructor(published, fetchBatch) {
    const kids = Array.isArray(published.kids) ? published.kids : [];
    this.kids = new Set(kids.map((kid) => toHex(fromBase64(kid))));
    this.filter = Filter.read(published.filter);
    this.batches = /** @type {Batch[]} */ (Array.isArray(published.batches) ? published.batches : []);
    this.fetchBatch = fetchBatch;
    this.madeAt = Number(published.iat);
  }

  /**
   * @param {import("./types.js").Unverified} contents
   * @param {string[]} uvcis of all its entries
   * @param {boolean} own whether a signer of ours signed it
   * @returns {Promise<Standing>}
   */
  async standing(contents, uvcis, own) {
    const kid = toHex(contents.kid);
    if (this.kids.has(kid)) return "revoked";
    const hashes = await revocationHashes(contents, uvcis);
    const hit = await Promise.all(hashes.map(({ hash }) => this.filter.holds(hash)));
    if (!hit.includes(true)) return "good";
    const wasThere = Number(contents.issuedSecond) <= this.madeAt;
    if (own && wasThere) return "revoked";
    return this.#exactly(kid, hashes.filter((_, place) => hit[place]));
  }

  /**
   * @param {string} kid
   * @param {RevocationHash[]} hashes
   * @returns {Promise<Standing>}
   */
  async #exactly(kid, hashes) {
    const wanted = this.batches.filter(
      (batch) => concerns(batch, kid) && hashes.some(({ type }) => type === batch.type),
    );
    if (!wanted.length || wanted.length > MOST_BATCHES) return "maybe";
    const found = await Promise.all(wanted.map(({ id }) => this.fetchBatch(id)));
    const listed = found.some((data, place) =>
      hashes.some(({ type, hash }) => data && type === wanted[place].type && contains(data, hash)),
    );
    if (listed) return "revoked";
    return found.includes(null) ? "maybe" : "good";
  }
}

/**
 * @param {Batch} batch
 * @param {string} kid
 */
function concerns(batch, kid) {
  return batch.kid === null || toHex(fromBase64(batch.kid)) === kid;
}

/**
 * @param {Uint8Array} data hashes one after another
 * @param {Uint8Array} hash
 */
function contains(data, hash) {
  for (let place = 0; place + HASH_LENGTH <= data.length; place += HASH_LENGTH) {
    if (same(data.subarray(place, place + HASH_LENGTH), hash)) return true;
  }
  return false;
}
