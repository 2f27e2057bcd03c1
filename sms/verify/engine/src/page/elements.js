/** Small helpers for the page: everything shown is set as text, never as markup. */

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return found;
}

/**
 * @param {keyof HTMLElementTagNameMap} tag
 * @param {string} text
 * @param {string} [kind] class
 */
export function element(tag, text, kind) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

/**
 * Show `text` in an element, or hide it when there is none.
 * @param {HTMLElement} target
 * @param {string} text
 */
export function tell(target, text) {
  target.textContent = text;
  target.hidden = !text;
}
