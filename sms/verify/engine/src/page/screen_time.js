/**
 * How long a result may stay on the screen: 60 seconds, unless the officer asks for more.
 * Time is compared, not counted, so a phone that slept clears its screen when it wakes.
 */

export const SHOWN_FOR = 60_000;
const ASKED_BEFORE = 20_000;
const LOOK_EVERY = 500;

export class ScreenTime {
  /** @type {number | undefined} */
  #timer;
  #ends = 0;

  /**
   * @param {() => void} ask offers more time
   * @param {() => void} end
   */
  constructor(ask, end) {
    this.ask = ask;
    this.end = end;
    document.addEventListener("visibilitychange", () => this.#look());
  }

  start() {
    this.stop();
    this.#ends = Date.now() + SHOWN_FOR;
    this.#timer = window.setInterval(() => this.#look(), LOOK_EVERY);
  }

  stop() {
    window.clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look() {
    if (this.#timer === undefined) return;
    const left = this.#ends - Date.now();
    if (left <= 0) this.end();
    else if (left <= ASKED_BEFORE) this.ask();
  }
}
