/** Where the lists come from: the same server that gave the page. */

import { toHex, sha256 } from "../bytes.js";

const LONGEST_WAIT = 20_000; // milliseconds

/**
 * @typedef {object} Answer
 * @property {string} token
 * @property {number | null} clockOffset milliseconds that the server's clock is ahead of ours
 */

export class Publisher {
  /** @param {string} base address of the interface, with a slash at its end */
  constructor(base) {
    this.base = base;
  }

  /**
   * @param {import("../types.js").ListName} name
   * @returns {Promise<Answer | null>} null without a network, or when the server has none
   */
  async list(name) {
    const response = await this.#get(name, "no-cache"); // asks again, with the ETag
    if (!response) return null;
    const date = Date.parse(response.headers.get("Date") ?? "");
    const clockOffset = Number.isNaN(date) ? null : date - Date.now();
    return { token: await response.text(), clockOffset };
  }

  /**
   * @param {string} id first characters of its own hash, so that it needs no signature
   * @returns {Promise<Uint8Array | null>}
   */
  async batch(id) {
    const response = /^[0-9a-f]{16,64}$/.test(id) ? await this.#get(`revocations/${id}`, "default") : null;
    if (!response) return null;
    const data = new Uint8Array(await response.arrayBuffer());
    return toHex(await sha256(data)).startsWith(id) ? data : null;
  }

  /**
   * @param {string} path
   * @param {RequestCache} cache
   */
  async #get(path, cache) {
    try {
      const signal = AbortSignal.timeout(LONGEST_WAIT);
      const response = await fetch(this.base + path, { cache, credentials: "omit", signal });
      return response.ok ? response : null;
    } catch {
      return null;
    }
  }
}
