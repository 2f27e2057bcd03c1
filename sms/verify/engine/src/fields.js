/**
 * A CBOR map whose keys are compared by value.
 *
 * As on the server 1, 1.0 and true are one key, and two equal byte strings or arrays are too:
 * otherwise a duplicate that one verifier refuses would be read by the other.
 */

import { toHex } from "./bytes.js";

/** A tag that nobody has interpreted. */
export class Tagged {
  /**
   * @param {number | bigint} tag
   * @param {unknown} value
   */
  constructor(tag, value) {
    this.tag = tag;
    this.value = value;
  }
}

/** A simple value without a meaning. */
export class Simple {
  /** @param {number} number */
  constructor(number) {
    this.number = number;
  }
}

export class Fields {
  /** @type {Map<unknown, { key: unknown, value: unknown }>} */
  #entries = new Map();

  /** @param {unknown} key */
  has(key) {
    return this.#entries.has(identity(key));
  }

  /**
   * @param {unknown} key
   * @returns {unknown} undefined where there is none
   */
  get(key) {
    return this.#entries.get(identity(key))?.value;
  }

  /**
   * @param {unknown} key
   * @param {unknown} value
   */
  set(key, value) {
    this.#entries.set(identity(key), { key, value });
  }

  /** Keys and values in the order in which they were written. */
  entries() {
    return [...this.#entries.values()].map(({ key, value }) => /** @type {const} */ ([key, value]));
  }
}

/**
 * What equal keys have in common, and no others.
 * @param {unknown} key
 * @returns {unknown} a primitive
 */
function identity(key) {
  if (typeof key === "boolean") return Number(key);
  if (typeof key === "bigint") return key;
  if (typeof key === "number") return number(key);
  return written(key);
}

/** @param {number} key */
function number(key) {
  if (Number.isNaN(key)) return Symbol("NaN equals nothing");
  return Number.isInteger(key) && !Number.isSafeInteger(key) ? BigInt(key) : key;
}

/**
 * @param {unknown} key
 * @returns {string}
 */
function written(key) {
  if (typeof key === "string") return `text ${key}`;
  if (key instanceof Uint8Array) return `bytes ${toHex(key)}`;
  if (key instanceof Tagged) return `tag ${key.tag} ${part(key.value)}`;
  if (key instanceof Simple) return `simple ${key.number}`;
  if (Array.isArray(key)) return `array ${key.map(part).join("")}`;
  if (key instanceof Fields) return `map ${key.entries().flat().map(part).sort().join("")}`;
  return String(key);
}

/** @param {unknown} key */
function part(key) {
  const text = String(identity(key));
  return `${typeof key} ${text.length} ${text}`;
}
