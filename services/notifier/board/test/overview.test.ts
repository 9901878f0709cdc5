// What a manager's page makes of an organization's open orders.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Order } from "@scanserve/client";
import { overviewOf } from "../src/manager/overview.ts";

const NOW = Date.parse("2026-11-24T19:00:00.000Z");
const at = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
const order = (id: string, venue: string, status: string, minutes: number, promised?: number): Order => ({
  order_id: id, venue_id: venue, display_number: id, version: 1, status, placed_at: at(minutes), status_since: at(minutes), items: {},
  ...(promised === undefined ? {} : { promised_at: at(-promised) }),
}) as unknown as Order;

const orders = fc.array(fc.tuple(
  fc.uuid(), fc.constantFrom("bar", "osteria"), fc.constantFrom("placed", "accepted", "preparing", "ready", "completed", "cancelled", "later"),
  fc.nat(60), fc.option(fc.integer({ min: -60, max: 60 }), { nil: undefined }),
).map((parts) => order(...parts)));

test("figures are the sums of the venues' rows, and of open orders alone", () => {
  fc.assert(fc.property(orders, (all) => {
    const { totals, open, venues, late } = overviewOf(all, ["kiosk"], NOW);
    const sum = (of: (row: (typeof venues)[number]) => number): number => venues.reduce((before, row) => before + of(row), 0);
    for (const stage of ["placed", "accepted", "preparing", "ready"] as const) {
      assert.equal(totals[stage], sum(({ counts }) => counts[stage]));
      assert.equal(totals[stage], all.filter(({ status }) => status === stage).length);
    }
    assert.equal(open, Object.values(totals).reduce((one, other) => one + other));
    assert.equal(late.length, sum((row) => row.late));
    assert.ok(venues.some(({ venue }) => venue === "kiosk"));
  }));
});

test("late is a promise that was broken, or a stay that a board would call late; the worst is first", () => {
  const all = [
    order("on time", "bar", "preparing", 3, 10), order("stays", "bar", "placed", 7), order("broken", "bar", "accepted", 2, -1),
    order("worse", "bar", "preparing", 2, -9), order("ready in time", "bar", "ready", 1, -5),
  ];
  const { late } = overviewOf(all, [], NOW);
  assert.deepEqual(late.map(({ id }) => id), ["worse", "broken", "stays"]);
  assert.deepEqual(late.map(({ overdue }) => overdue), [9, 1, undefined]);
});
