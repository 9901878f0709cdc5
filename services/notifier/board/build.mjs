// Bundles the board into what the notifier serves: `node build.mjs`; with --check says whether what is committed differs.

import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";

const LEGAL = "/* The staff board. Built by `make page` from services/notifier/board; see THIRD_PARTY.md for what else is in it. */\n";
const served = new URL("../src/notifier/static/", import.meta.url);

const { outputFiles } = await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: { "board": "src/main.ts", "board.css": "src/board.css" },
  outdir: "out",
  entryNames: "[name]",
  bundle: true,
  minify: true,
  write: false,
  format: "esm",
  target: ["chrome100", "firefox110", "safari16"],
  legalComments: "none",
  banner: { js: LEGAL.trim(), css: LEGAL.trim() },
});

for (const { path, contents } of outputFiles) {
  const name = path.split("/").at(-1).replace("board.css.css", "board.css");
  const target = new URL(name, served);
  if (!process.argv.includes("--check")) await writeFile(target, contents);
  else if (!Buffer.from(contents).equals(await readFile(target).catch(() => Buffer.alloc(0)))) {
    throw new Error(`${name} is not what its sources give: make page`);
  }
}
