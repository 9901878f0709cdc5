// Bundles the pages into what the notifier serves: `node build.mjs`; with --check says whether what is committed differs.

import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";

const LEGAL = "/* Built by `make page` from services/notifier/board; see THIRD_PARTY.md for what else is in it. */";
const PAGES = { board: "src/main.ts", order: "src/diner/main.ts", manager: "src/manager/main.ts" };
const STYLES = { board: "src/board.css", order: "src/diner/order.css", manager: "src/manager/manager.css" };
const SHELL = { "./": "index.html", "board.js": "board.js", "board.css": "board.css", "icon.svg": "icon.svg", "manifest.webmanifest": "manifest.webmanifest" };
const served = new URL("../src/notifier/static/", import.meta.url);

const options = {
  absWorkingDir: import.meta.dirname,
  outdir: "out",
  bundle: true,
  minify: true,
  charset: "utf8",
  write: false,
  format: "esm",
  target: ["chrome100", "firefox110", "safari16"],
  legalComments: "none",
  banner: { js: LEGAL, css: LEGAL },
};

/** Name → bytes of what is built of these. */
async function built(entries, more = {}) {
  const entryPoints = Object.entries(entries).map(([out, from]) => ({ in: from, out }));
  const { outputFiles } = await build({ ...options, entryPoints, ...more });
  return new Map(outputFiles.map(({ path, contents }) => [path.split("/").at(-1), Buffer.from(contents)]));
}

const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** What the service worker keeps, each by its hash, and one hash of all: another build is another worker. */
async function shellOf(files) {
  const digests = {};
  for (const [path, name] of Object.entries(SHELL)) digests[path] = digest(files.get(name) ?? (await readFile(new URL(name, served))));
  return { SHELL: JSON.stringify(digests), VERSION: JSON.stringify(digest(JSON.stringify(digests)).slice(0, 16)) };
}

const files = new Map([...(await built(PAGES)), ...(await built(STYLES))]);
const worker = await built({ service_worker: "src/service_worker.ts" }, { define: await shellOf(files) });

for (const [name, contents] of [...files, ...worker]) {
  const target = new URL(name, served);
  if (!process.argv.includes("--check")) await writeFile(target, contents);
  else if (!contents.equals(await readFile(target).catch(() => Buffer.alloc(0)))) {
    throw new Error(`${name} is not what its sources give: make page`);
  }
}
