/** The camera behind the phone: its picture on the screen, its frames for the reader. */

const WANTED = {
  audio: false,
  video: { facingMode: { ideal: "environment" }, width: { ideal: 1920 }, height: { ideal: 1080 } },
};
const MOST_PIXELS_WIDE = 1920;

export class Camera {
  /** @type {MediaStream | null} */
  #stream = null;
  #canvas = document.createElement("canvas");

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
  }

  get isOn() {
    return this.#stream !== null;
  }

  /** @throws {DOMException} refused, or there is none */
  async start() {
    this.#stream ??= await navigator.mediaDevices.getUserMedia(WANTED);
    this.video.srcObject = this.#stream;
    await this.video.play();
  }

  /** Hold the picture; the camera stays ready. */
  pause() {
    this.video.pause();
  }

  stop() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.video.srcObject = null;
  }

  get hasTorch() {
    return "torch" in (this.#track?.getCapabilities?.() ?? {});
  }

  /** @param {boolean} on */
  async light(on) {
    const torch = /** @type {MediaTrackConstraintSet} */ ({ torch: on });
    await this.#track?.applyConstraints({ advanced: [torch] });
  }

  /**
   * The picture of this moment.
   * @returns {ImageData | null} null before the first
   */
  frame() {
    const { videoWidth, videoHeight } = this.video;
    if (!videoWidth || this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
    const scale = Math.min(1, MOST_PIXELS_WIDE / videoWidth);
    const [width, height] = [Math.round(videoWidth * scale), Math.round(videoHeight * scale)];
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    const context = this.#canvas.getContext("2d", { willReadFrequently: true });
    context?.drawImage(this.video, 0, 0, width, height);
    return context?.getImageData(0, 0, width, height) ?? null;
  }

  /** Wait until the camera gives another picture. */
  nextFrame() {
    return new Promise((resolve) => {
      if ("requestVideoFrameCallback" in this.video) this.video.requestVideoFrameCallback(resolve);
      else requestAnimationFrame(resolve);
    });
  }

  get #track() {
    return this.#stream?.getVideoTracks()[0];
  }
}
