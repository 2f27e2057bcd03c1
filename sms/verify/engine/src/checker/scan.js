/**
 * Find the certificate's code in a picture: zxing, the reader that the server uses, as
 * WebAssembly. Pictures are RGBA; QR and Aztec are looked for, as on the server.
 */

import { ungzip } from "pako";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";

import { COMPACT, FULL } from "../decode.js";

const GZIP = 0x1f;
/** @type {import("zxing-wasm/reader").ReaderOptions} */
const THOROUGH = {
  formats: ["QRCode", "Aztec"],
  tryHarder: true,
  tryRotate: true,
  tryInvert: true,
  tryDownscale: true,
  maxNumberOfSymbols: 8,
};
/** A frame is followed by another in a moment, so it gets less time. */
const QUICK = { ...THOROUGH, tryInvert: false, maxNumberOfSymbols: 2 };

/**
 * Fetch and start the reader.
 * @param {string} address of the gzipped WebAssembly
 */
export async function startReader(address) {
  const response = await fetch(address);
  const data = new Uint8Array(await response.arrayBuffer());
  // A server that names the encoding has had it unpacked by the browser already.
  const wasm = data[0] === GZIP ? ungzip(data) : data;
  await prepareZXingModule({ overrides: { wasmBinary: wasm.slice().buffer }, fireImmediately: true });
}

/**
 * @param {ImageData} picture
 * @param {boolean} quick
 * @returns {Promise<string | null>} text of the certificate's code, else of the first one
 */
export async function readCode(picture, quick) {
  const found = await readBarcodes(picture, quick ? QUICK : THOROUGH);
  const texts = found.filter((code) => code.isValid).map((code) => code.text);
  const ours = texts.find((text) => text.startsWith(FULL) || text.startsWith(COMPACT));
  return ours ?? texts[0] ?? null;
}
