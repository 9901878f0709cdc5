// What a diner's page makes of an order, whatever it says.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { OrderProgress } from "@scanserve/client";
import { journeyOf, linesOf, madeOf, newsOf, promiseOf } from "../src/diner/journey.ts";
import { dinerLanguages } from "../src/diner/words.ts";
import { headlineOf } from "../src/diner/order_view.ts";

const NOW = Date.parse("2026-11-24T19:00:00.000Z");
const STATUSES = ["scheduled", "placed", "accepted", "preparing", "ready", "completed", "rejected", "cancelled", "failed"];
const statuses = fc.oneof(fc.constantFrom(...STATUSES), fc.string()); // the enum is open
const states = fc.oneof(fc.constantFrom("new", "held", "preparing", "ready", "served", "voided"), fc.string());
const items = fc.dictionary(fc.string(), fc.record({ name: fc.string(), quantity: fc.constant("1"), state: states }, { noNullPrototype: true }));
const order = (status: string, lines: OrderProgress["items"] = {}, more: Partial<OrderProgress> = {}): OrderProgress =>
  ({ order_id: "o", venue_id: "v", version: 1, status, items: lines, ...more }) as OrderProgress;
const line = (state: string): OrderProgress["items"][string] => ({ name: "Margherita", quantity: "2", state });

test("an order is in one step at most, all before it are done, none behind it is; and there are words for all of it", () => {
  fc.assert(fc.property(statuses, items, (status, lines) => {
    const path = journeyOf(status).map(({ state }) => state).join(" ");
    assert.match(path, /^(done ?)*(now ?)?(next ?)*$/);
    const { made, of } = madeOf(linesOf(order(status, lines)));
    assert.ok(made <= of && of <= Object.keys(lines).length);
    for (const [, words] of dinerLanguages) assert.ok(headlineOf(order(status, lines), words));
  }));
});

test("an order that was called off does not pretend to have come any further", () => {
  assert.deepEqual(journeyOf("cancelled").map(({ stage }) => stage), ["placed", "cancelled"]);
});

test("a promise counts until the order is ready, and is owned up to when it is broken", () => {
  const at = (minutes: number): string => new Date(NOW + minutes * 60_000).toISOString();
  assert.equal(promiseOf(order("preparing", {}, { promised_at: at(5) }), NOW)?.passed, false);
  assert.equal(promiseOf(order("preparing", {}, { promised_at: at(-5) }), NOW)?.passed, true);
  assert.equal(promiseOf(order("ready", {}, { promised_at: at(-5) }), NOW), undefined);
  assert.equal(promiseOf(order("preparing"), NOW), undefined);
});

test("news is what a diner waits for: a stage, a line that was made or struck; served is no second time ready", () => {
  const before = order("preparing", { a: line("preparing"), b: line("ready"), c: line("new") });
  const after = order("preparing", { a: line("ready"), b: line("served"), c: line("voided") });
  assert.deepEqual(newsOf(before, after), { stage: false, made: ["Margherita"], struck: ["Margherita"] });
  assert.equal(newsOf(before, order("ready")).stage, true);
});
