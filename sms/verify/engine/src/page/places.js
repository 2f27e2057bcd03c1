/** Whose rules are applied: chosen once and remembered; hidden while there is only one. */

const KEY = "ketqua-verify-place";

/** @typedef {{ place: string, purpose: string, names: Record<string, string> }} Place */

export class PlaceChooser {
  /**
   * @param {HTMLElement} box around the field
   * @param {HTMLSelectElement} field
   * @param {string} language
   */
  constructor(box, field, language) {
    this.box = box;
    this.field = field;
    this.language = language;
    field.addEventListener("change", () => localStorage.setItem(KEY, field.value));
  }

  /** @param {Place[]} places */
  offer(places) {
    const wanted = this.field.value || localStorage.getItem(KEY);
    this.field.replaceChildren(...places.map((place) => this.#option(place)));
    if ([...this.field.options].some((option) => option.value === wanted)) this.field.value = wanted ?? "";
    this.box.hidden = places.length < 2;
  }

  /** @returns {{ place?: string, purpose?: string }} */
  get chosen() {
    return this.field.value ? JSON.parse(this.field.value) : {};
  }

  /** @param {Place} place */
  #option({ place, purpose, names }) {
    const name = names[this.language] ?? names.en ?? place;
    return new Option(name, JSON.stringify({ place, purpose }));
  }
}
