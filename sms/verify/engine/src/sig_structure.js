/**
 * The bytes that a certificate's signature covers: ["Signature1", protected, h'', payload].
 * Source: RFC 9052 section 4.4.
 */

import { join, utf8 } from "./bytes.js";

const ARRAY_OF_FOUR = 0x84;
const TEXT_OF_TEN = 0x6a;
const NO_BYTES = 0x40;

/**
 * @param {Uint8Array} protectedBytes
 * @param {Uint8Array} payload
 */
export function toBeVerified(protectedBytes, payload) {
  const start = join(Uint8Array.of(ARRAY_OF_FOUR, TEXT_OF_TEN), utf8("Signature1"));
  return join(start, byteString(protectedBytes), Uint8Array.of(NO_BYTES), byteString(payload));
}

/** @param {Uint8Array} content shorter than 64 KiB */
function byteString(content) {
  const length = content.length;
  if (length < 24) return join(Uint8Array.of(0x40 | length), content);
  if (length < 256) return join(Uint8Array.of(0x58, length), content);
  return join(Uint8Array.of(0x59, length >> 8, length & 0xff), content);
}
