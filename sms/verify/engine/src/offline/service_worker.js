/**
 * Keeps the officer's page for when there is no network: page, texts, script, worker, reader.
 *
 * The server writes `KEPT` before this: everything of one version, fetched together when that
 * version is installed. The lists are not here: the checker keeps them once it has accepted
 * them.
 */

/** @type {{ version: string, pages: string[], files: string[] }} */
const kept = Reflect.get(self, "KEPT");
const CACHE = `ketqua-verify-${kept.version}`;
const LONGEST_WAIT = 3000; // milliseconds before a slow network counts as none
const PAGE = "/verify";
const worker = /** @type {any} */ (self);

worker.addEventListener("install", (/** @type {any} */ event) => {
  event.waitUntil(install().then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (/** @type {any} */ event) => {
  event.waitUntil(forgetOthers().then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const { origin, pathname, search } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (kept.files.includes(pathname + search)) event.respondWith(fromCache(request));
  else if (pathname === PAGE || kept.pages.includes(pathname + search)) event.respondWith(fresh(request));
});

async function install() {
  const cache = await caches.open(CACHE);
  await cache.addAll(kept.files); // their addresses change with their content
  await cache.addAll(kept.pages.map((address) => new Request(address, { cache: "reload" })));
}

async function forgetOthers() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("ketqua-verify-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

/** @param {Request} request */
async function fromCache(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request.url)) ?? fetch(request);
}

/**
 * The server's answer, or the kept one when it is slow or away.
 * @param {Request} request
 */
async function fresh(request) {
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(LONGEST_WAIT) });
    if (response.status < 500) return response;
  } catch {
    // no network
  }
  const cache = await caches.open(CACHE);
  return (await cache.match(request.url)) ?? (await cache.match(PAGE)) ?? Response.error();
}
