/**
 * Bundle the verifier for browsers: node build.mjs FOLDER.
 *
 * What comes out is committed as sms/static/verify/, so whoever installs the product needs no
 * Node. The same sources and lock give the same bytes: no time, no path, our own gzip.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { gzip } from "pako";

const HERE = dirname(fileURLToPath(import.meta.url));
const ENTRIES = {
  page: "src/page/main.js",
  checker: "src/checker/checker.js",
  service_worker: "src/offline/service_worker.js",
};
const INSIDE_THE_READER = `zxing-wasm contains zxing-cpp (Apache-2.0), compiled with Emscripten (MIT).
https://github.com/zxing-cpp/zxing-cpp`;

const target = process.argv[2];
if (!target) throw new Error("usage: node build.mjs FOLDER");
mkdirSync(target, { recursive: true });

const { metafile } = await build({
  absWorkingDir: HERE,
  entryPoints: ENTRIES,
  outdir: target,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome103", "firefox101", "safari16"],
  legalComments: "none", // all in licences.txt
  metafile: true,
});
const reader = readFileSync(join(HERE, "node_modules/zxing-wasm/dist/reader/zxing_reader.wasm"));
writeFileSync(join(target, "zxing_reader.wasm.gz"), gzip(reader, { level: 9 }));
writeFileSync(join(target, "licences.txt"), licences(packagesIn(metafile)));

/** Names of the npm packages of which anything was bundled. */
function packagesIn({ inputs }) {
  const names = Object.keys(inputs).map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
  return [...new Set(names.filter(Boolean))].sort();
}

function licences(names) {
  const parts = names.map((name) => {
    const folder = join(HERE, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return `${name} ${version}, ${license}\n\n${readFileSync(join(folder, "LICENSE"), "utf8").trim()}\n`;
  });
  return [...parts, `${INSIDE_THE_READER}\n`].join(`\n${"=".repeat(80)}\n\n`);
}
