/**
 * Certificates that are trusted to have signed, found by their kid.
 * A kid is 8 bytes of a hash: two certificates may share one, so every one is tried.
 */

import { fromBase64, toHex } from "./bytes.js";
import { Certificate } from "./certificate.js";

export class TrustStore {
  /** @type {Map<string, Certificate[]>} */
  #byKid = new Map();

  /** @param {Certificate[]} certificates */
  constructor(certificates) {
    for (const certificate of certificates) {
      const kid = toHex(certificate.kid);
      this.#byKid.set(kid, [...(this.#byKid.get(kid) ?? []), certificate]);
    }
  }

  /**
   * The certificates of a trust list; one that can't be read is left out, as if unknown.
   * @param {unknown} listed
   */
  static async fromList(listed) {
    const entries = Array.isArray(listed) ? listed : [];
    const read = await Promise.all(entries.map(readEntry));
    return new TrustStore(read.filter((each) => each !== null));
  }

  /** @param {Uint8Array} kid */
  find(kid) {
    return this.#byKid.get(toHex(kid)) ?? [];
  }
}

/** @param {{ der?: unknown, own?: unknown }} entry */
async function readEntry(entry) {
  try {
    return await Certificate.read(fromBase64(String(entry.der)), { own: entry.own === true });
  } catch {
    return null;
  }
}
