/**
 * zlib from strangers: no more is unpacked than the limit.
 * Stops and complains exactly where the server's zlib does. Source: RFC 1950.
 */

import { ZStream, zlibInflate, zlibInflateInit2 } from "pako";

const SYNC = 2;
const [OK, END, NO_PROGRESS] = [0, 1, -5];
const ZLIB_WINDOW = 15;

/**
 * Unpack one zlib stream; bytes after it are ignored.
 * @param {Uint8Array} data
 * @param {number} limit bytes that may come out
 * @returns {Uint8Array | "unreadable" | "expands_too_far" | "truncated"}
 */
export function inflate(data, limit) {
  const stream = new ZStream();
  zlibInflateInit2(stream, ZLIB_WINDOW);
  stream.input = data;
  stream.avail_in = data.length;
  stream.output = new Uint8Array(limit + 1);
  stream.avail_out = limit + 1;
  const status = zlibInflate(stream, SYNC);
  if (status !== OK && status !== END && status !== NO_PROGRESS) return "unreadable";
  if (stream.next_out > limit) return "expands_too_far";
  if (status !== END) return "truncated";
  return stream.output.subarray(0, stream.next_out);
}
