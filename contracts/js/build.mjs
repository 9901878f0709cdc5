// Writes src/schema.ts from contracts/schemas; with --check says whether it has drifted.

import { readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";

const NAMES = [
  "event", "order", "batch-meta", "subscribe", "subscribe-ack", "refresh", "refresh-ack", "resync", "feed-status", "draining", "notice", "signed-out", "order-progress",
];
const HEADER = "// Written by `make page` from contracts/schemas; a test says when it has drifted.\n";
const OPTIONS = { bannerComment: "", additionalProperties: false, strictIndexSignatures: false, unreachableDefinitions: false };

/** Drop the titles of fields: each would become a type of its own. */
function withoutTitles(node, top = true) {
  if (Array.isArray(node)) return node.map((part) => withoutTitles(part, false));
  if (node === null || typeof node !== "object") return node;
  const entries = Object.entries(node).filter(([name, value]) => top || name !== "title" || typeof value !== "string");
  return Object.fromEntries(entries.map(([name, value]) => [name, withoutTitles(value, false)]));
}

async function schemaTypes() {
  const parts = [HEADER];
  for (const name of NAMES) {
    const schema = JSON.parse(await readFile(new URL(`../schemas/${name}.schema.json`, import.meta.url), "utf8"));
    parts.push(await compile(withoutTitles(schema), schema.title ?? "Event", OPTIONS));
  }
  return parts.join("\n");
}

const target = new URL("src/schema.ts", import.meta.url);
const wanted = await schemaTypes();
if (!process.argv.includes("--check")) await writeFile(target, wanted);
else if ((await readFile(target, "utf8")) !== wanted) throw new Error("src/schema.ts has drifted from contracts/schemas: make page");
