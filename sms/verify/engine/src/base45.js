/**
 * Base45: bytes as the 45 characters that a QR code packs tightest.
 * Source: RFC 9285.
 */

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
/** @type {Map<string, number>} */
const VALUES = new Map([...ALPHABET].map((character, value) => [character, value]));

/**
 * Read base45.
 * @param {string} text
 * @returns {Uint8Array}
 * @throws {RangeError} a foreign character, an impossible length, or a group beyond its bytes
 */
export function decode(text) {
  const bytes = new Uint8Array(Math.floor(text.length / 3) * 2 + 1);
  let written = 0;
  for (let start = 0; start < text.length; start += 3) {
    const group = text.slice(start, start + 3);
    const number = numberOf(group);
    if (group.length === 3) bytes[written++] = number >> 8;
    bytes[written++] = number & 0xff;
  }
  return bytes.subarray(0, written);
}

/** @param {string} group three characters, or the two of a last single byte */
function numberOf(group) {
  let number = 0;
  for (let place = group.length - 1; place >= 0; place--) {
    const value = VALUES.get(group[place]);
    if (value === undefined) throw new RangeError("a character outside the alphabet");
    number = number * 45 + value;
  }
  if (group.length === 1) throw new RangeError("a single character at the end");
  if (number > (group.length === 3 ? 0xffff : 0xff)) throw new RangeError("a group beyond its bytes");
  return number;
}
