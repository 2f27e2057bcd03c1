/** Look at the camera's frames, one after another, until one holds a certificate. */

const CERTIFICATE = /^\s*(HC1|KQ1):/;

export class Scanner {
  #turn = 0;

  /**
   * @param {import("./camera.js").Camera} camera
   * @param {(frame: ImageData) => Promise<import("./result.js").Judged | null>} check
   */
  constructor(camera, check) {
    this.camera = camera;
    this.check = check;
  }

  /**
   * @param {(judged: import("./result.js").Judged) => void} found
   * @param {() => void} other a code that is no certificate is in view
   */
  async run(found, other) {
    const turn = ++this.#turn;
    while (turn === this.#turn) {
      await this.camera.nextFrame();
      const frame = turn === this.#turn ? this.camera.frame() : null;
      const judged = frame && (await this.check(frame));
      if (!judged || turn !== this.#turn) continue;
      if (CERTIFICATE.test(judged.text ?? "")) {
        this.stop();
        found(judged);
      } else other();
    }
  }

  /** Whatever is still being looked at comes too late. */
  stop() {
    this.#turn++;
  }
}
