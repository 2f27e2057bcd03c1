/**
 * Just enough DER to open an X.509 certificate, also one that a strict parser refuses.
 * The fields are those of core/certificates/der.py, and what a chain of two needs.
 * Source: X.690, RFC 5280 section 4.1.
 */

const [SEQUENCE, BITS, OCTETS, OID, UTC_TIME] = [0x30, 0x03, 0x04, 0x06, 0x17];
const [VERSION, EXTENSIONS] = [0xa0, 0xa3];
const EXTENDED_KEY_USAGE = "2.5.29.37";

/**
 * @typedef {object} Element one tag-length-value
 * @property {number} tag
 * @property {Uint8Array} content the value
 * @property {Uint8Array} encoded tag, length and value
 *
 * @typedef {object} Opened
 * @property {Uint8Array} body what the certifier signed
 * @property {string} signatureAlgorithm OID
 * @property {Uint8Array} signature
 * @property {[string, string][]} issuer OID and text
 * @property {Uint8Array} issuerName encoded
 * @property {Uint8Array} subjectName encoded
 * @property {number} notBefore seconds since 1970
 * @property {number} notAfter
 * @property {Uint8Array} publicKey SubjectPublicKeyInfo
 * @property {Set<string>} extendedKeyUsage OIDs; empty when the extension is absent or empty
 */

/**
 * @param {Uint8Array} der
 * @returns {Opened}
 * @throws {RangeError} it is no certificate
 */
export function openCertificate(der) {
  const [body, algorithm, signature] = elements(sequence(der).content);
  const fields = elements(body.content).filter((element) => element.tag !== VERSION);
  const [, , issuer, validity, subject, publicKey] = fields;
  if (!publicKey || !signature) throw new RangeError("not an X.509 certificate");
  const [notBefore, notAfter] = elements(validity.content).map(timeOf);
  const extensions = fields.slice(6).find((element) => element.tag === EXTENSIONS);
  return {
    body: body.encoded,
    signatureAlgorithm: oid(elements(algorithm.content)[0].content),
    signature: bitsOf(signature),
    issuer: nameOf(issuer),
    issuerName: issuer.encoded,
    subjectName: subject.encoded,
    notBefore,
    notAfter,
    publicKey: publicKey.encoded,
    extendedKeyUsage: new Set(extensions ? usagesOf(extensions) : []),
  };
}

/**
 * @param {Uint8Array} data
 * @returns {Element[]}
 */
export function elements(data) {
  const found = [];
  for (let place = 0; place < data.length; ) {
    const [length, start] = lengthAt(data, place + 1);
    const end = start + length;
    if (!(end <= data.length)) throw new RangeError("an element is cut off");
    found.push({ tag: data[place], content: data.subarray(start, end), encoded: data.subarray(place, end) });
    place = end;
  }
  return found;
}

/** @param {Uint8Array} data */
export function sequence(data) {
  const [first] = elements(data);
  if (first?.tag !== SEQUENCE) throw new RangeError("not a sequence");
  return first;
}

/** @param {Element} element */
export function bitsOf(element) {
  if (element.tag !== BITS || element.content[0] !== 0) throw new RangeError("not whole bytes");
  return element.content.subarray(1);
}

/**
 * In dotted form; arcs may be longer than a number holds.
 * @param {Uint8Array} content
 */
export function oid(content) {
  const numbers = [];
  let value = 0n;
  for (const byte of content) {
    value = (value << 7n) | BigInt(byte & 0x7f);
    if (byte & 0x80) continue;
    numbers.push(value);
    value = 0n;
  }
  const [both = 0n, ...rest] = numbers;
  const first = both < 80n ? both / 40n : 2n;
  return [first, both - 40n * first, ...rest].join(".");
}

/**
 * Length of a value and where it starts.
 * @param {Uint8Array} data
 * @param {number} place
 */
function lengthAt(data, place) {
  const first = data[place];
  if (first < 0x80) return [first, place + 1];
  const end = place + 1 + (first & 0x7f);
  return [data.subarray(place + 1, end).reduce((sum, byte) => sum * 256 + byte, 0), end];
}

/** @param {Element} element */
function timeOf(element) {
  const text = String.fromCharCode(...element.content);
  const year = element.tag === UTC_TIME ? (text >= "50" ? "19" : "20") : ""; // 50 and above: 19xx
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z?$/.exec(year + text);
  if (!found) throw new RangeError("a time that cannot be read");
  const [years, months, ...rest] = found.slice(1).map(Number);
  return Date.UTC(years, months - 1, ...rest) / 1000;
}

/**
 * @param {Element} name
 * @returns {[string, string][]}
 */
function nameOf(name) {
  const pairs = elements(name.content).flatMap((relative) => elements(relative.content));
  return pairs.map((pair) => {
    const [type, value] = elements(pair.content);
    return [oid(type.content), new TextDecoder().decode(value.content)];
  });
}

/** @param {Element} extensions */
function usagesOf(extensions) {
  for (const extension of elements(sequence(extensions.content).content)) {
    const parts = elements(extension.content);
    const value = parts[parts.length - 1];
    if (oid(parts[0].content) !== EXTENDED_KEY_USAGE || value.tag !== OCTETS) continue;
    const usages = elements(sequence(value.content).content);
    return usages.filter((usage) => usage.tag === OID).map((usage) => oid(usage.content));
  }
  return [];
}
