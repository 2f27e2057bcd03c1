/**
 * The worker behind the page: reads codes, keeps the lists, gives verdicts.
 *
 * It runs beside the page, so that neither a picture nor a signature holds up the screen. The
 * page asks with `{id, ask, …}` and gets `{id, answer}` or `{id, error}`.
 */

import { evaluate } from "certlogic-js/dist/evaluator.js";

import { fromBase64, toHex } from "../bytes.js";
import { Certificate } from "../certificate.js";
import { readClaims } from "../claims.js";
import { decode } from "../decode.js";
import { Revocations } from "../revocation.js";
import { revocationHashes } from "../revocation_hashes.js";
import { DEFAULT_PLACE, inForce, judge } from "../rules.js";
import { TrustStore } from "../trust.js";
import { malformed, verify } from "../verify.js";
import { verdictJson } from "../verdict_json.js";
import { certainty, unconfirmed } from "./cautions.js";
import { Lists } from "./lists.js";
import { Publisher } from "./publisher.js";
import { readCode, startReader } from "./scan.js";
import { DocumentStore } from "./store.js";

/** @typedef {import("../types.js").Verdict} Verdict */

/** @type {Promise<Lists>} */
let lists;
/** @type {Promise<void>} */
let reader;

/** @type {Record<string, (question: any) => unknown>} */
const ANSWERS = { start, refresh, status, text, picture, imageless, judgeWith, hashesOf, evaluateLogic };

self.onmessage = async ({ data }) => {
  const { id, ask } = data;
  try {
    self.postMessage({ id, answer: await ANSWERS[ask](data) });
  } catch (error) {
    self.postMessage({ id, error: String(error) });
  }
};

/**
 * @param {{ anchors: string[], interface: string, wasm: string }} settings anchors in base64
 */
async function start({ anchors, interface: base, wasm }) {
  reader = startReader(wasm);
  reader.catch(() => undefined); // said when a picture is to be read
  lists = keptLists(anchors, base);
  return status();
}

/**
 * @param {string[]} anchors
 * @param {string} base
 */
async function keptLists(anchors, base) {
  const certificates = await Promise.all(anchors.map((each) => Certificate.read(fromBase64(each))));
  const kept = new Lists(certificates, await DocumentStore.open(), new Publisher(base));
  await kept.load();
  return kept;
}

async function refresh() {
  await (await lists).refresh();
  return status();
}

/** How the lists stand now, and which places there are. */
async function status() {
  const [known, now] = [await lists, Date.now()];
  const places = known.ruleSets(now).map(({ place, purpose, names }) => ({ place, purpose, names }));
  return { states: known.states(now), places, clockOffset: known.clockOffset };
}

/** @param {{ text: string, place?: string, purpose?: string }} question */
async function text({ text: shown, place = DEFAULT_PLACE, purpose }) {
  const [known, at] = [await lists, Date.now()];
  const sets = known.ruleSets(at).filter((set) => set.place === place);
  const set = sets.find((each) => each.purpose === purpose) ?? sets[0];
  const verdict = await verify(shown, {
    trust: known.trust ?? new TrustStore([]),
    at,
    revocations: known.revocations,
    rule: set && ((claims) => judge(set, known.rules?.value_sets, claims, at)),
  });
  return { ...judged(verdict, known, set !== undefined), text: shown };
}

/** @param {{ pixels: ArrayBuffer, width: number, height: number, quick: boolean, place?: string, purpose?: string }} question */
async function picture({ pixels, width, height, quick, place, purpose }) {
  await reader;
  const image = new ImageData(new Uint8ClampedArray(pixels), width, height);
  const found = await readCode(image, quick);
  return found === null ? null : text({ text: found, place, purpose });
}

/**
 * The verdict of a picture in which there is nothing to judge.
 * @param {{ reason: string }} question
 */
async function imageless({ reason }) {
  return judged(malformed({ malformed: true, step: "image", reason }), await lists, true);
}

/**
 * @param {Verdict} verdict
 * @param {Lists} known
 * @param {boolean} hasRule
 */
function judged(verdict, known, hasRule) {
  const states = known.states(Date.now());
  const sure = certainty(verdict, states, hasRule, known.clockOffset);
  return { verdict, ...sure, unconfirmed: unconfirmed(verdict, sure.cautions), states };
}

/**
 * The engine alone, with everything that it would otherwise keep handed over.
 * @param {{ text: string, certificates: string[], given?: boolean, own?: boolean, at: number, revocations?: object, rules?: { rule_sets: unknown, value_sets: unknown } }} question
 */
async function judgeWith({ text: shown, certificates, given, own, at, revocations, rules }) {
  const trusted = certificates.map((each) => Certificate.read(fromBase64(each), { given, own }));
  const [set] = rules ? inForce(rules, at) : [];
  const verdict = await verify(shown, {
    trust: new TrustStore(await Promise.all(trusted)),
    at,
    revocations: revocations && new Revocations(revocations, async () => null),
    rule: set && ((claims) => judge(set, rules?.value_sets, claims, at)),
  });
  return { ...verdictJson(verdict), ...(verdict.mayBeRevoked && { may_be_revoked: true }) };
}

/** @param {{ logic: unknown, data: unknown }} question */
function evaluateLogic({ logic, data }) {
  return evaluate(/** @type {never} */ (logic), data);
}

/**
 * The revocation hashes of a certificate, whoever signed it.
 * @param {{ text: string }} question
 */
async function hashesOf({ text: shown }) {
  const contents = decode(shown);
  const claims = contents.malformed ? contents : readClaims(contents);
  if (contents.malformed || "malformed" in claims) return [];
  return (await revocationHashes(contents, claims.uvcis)).map(({ hash }) => toHex(hash));
}
