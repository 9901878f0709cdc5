// The fold is RFC 7396's, for whatever JSON comes.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mergePatch } from "../src/merge_patch.ts";

// Appendix A of the RFC.
const EXAMPLES: [unknown, unknown, unknown][] = [
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [["a", "b"], ["c", "d"], ["c", "d"]],
  [{ a: "b" }, ["c"], ["c"]],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

test("the RFC's own examples", () => {
  for (const [target, patch, result] of EXAMPLES) assert.deepEqual(mergePatch(target, patch), result);
});

// As the RFC words it, as a recursion on maps, so that no name means anything to the language.
function reference(target: unknown, patch: unknown): unknown {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const isObject = target !== null && typeof target === "object" && !Array.isArray(target);
  const result = new Map<string, unknown>(isObject ? Object.entries(target as object) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, reference(result.get(name), value));
  }
  return Object.fromEntries(result);
}

const names = fc.oneof(fc.constantFrom("a", "b", "__proto__", "constructor", "toString"), fc.string());
const { json } = fc.letrec((tie) => ({
  json: fc.oneof({ depthSize: "small" }, fc.constant(null), fc.integer(), fc.string(), fc.array(tie("json")), tie("object")),
  object: fc.array(fc.tuple(names, tie("json"))).map((entries) => Object.fromEntries(entries)),
}));

test("any patch on any document gives what the RFC says, and changes neither", () => {
  fc.assert(fc.property(json, json, (target, patch) => {
    const before = JSON.stringify([target, patch]);
    assert.equal(JSON.stringify(mergePatch(target, patch)), JSON.stringify(reference(target, patch)));
    assert.equal(JSON.stringify([target, patch]), before);
  }));
});

test("a patch nested a hundred thousand deep is no way to end a screen", () => {
  let patch: unknown = 1;
  for (let depth = 0; depth < 100_000; depth += 1) patch = { a: patch };
  assert.notEqual(mergePatch({}, patch), undefined);
});
