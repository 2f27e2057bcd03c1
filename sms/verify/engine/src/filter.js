/**
 * A cascade of Bloom filters: a revoked entry always hits, a live one of ours never does.
 *
 * Level 1 holds the revoked, level 2 the live ones that hit level 1, level 3 the revoked ones
 * that hit level 2, and so on. Source: docs/verifying.md, "The filter".
 */

import { fromBase64, join, sha256 } from "./bytes.js";

/** @typedef {{ bits: number, hashes: number, data: Uint8Array }} Level */

const MASK = (1n << 64n) - 1n;
const MOST_LEVELS = 255;
const MOST_HASHES = 64;

export class Filter {
  /** @param {Level[]} levels */
  constructor(levels) {
    this.levels = levels;
  }

  /**
   * @param {unknown} written the member `filter` of the published list
   * @throws {RangeError} it is none
   */
  static read(written) {
    const levels = /** @type {{ levels?: unknown } | undefined} */ (written)?.levels;
    if (!Array.isArray(levels) || levels.length > MOST_LEVELS) throw new RangeError("no filter");
    return new Filter(levels.map(readLevel));
  }

  /** @param {Uint8Array} entry 16 bytes */
  async holds(entry) {
    for (const [place, level] of this.levels.entries()) {
      if (!(await hits(level, place + 1, entry))) return place % 2 === 1;
    }
    return this.levels.length % 2 === 1;
  }
}

/** @param {{ bits: number, hashes: number, data: string }} written */
function readLevel({ bits, hashes, data }) {
  const level = { bits, hashes, data: fromBase64(data) };
  const whole = Number.isInteger(bits) && bits > 0 && bits <= 8 * level.data.length;
  const counted = Number.isInteger(hashes) && hashes > 0 && hashes <= MOST_HASHES;
  if (!whole || !counted) throw new RangeError("a level that cannot be");
  return level;
}

/**
 * @param {Level} level
 * @param {number} number from 1
 * @param {Uint8Array} entry
 */
async function hits({ bits, hashes, data }, number, entry) {
  const words = new DataView((await sha256(join(Uint8Array.of(number), entry))).buffer);
  const [first, step] = [words.getBigUint64(0), words.getBigUint64(8) | 1n];
  for (let turn = 0n; turn < hashes; turn++) {
    const bit = Number(((first + turn * step) & MASK) % BigInt(bits));
    if (!(data[bit >> 3] & (0x80 >> (bit & 7)))) return false;
  }
  return true;
}
