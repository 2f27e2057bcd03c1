/** Ask the worker, and get its answer as a promise. */

export class CheckerClient {
  /** @type {Map<number, { resolve: (answer: any) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  #last = 0;

  /** @param {string} address of the worker's script */
  constructor(address) {
    this.worker = new Worker(address);
    this.worker.onmessage = ({ data }) => this.#settle(data);
  }

  /**
   * @param {string} ask
   * @param {object} [question]
   * @param {Transferable[]} [handedOver] belongs to the worker afterwards
   * @returns {Promise<any>}
   */
  ask(ask, question = {}, handedOver = []) {
    const id = ++this.#last;
    this.worker.postMessage({ ...question, id, ask }, handedOver);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** @param {{ id: number, answer?: unknown, error?: string }} data */
  #settle({ id, answer, error }) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(error));
  }
}
