/** The page's settings, its texts, and times as its reader reads them. */

/**
 * @typedef {object} Settings
 * @property {string} language
 * @property {string} zone in which times are shown, and its name
 * @property {string} zone_name
 * @property {Record<string, string>} words text by key
 * @property {Record<string, string>} tones colour and icon by verdict; others are red
 * @property {string[]} anchors base64 of the certificates under which lists are read
 * @property {string} interface
 * @property {string} checker
 * @property {string} wasm
 * @property {string} service_worker
 */

export class Words {
  /** @param {Settings} settings */
  constructor({ language, zone, zone_name, words }) {
    this.language = language;
    this.zone = zone;
    this.zoneName = zone_name;
    this.words = words;
  }

  /** @param {string} key */
  has(key) {
    return key in this.words;
  }

  /**
   * The text of `key`; a key without one shows itself, so that it is noticed.
   * @param {string} key
   * @param {Record<string, string>} data
   */
  say(key, data = {}) {
    const text = this.words[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => data[name] ?? whole);
  }

  /**
   * Date and time in the place's zone, with the zone's name.
   * @param {number} moment milliseconds since 1970
   */
  when(moment) {
    const how = /** @type {const} */ ({ day: "2-digit", month: "2-digit", year: "numeric" });
    const [day, clock] = [how, /** @type {const} */ ({ hour: "2-digit", minute: "2-digit" })].map(
      (fields) => new Intl.DateTimeFormat("en-GB", { timeZone: this.zone, ...fields }).format(moment),
    );
    return `${clock} ${day} (${this.zoneName})`;
  }

  /**
   * How long ago, in words: “12 minutes ago”.
   * @param {number} moment
   * @param {number} now
   */
  ago(moment, now) {
    const minutes = Math.round((moment - now) / 60_000);
    const relative = new Intl.RelativeTimeFormat(this.language, { numeric: "auto" });
    if (Math.abs(minutes) < 60) return relative.format(minutes, "minute");
    if (Math.abs(minutes) < 48 * 60) return relative.format(Math.round(minutes / 60), "hour");
    return relative.format(Math.round(minutes / 1440), "day");
  }
}
