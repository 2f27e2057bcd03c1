// Verify certificates with dcc-decoder, which shares no code with ours nor with dcc-utils.
// stdin: {"texts": ["HC1:…"], "keys": [{"kid", "x", "y", "country"}]}; stdout: [{"error"?, "payload"?}].
'use strict';

console.log = console.error; // it reports to stdout what it refuses
const { decodeOnly } = require('dcc-decoder');

// It shows names of codes; which ones is no matter here.
const valueSets = new Proxy({}, { get: () => ({ valueSetValues: {} }) });

async function check(text, keys) {
  const dccData = { signingKeys: keys, valueSets };
  try {
    const found = await decodeOnly({ source: [text], dccData });
    return { error: found.error && String(found.error.name || found.error), payload: found.rawCert };
  } catch (error) {
    return { error: String(error) };
  }
}

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const { texts, keys } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  const answers = await Promise.all(texts.map((text) => check(text, keys)));
  process.stdout.write(JSON.stringify(answers));
}

main();
