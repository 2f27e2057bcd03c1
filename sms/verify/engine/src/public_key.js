/**
 * A certificate's public key, and what WebCrypto says of signatures under it.
 *
 * Elliptic keys sign with ES256 whatever their curve (P-384 does in the wild), RSA keys with
 * PS256. Source: RFC 9053 section 2.1, RFC 8230 section 2, RFC 5480.
 */

import { bitsOf, elements, oid, sequence } from "./der.js";

export const [ES256, PS256] = [-7, -37];

const ELLIPTIC = "1.2.840.10045.2.1";
/** @type {Record<string, { namedCurve: string, size: number }>} */
const CURVES = {
  "1.2.840.10045.3.1.7": { namedCurve: "P-256", size: 32 },
  "1.3.132.0.34": { namedCurve: "P-384", size: 48 },
  "1.3.132.0.35": { namedCurve: "P-521", size: 66 },
};
const RSA = ["1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"]; // any use, PSS only
const PSS = { name: "RSA-PSS", hash: "SHA-256" };

export class PublicKey {
  /** @type {Promise<CryptoKey> | undefined} */
  #imported;

  /**
   * @param {Uint8Array} info SubjectPublicKeyInfo
   * @throws {RangeError} neither elliptic on a known curve nor RSA
   */
  constructor(info) {
    const [algorithm, bits] = elements(sequence(info).content);
    const [type, parameter] = elements(algorithm.content);
    this.bits = bitsOf(bits);
    this.curve = oid(type.content) === ELLIPTIC ? CURVES[oid(parameter.content)] : undefined;
    if (!this.curve && !RSA.includes(oid(type.content))) throw new RangeError("unsupported key");
  }

  /** The COSE algorithm that this key is used with. */
  get algorithm() {
    return this.curve ? ES256 : PS256;
  }

  /**
   * @param {Uint8Array} signature r and s at the length of the curve, or RSA's
   * @param {Uint8Array} data
   * @param {string} hash
   */
  async verifies(signature, data, hash = "SHA-256") {
    if (this.curve && signature.length !== 2 * this.curve.size) return false;
    const how = this.curve ? { name: "ECDSA", hash } : { name: PSS.name, saltLength: 32 };
    try {
      const key = await (this.#imported ??= this.#import());
      return await crypto.subtle.verify(how, key, new Uint8Array(signature), new Uint8Array(data));
    } catch {
      return false; // a point off the curve, an RSA key that the browser finds too weak
    }
  }

  #import() {
    if (this.curve) {
      const how = { name: "ECDSA", namedCurve: this.curve.namedCurve };
      return crypto.subtle.importKey("raw", new Uint8Array(this.bits), how, false, ["verify"]);
    }
    return crypto.subtle.importKey("jwk", this.#jwk(), PSS, false, ["verify"]);
  }

  #jwk() {
    const [modulus, exponent] = elements(sequence(this.bits).content);
    return { kty: "RSA", n: number(modulus.content), e: number(exponent.content) };
  }
}

/** @param {Uint8Array} content a positive DER integer; base64url without leading zeros comes out */
function number(content) {
  const start = content.findIndex((byte) => byte !== 0);
  const text = btoa(String.fromCharCode(...content.subarray(start)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
