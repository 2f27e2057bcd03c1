// Verify certificates with dcc-utils, which shares no code with ours.
// stdin: [{"text": "HC1:…", "pem": "…"}]; stdout: [{"kid", "valid", "payload"} or {"error"}].
'use strict';

const { DCC } = require('dcc-utils');

async function check({ text, pem }) {
  try {
    const dcc = await DCC.fromRaw(text);
    const verified = await dcc.checkSignatureWithCertificate(pem);
    return { kid: dcc.kid, valid: Boolean(verified), payload: dcc.payload };
  } catch (error) {
    return { error: String(error) };
  }
}

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const cases = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  process.stdout.write(JSON.stringify(await Promise.all(cases.map(check))));
}

main();
