/**
 * CBOR from strangers: bounded, and only plain values come out.
 *
 * Nesting and size are limited and duplicate keys refused; no tag is interpreted. cborg reads
 * the single tokens; here is what it leaves open or does not know: simple values, strings in
 * pieces, text that is no UTF-8. Source: RFC 8949.
 */

import { Token, Tokenizer, Type } from "cborg";

import { join } from "./bytes.js";
import { Fields, Simple, Tagged } from "./fields.js";
import { MAX_BYTES, MAX_DEPTH } from "./limits.js";

const PIECES_OF_BYTES = 0x5f;
const PIECES_OF_TEXT = 0x7f;
const SIMPLE = 0xe0;
const FALSE = 0xf4;
const SIMPLE_OF_TWO = 0xf8;
const FIRST_OF_TWO = 32;
const BREAK = Symbol("break");
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Read one CBOR item; bytes after it are ignored.
 * @param {Uint8Array} data
 * @returns {unknown} numbers, bigints, texts, bytes, arrays, Fields, Tagged, Simple
 * @throws {RangeError} `contents_too_large` or `unreadable`; never quotes the data
 */
export function read(data) {
  if (data.length > MAX_BYTES) throw new RangeError("contents_too_large");
  try {
    return item(new Tokens(data, { allowBigInt: true, retainStringBytes: true }), 0);
  } catch {
    throw new RangeError("unreadable");
  }
}

/**
 * `value` without the tags around it, as long as they are among `tags`.
 * @param {unknown} value
 * @param {ReadonlySet<number | bigint>} tags
 */
export function untagged(value, tags) {
  let inner = value;
  while (inner instanceof Tagged && tags.has(inner.tag)) inner = inner.value;
  return inner;
}

class Tokens extends Tokenizer {
  next() {
    const first = this.data[this._pos];
    if (first === PIECES_OF_BYTES || first === PIECES_OF_TEXT) return this.#pieces(first);
    if (first >= SIMPLE && first < FALSE) return this.#simple(first - SIMPLE, 1);
    if (first === SIMPLE_OF_TWO) return this.#simple(this.data[this._pos + 1], 2);
    return super.next();
  }

  /** @param {number} first */
  #pieces(first) {
    this._pos += 1;
    const wanted = first === PIECES_OF_BYTES ? Type.bytes : Type.string;
    const pieces = [];
    for (let token = super.next(); token.type !== Type.break; token = super.next()) {
      if (token.type !== wanted) throw new RangeError("a piece of another kind");
      pieces.push(wanted === Type.bytes ? token.value : textOf(token));
    }
    if (wanted === Type.bytes) return new Token(Type.bytes, join(...pieces));
    return new Token(Type.float, pieces.join(""));
  }

  /**
   * @param {number} number
   * @param {number} length
   */
  #simple(number, length) {
    const meaningless = length === 1 || number >= FIRST_OF_TWO;
    if (!meaningless) throw new RangeError("a simple value in two bytes that has one");
    this._pos += length;
    return new Token(Type.float, new Simple(number));
  }
}

/**
 * @param {Tokens} tokens
 * @param {number} depth
 * @returns {unknown}
 */
function item(tokens, depth) {
  const value = itemOrBreak(tokens, depth);
  if (value === BREAK) throw new RangeError("a break where there is nothing to end");
  return value;
}

/**
 * @param {Tokens} tokens
 * @param {number} depth
 * @returns {unknown}
 */
function itemOrBreak(tokens, depth) {
  const token = tokens.next();
  if (token.type === Type.break) return BREAK;
  if (token.type === Type.string) return textOf(token);
  if (token.type.terminal) return token.value;
  if (depth >= MAX_DEPTH) throw new RangeError("nested too deep");
  if (token.type === Type.array) return array(tokens, token.value, depth + 1);
  if (token.type === Type.map) return map(tokens, token.value, depth + 1);
  return new Tagged(token.value, item(tokens, depth + 1));
}

/** @param {Token} token */
function textOf(token) {
  return UTF8.decode(token.byteValue);
}

/**
 * @param {Tokens} tokens
 * @param {number} length Infinity when a break ends it
 * @param {number} depth
 */
function array(tokens, length, depth) {
  const values = [];
  while (values.length < length) {
    const value = itemOrBreak(tokens, depth);
    if (value === BREAK) {
      if (length === Infinity) break;
      throw new RangeError("an array that ends early");
    }
    values.push(value);
  }
  return values;
}

/**
 * @param {Tokens} tokens
 * @param {number} length Infinity when a break ends it
 * @param {number} depth
 */
function map(tokens, length, depth) {
  const fields = new Fields();
  for (let count = 0; count < length; count++) {
    const key = itemOrBreak(tokens, depth);
    if (key === BREAK) {
      if (length === Infinity) break;
      throw new RangeError("a map that ends early");
    }
    if (fields.has(key)) throw new RangeError("a key twice");
    fields.set(key, item(tokens, depth));
  }
  return fields;
}
