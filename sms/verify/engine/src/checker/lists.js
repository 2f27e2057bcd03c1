/**
 * The three lists of this device: kept, renewed, and what they are worth at a moment.
 *
 * Only accepted lists are kept, and nothing ever replaces a list by an older one.
 */

import { sha256, toHex } from "../bytes.js";
import { Revocations } from "../revocation.js";
import { inForce } from "../rules.js";
import { LEEWAY, openDocument, Refused } from "../signed_document.js";
import { TrustStore } from "../trust.js";

/** @typedef {import("../types.js").ListName} ListName */
/** @typedef {import("../types.js").DocumentPayload & Record<string, any>} Payload */
/** @typedef {import("../certificate.js").Certificate} Certificate */

/**
 * @typedef {object} ListState
 * @property {ListName} name
 * @property {number | null} issuedAt milliseconds since 1970; null when there is none
 * @property {boolean} outOfDate
 * @property {boolean} fromTheFuture issued after this device's now
 * @property {string} refused code word of the last refusal, or empty
 */

/** @type {ListName[]} */
export const NAMES = ["trust-list", "revocations", "rules"];

export class Lists {
  /** @type {TrustStore | undefined} */
  trust;
  /** @type {Revocations | undefined} */
  revocations;
  /** @type {Payload | undefined} */
  rules;
  /** @type {number | null} */
  clockOffset = null;
  /** @type {Map<ListName, Payload>} */
  #payloads = new Map();
  /** @type {Map<ListName, string>} */
  #refused = new Map();

  /**
   * @param {Certificate[]} anchors
   * @param {import("./store.js").DocumentStore} store
   * @param {import("./publisher.js").Publisher} publisher
   */
  constructor(anchors, store, publisher) {
    this.anchors = anchors;
    this.store = store;
    this.publisher = publisher;
  }

  /** Take up what this device has kept. */
  async load() {
    for (const name of NAMES) {
      for (const anchor of this.anchors) await this.#loadOne(name, anchor);
    }
  }

  /** Ask the server for newer ones; without a network nothing changes. */
  async refresh() {
    await Promise.all(NAMES.map((name) => this.#refreshOne(name)));
  }

  /**
   * @param {number} now milliseconds since 1970
   * @returns {ListState[]}
   */
  states(now) {
    return NAMES.map((name) => {
      const payload = this.#payloads.get(name);
      return {
        name,
        issuedAt: payload ? payload.iat * 1000 : null,
        outOfDate: payload !== undefined && now > payload.exp * 1000,
        fromTheFuture: payload !== undefined && now < (payload.iat - LEEWAY) * 1000,
        refused: this.#refused.get(name) ?? "",
      };
    });
  }

  /** @param {number} now */
  ruleSets(now) {
    return this.rules ? inForce(this.rules, now) : [];
  }

  /**
   * @param {ListName} name
   * @param {Certificate} anchor
   */
  async #loadOne(name, anchor) {
    const kept = await this.store.get(await fingerprint(anchor), name);
    if (!kept) return;
    try {
      // Judged as of when it came; what a clock that was turned back means is told by states().
      const then = Math.max(Date.now(), kept.fetchedAt) / 1000;
      await this.#use(name, await openDocument(kept.token, name, anchor, then));
    } catch (error) {
      this.#refused.set(name, codeOf(error));
    }
  }

  /** @param {ListName} name */
  async #refreshOne(name) {
    const answer = await this.publisher.list(name);
    if (!answer) return;
    this.clockOffset = answer.clockOffset;
    for (const anchor of this.anchors) {
      this.#refused.set(name, await this.#accept(name, answer.token, anchor));
      if (!this.#refused.get(name)) return;
    }
  }

  /**
   * @param {ListName} name
   * @param {string} token
   * @param {Certificate} anchor
   * @returns {Promise<string>} why it was refused, or empty
   */
  async #accept(name, token, anchor) {
    const now = Date.now();
    try {
      const payload = await openDocument(token, name, anchor, now / 1000);
      const kept = { version: payload.version, token, fetchedAt: now };
      if (!(await this.store.keep(await fingerprint(anchor), name, kept))) return "older_version";
      await this.#use(name, payload);
      return "";
    } catch (error) {
      return codeOf(error);
    }
  }

  /**
   * @param {ListName} name
   * @param {Payload} payload
   */
  async #use(name, payload) {
    if (name === "trust-list") this.trust = await TrustStore.fromList(payload.certificates);
    if (name === "rules") this.rules = payload;
    if (name === "revocations") {
      this.revocations = new Revocations(payload, (id) => this.publisher.batch(id));
    }
    this.#payloads.set(name, payload);
  }
}

/** @param {Certificate} anchor */
async function fingerprint(anchor) {
  return toHex(await sha256(anchor.der));
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Refused ? error.message : "malformed";
}
