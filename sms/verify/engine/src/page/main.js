/**
 * The officer's page with a camera, offline too. Without this script its form asks the server.
 */

import { TOLERANCE } from "../checker/cautions.js";
import { byId, tell } from "./elements.js";
import { Camera } from "./camera.js";
import { CheckerClient } from "./checker_client.js";
import { attempts, openPhoto } from "./photo.js";
import { PlaceChooser } from "./places.js";
import { listsLine, ResultScreen } from "./result.js";
import { Scanner } from "./scanner.js";
import { ScreenTime } from "./screen_time.js";
import { Words } from "./words.js";

/** @typedef {import("./result.js").Judged} Judged */

const REFRESH_EVERY = 5 * 60_000;
const OTHER_CODE_SHOWN_FOR = 3000;

class VerifyPage {
  /** @param {import("./words.js").Settings} settings */
  constructor(settings) {
    this.settings = settings;
    this.words = new Words(settings);
    this.checker = new CheckerClient(settings.checker);
    this.camera = new Camera(/** @type {HTMLVideoElement} */ (byId("video")));
    this.scanner = new Scanner(this.camera, (frame) => this.#read(frame, true));
    this.screen = new ResultScreen(this.words, settings.tones);
    this.time = new ScreenTime(() => this.#offerTime(), () => this.#leave());
    const field = /** @type {HTMLSelectElement} */ (byId("place"));
    this.places = new PlaceChooser(byId("places"), field, settings.language);
    this.text = /** @type {HTMLTextAreaElement} */ (byId("text"));
    this.picture = /** @type {HTMLInputElement} */ (byId("picture"));
    this.shown = ""; // the text of the code on the screen
  }

  async start() {
    this.#listen();
    const { anchors, interface: base, wasm } = this.settings;
    this.#showStatus(await this.checker.ask("start", { anchors, interface: base, wasm }));
    byId("scanning").hidden = !navigator.mediaDevices;
    document.body.classList.add("has-script");
    this.#refresh();
    window.setInterval(() => this.#refresh(), REFRESH_EVERY);
    if (await cameraAllowed()) await this.#scan();
  }

  #listen() {
    byId("camera").addEventListener("click", () => this.#scan());
    byId("torch").addEventListener("click", () => this.#switchTorch());
    byId("next").addEventListener("click", () => this.#next());
    byId("longer").addEventListener("click", () => this.#stayLonger());
    byId("ask-server").addEventListener("click", () => this.#askServer());
    this.picture.addEventListener("change", () => this.#checkPhoto());
    byId("form").addEventListener("submit", (event) => this.#checkText(event));
    window.addEventListener("online", () => this.#refresh());
    window.addEventListener("pagehide", () => this.#leave());
    document.addEventListener("visibilitychange", () => this.#comeOrGo());
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.#isShowing && this.#next());
  }

  get #isShowing() {
    return !byId("result").hidden;
  }

  async #scan() {
    tell(byId("trouble"), "");
    try {
      await this.camera.start();
    } catch {
      tell(byId("trouble"), this.words.say("pages.verify.camera_refused"));
      return;
    }
    byId("viewfinder").hidden = false;
    byId("camera").hidden = true;
    byId("torch").hidden = !this.camera.hasTorch;
    await this.scanner.run((judged) => this.#show(judged), () => this.#sayOtherCode());
  }

  #sayOtherCode() {
    const said = this.words.say("verdicts.reason.not_a_certificate");
    if (byId("trouble").textContent !== said) tell(byId("trouble"), said);
    window.clearTimeout(this.otherCode);
    this.otherCode = window.setTimeout(() => tell(byId("trouble"), ""), OTHER_CODE_SHOWN_FOR);
  }

  async #switchTorch() {
    const on = byId("torch").getAttribute("aria-pressed") !== "true";
    await this.camera.light(on);
    byId("torch").setAttribute("aria-pressed", String(on));
  }

  /**
   * @param {ImageData} image
   * @param {boolean} quick
   */
  #read(image, quick) {
    const { data, width, height } = image;
    const question = { pixels: data.buffer, width, height, quick, ...this.places.chosen };
    return this.checker.ask("picture", question, [data.buffer]);
  }

  async #checkPhoto() {
    const [file] = this.picture.files ?? [];
    if (!file) return;
    this.scanner.stop();
    byId("form").setAttribute("aria-busy", "true");
    this.#show(await this.#judgePhoto(file));
    byId("form").removeAttribute("aria-busy");
  }

  /**
   * @param {File} file
   * @returns {Promise<Judged>}
   */
  async #judgePhoto(file) {
    const photo = await openPhoto(file);
    if (typeof photo === "string") return this.checker.ask("imageless", { reason: photo });
    for (const image of attempts(photo)) {
      const judged = await this.#read(image, false);
      if (judged) return judged;
    }
    return this.checker.ask("imageless", { reason: "no_code_found" });
  }

  /** @param {Event} event */
  async #checkText(event) {
    event.preventDefault();
    const text = this.text.value.trim();
    if (!text) {
      tell(byId("trouble"), this.words.say("pages.verify.empty"));
      return;
    }
    this.scanner.stop();
    this.#show(await this.checker.ask("text", { text, ...this.places.chosen }));
  }

  /** @param {Judged} judged */
  #show(judged) {
    this.scanner.stop();
    this.camera.pause();
    tell(byId("trouble"), "");
    byId("more-time").hidden = true;
    this.shown = judged.text ?? "";
    byId("ask-server").hidden = !(judged.unconfirmed && this.shown && navigator.onLine);
    this.screen.show(judged);
    this.time.start();
    navigator.vibrate?.(80);
  }

  /** What this device can't confirm the server may: by the form, as without this script. */
  #askServer() {
    this.text.value = this.shown;
    /** @type {HTMLFormElement} */ (byId("form")).submit();
  }

  #clear() {
    this.time.stop();
    this.screen.clear();
    this.shown = "";
    this.text.value = "";
    this.picture.value = "";
  }

  #next() {
    this.#clear();
    if (this.camera.isOn) this.#scan();
    else byId("camera").focus();
  }

  /** Nobody is looking any more: no result, no camera. */
  #leave() {
    this.#clear();
    this.scanner.stop();
    this.camera.stop();
    byId("viewfinder").hidden = true;
    byId("torch").hidden = true;
    byId("camera").hidden = false;
  }

  #comeOrGo() {
    if (document.hidden && this.camera.isOn && !this.#isShowing) this.#leave();
    if (!document.hidden) this.#refresh();
  }

  #offerTime() {
    byId("more-time").hidden = false;
  }

  #stayLonger() {
    byId("more-time").hidden = true;
    byId("next").focus();
    this.time.start();
  }

  async #refresh() {
    this.#showStatus(await this.checker.ask("refresh"));
  }

  /** @param {{ states: import("../checker/lists.js").ListState[], places: import("./places.js").Place[], clockOffset: number | null }} status */
  #showStatus({ states, places, clockOffset }) {
    this.places.offer(places);
    tell(byId("lists"), listsLine(this.words, states));
    const differs = states.some(({ fromTheFuture }) => fromTheFuture) || Math.abs(clockOffset ?? 0) > TOLERANCE;
    tell(byId("clock"), differs ? this.words.say("pages.verify.caution.clock_differs") : "");
    byId("lists").dataset.ready = String(states.every(({ issuedAt }) => issuedAt !== null));
  }
}

/** Whether the camera was allowed before, so that it may start unasked. */
async function cameraAllowed() {
  try {
    const name = /** @type {PermissionName} */ ("camera");
    return (await navigator.permissions.query({ name })).state === "granted";
  } catch {
    return false;
  }
}

/** @param {string} address */
async function keepOffline(address) {
  await navigator.serviceWorker?.register(address, { scope: "/verify" });
  await navigator.serviceWorker?.ready;
  document.documentElement.dataset.offline = "ready";
}

/** Whether this browser has what the checker needs; an older one keeps the form. */
function isAble() {
  return "timeout" in AbortSignal && "indexedDB" in window && crypto.subtle !== undefined;
}

async function begin() {
  const address = document.querySelector("[data-settings]")?.getAttribute("data-settings") ?? "";
  const settings = await (await fetch(address)).json();
  keepOffline(settings.service_worker).catch(() => undefined); // works without, online only
  await new VerifyPage(settings).start();
}

if (isAble()) begin();
