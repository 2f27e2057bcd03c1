/**
 * A certificate that may have signed: whose, for what, and when.
 *
 * An absent or empty extended key usage, or one without any usage of health certificates,
 * allows all. Source: hcert-spec 1.3.0 section 3.3.2; EU DCC gateway governance (key usage).
 */

import { same, sha256 } from "./bytes.js";
import { elements, openCertificate, sequence } from "./der.js";
import { PublicKey } from "./public_key.js";

/** @typedef {import("./types.js").Kind} Kind */

const KID_LENGTH = 8;
const ROOTS = ["1.3.6.1.4.1.1847.2021.1.", "1.3.6.1.4.1.0.1847.2021.1."];
/** @type {[string, Kind][]} */
const ARCS = [["1", "test"], ["2", "vaccination"], ["3", "recovery"]];
/** @type {Map<string, Kind>} */
const USAGES = new Map(ROOTS.flatMap((root) => ARCS.map(([arc, kind]) => [root + arc, kind])));
const LIST_SIGNER = "2.25.286098190206563398434837120553512283901";
/** @type {Record<string, string>} how an elliptic key signed a certificate */
const ECDSA_HASHES = {
  "1.2.840.10045.4.3.2": "SHA-256",
  "1.2.840.10045.4.3.3": "SHA-384",
  "1.2.840.10045.4.3.4": "SHA-512",
};

export class Certificate {
  /**
   * @param {Uint8Array} der
   * @param {Uint8Array} kid
   * @param {object} options
   * @param {boolean} [options.given] handed over for one check: its validity isn't asked for
   * @param {boolean} [options.own] of this installation, by its own list
   */
  constructor(der, kid, { given = false, own = false } = {}) {
    this.der = der;
    this.kid = kid;
    this.given = given;
    this.own = own;
    this.opened = openCertificate(der);
    this.key = new PublicKey(this.opened.publicKey);
    const usages = [...this.opened.extendedKeyUsage].map((each) => USAGES.get(each));
    this.kinds = new Set(usages.filter((kind) => kind !== undefined));
  }

  /**
   * @param {Uint8Array} der
   * @param {{ given?: boolean, own?: boolean }} [options]
   * @throws {RangeError} no certificate, or an unsupported key
   */
  static async read(der, options) {
    return new Certificate(der, (await sha256(der)).subarray(0, KID_LENGTH), options);
  }

  /** @param {number | null} second an unusable time is not its fault */
  inForce(second) {
    if (this.given || second === null) return true;
    return this.opened.notBefore <= second && second <= this.opened.notAfter;
  }

  /**
   * Whoever signs lists signs no certificate.
   * @param {Set<Kind>} kinds
   */
  allows(kinds) {
    if (this.opened.extendedKeyUsage.has(LIST_SIGNER)) return false;
    return !this.kinds.size || [...kinds].every((kind) => this.kinds.has(kind));
  }

  /** Whether its only use is to sign the product's lists. */
  get signsLists() {
    const usages = this.opened.extendedKeyUsage;
    return usages.size === 1 && usages.has(LIST_SIGNER);
  }

  /**
   * Whether `certifier` signed this certificate with an elliptic key.
   * @param {Certificate} certifier
   */
  async certifiedBy(certifier) {
    const { body, signature, signatureAlgorithm, issuerName } = this.opened;
    const [hash, curve] = [ECDSA_HASHES[signatureAlgorithm], certifier.key.curve];
    if (!hash || !curve || !same(issuerName, certifier.opened.subjectName)) return false;
    return certifier.key.verifies(fixedLength(signature, curve.size), body, hash);
  }
}

/**
 * r and s of a DER signature, each as long as the curve.
 * @param {Uint8Array} signature
 * @param {number} size
 */
function fixedLength(signature, size) {
  const fixed = new Uint8Array(2 * size);
  for (const [place, part] of elements(sequence(signature).content).entries()) {
    const digits = part.content.subarray(Math.max(0, part.content.length - size));
    fixed.set(digits, (place + 1) * size - digits.length);
  }
  return fixed;
}
