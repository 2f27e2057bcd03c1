/** CBOR values as the JSON that rules are written for. */

import { Fields, Tagged } from "./fields.js";

/**
 * Maps become objects without their keys that are no text; a tag gives way to its value; bytes
 * and what JSON has no word for become null.
 * @param {unknown} value
 * @returns {unknown}
 */
export function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Tagged) return plain(value.value);
  if (value instanceof Fields) return object(value);
  if (typeof value === "bigint") return Number(value);
  return ["string", "number", "boolean"].includes(typeof value) ? value : null;
}

/** @param {Fields} fields */
function object(fields) {
  const texts = fields.entries().filter(([key]) => typeof key === "string");
  return Object.fromEntries(texts.map(([key, value]) => [key, plain(value)]));
}
