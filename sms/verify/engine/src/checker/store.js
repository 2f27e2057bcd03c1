/**
 * The lists that were accepted, kept on the device: IndexedDB.
 *
 * A list is kept together with its version and under its anchor, in one transaction, so an
 * older list can't come back later, not even offline.
 */

const DATABASE = "ketqua-verify";
const DOCUMENTS = "documents";

/**
 * @typedef {object} Kept
 * @property {number} version
 * @property {string} token as published
 * @property {number} fetchedAt milliseconds since 1970, by this device
 */

export class DocumentStore {
  /** @param {IDBDatabase} database */
  constructor(database) {
    this.database = database;
  }

  static async open() {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(DOCUMENTS);
    return new DocumentStore(await done(request));
  }

  /**
   * @param {string} anchor hexadecimal fingerprint
   * @param {string} name
   * @returns {Promise<Kept | undefined>}
   */
  get(anchor, name) {
    const transaction = this.database.transaction(DOCUMENTS);
    return done(transaction.objectStore(DOCUMENTS).get(`${anchor}/${name}`));
  }

  /**
   * Keep a list, unless a newer version has been seen.
   * @param {string} anchor
   * @param {string} name
   * @param {Kept} kept
   * @returns {Promise<boolean>} false for an older version
   */
  async keep(anchor, name, kept) {
    const documents = this.database.transaction(DOCUMENTS, "readwrite").objectStore(DOCUMENTS);
    const key = `${anchor}/${name}`;
    const seen = /** @type {Kept | undefined} */ (await done(documents.get(key)));
    if (seen && kept.version < seen.version) return false;
    await done(documents.put(kept, key));
    return true;
  }
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
