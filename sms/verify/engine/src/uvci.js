/**
 * The identifier of a full certificate, from the serial of its compact one.
 * Source: docs/verifying.md; eHealth Network, Annex 2; Luhn mod N over `A-Z0-9/:`.
 */

const PREFIX = "URN:UVCI:01:VN:";
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/:";

/** @param {Uint8Array} serial the random bytes */
export function uvciOf(serial) {
  const body = PREFIX + base32(serial);
  return `${body}#${checkCharacter(body)}`;
}

/** @param {Uint8Array} bytes */
function base32(bytes) {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => BASE32[parseInt(group.padEnd(5, "0"), 2)]).join("");
}

/** @param {string} body */
function checkCharacter(body) {
  const size = ALPHABET.length;
  const total = [...body].reverse().reduce((sum, character, place) => {
    const value = ALPHABET.indexOf(character) * (place % 2 === 0 ? 2 : 1);
    return sum + Math.floor(value / size) + (value % size);
  }, 0);
  return ALPHABET[(size - (total % size)) % size];
}
