/**
 * The screen of one verdict: colour, word and icon; why; and for a valid one what to compare.
 *
 * Personal data appear only for `valid`, the year of birth in place of the date.
 */

import { byId, element, tell } from "./elements.js";

/** @typedef {import("./words.js").Words} Words */
/** @typedef {import("../types.js").Claims} Claims */

/**
 * @typedef {object} Judged the worker's answer
 * @property {import("../types.js").Verdict} verdict
 * @property {boolean} unconfirmed
 * @property {string[]} cautions
 * @property {string[]} warnings
 * @property {import("../checker/lists.js").ListState[]} states
 * @property {string} [text] of the code; there is none in a picture without one
 */

export class ResultScreen {
  /**
   * @param {Words} words
   * @param {Record<string, string>} tones
   */
  constructor(words, tones) {
    this.words = words;
    this.tones = tones;
  }

  /** @param {Judged} judged */
  show(judged) {
    const word = judged.unconfirmed ? "unconfirmed" : judged.verdict.verdict;
    const tone = judged.unconfirmed ? "wait" : (this.tones[word] ?? "no");
    const { say } = bound(this.words);
    byId("result-heading").className = `outcome verdict ${tone}`;
    byId("result-heading").replaceChildren(icon(tone), element("span", say(`verdicts.word.${word}`)));
    byId("result-why").replaceChildren(...this.#why(judged, word));
    byId("result-claims").replaceChildren(...this.#claims(judged));
    tell(byId("result-lists"), listsLine(this.words, judged.states));
    byId("result").hidden = false;
    document.body.classList.add("has-result");
    byId("announcer").textContent = this.#announcement(word, judged);
    byId("next").focus();
    window.scrollTo(0, 0);
  }

  /** Take everything about the person off the screen. */
  clear() {
    for (const id of ["result-heading", "result-why", "result-claims"]) byId(id).replaceChildren();
    byId("announcer").textContent = "";
    byId("result").hidden = true;
    document.body.classList.remove("has-result");
  }

  /**
   * @param {Judged} judged
   * @param {string} word
   */
  #why({ verdict, cautions, warnings, unconfirmed }, word) {
    const { say, has } = bound(this.words);
    const lines = word === "valid" ? [] : [element("p", say(`verdicts.sentence.${word}`))];
    const reason = `verdicts.reason.${verdict.reason}`;
    const described = verdict.ruleDescriptions?.find(({ lang }) => lang === this.words.language);
    if (has(reason)) lines.push(element("p", say(reason)));
    else if (described) lines.push(element("p", described.desc));
    if (verdict.step) lines.push(element("p", say(`verdicts.step.${verdict.step}`), "hint"));
    const told = unconfirmed ? [...cautions, ...warnings] : warnings;
    return [...lines, ...told.map((each) => element("p", say(`pages.verify.caution.${each}`), "caution"))];
  }

  /** @param {Judged} judged */
  #claims({ verdict, unconfirmed }) {
    const { claims } = verdict;
    if (verdict.verdict !== "valid" || !claims) return [];
    const { say } = bound(this.words);
    const until = this.words.when(verdict.ruleValidUntil ?? claims.expiresAt);
    const list = element("dl", "");
    list.append(...this.#rows(claims).flatMap(([label, value]) => [element("dt", label), element("dd", value)]));
    return [
      element("p", say("verdicts.check_photo_id"), "id"),
      element("p", nameOf(claims), "name"),
      ...(unconfirmed ? [] : [element("p", say("pages.result.until", { until }), "until")]),
      list,
    ];
  }

  /**
   * @param {Claims} claims
   * @returns {[string, string][]}
   */
  #rows(claims) {
    const { say, has } = bound(this.words);
    const outcome = claims.outcomeText || (claims.outcome && say(`verdicts.outcome.${claims.outcome}`));
    const type = claims.testType && say(`verdicts.test_type.${claims.testType}`);
    const collected = claims.collectedAt === null ? "" : this.words.when(claims.collectedAt);
    const target = `pages.verify.target.${claims.target}`;
    /** @type {[string, string][]} */
    const rows = [
      [say("pages.verify.birth_year"), claims.birthDate.slice(0, 4)],
      [say("pages.verify.document_end"), claims.documentEnd],
      [say("verdicts.label.test_type"), claims.testName || claims.test || [type, has(target) && say(target)].filter(Boolean).join(" · ")],
      [say("verdicts.label.outcome"), outcome],
      [say("verdicts.label.collected_at"), collected],
      [say("verdicts.label.centre"), claims.centre],
    ];
    return rows.filter(([, value]) => value);
  }

  /**
   * @param {string} word
   * @param {Judged} judged
   */
  #announcement(word, { verdict }) {
    const { say } = bound(this.words);
    const name = verdict.verdict === "valid" && verdict.claims ? nameOf(verdict.claims) : "";
    return [say(`verdicts.word.${word}`), say(`verdicts.sentence.${word}`), name].filter(Boolean).join(". ");
  }
}

/**
 * How old the lists are, by the oldest of them.
 * @param {Words} words
 * @param {import("../checker/lists.js").ListState[]} states
 */
export function listsLine(words, states) {
  const moments = states.map(({ issuedAt }) => issuedAt).filter((each) => each !== null);
  if (moments.length < states.length) return words.say("pages.verify.lists.missing");
  const age = words.ago(Math.min(...moments), Date.now());
  const late = states.some(({ outOfDate }) => outOfDate);
  return words.say(late ? "pages.verify.lists.out_of_date" : "pages.verify.lists.age", { age });
}

/** @param {Words} words */
function bound(words) {
  return { say: words.say.bind(words), has: words.has.bind(words) };
}

/**
 * Family name first, as Vietnamese names are spoken and ID cards write them.
 * @param {Claims} claims
 */
function nameOf({ familyName, givenName, familyNameStd, givenNameStd, initials }) {
  return `${familyName || familyNameStd} ${givenName || givenNameStd}`.trim() || initials;
}

/** @param {string} tone */
function icon(tone) {
  const template = /** @type {HTMLTemplateElement} */ (byId(`icon-${tone}`));
  return template.content.cloneNode(true);
}
