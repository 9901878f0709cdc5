// Whatever the network, the rows and the replicas do, a screen ends equal to the log, each version shown once, in order.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isOpen } from "../src/ledger.ts";
import { World, type Step } from "./world.ts";

const RUNS = Number(process.env.PROPERTY_RUNS ?? 10_000);
const plain = (["flush", "loseBatch", "deliver", "cut", "rows", "answer", "fail", "timer", "forget", "kick", "cutFeed", "nudge"] as const)
  .map((name) => ({ do: name }));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.nat(3).map((number) => ({ do: "order" as const, number })) },
  { weight: 3, arbitrary: fc.constantFrom(...(["flush", "deliver", "answer", "rows"] as const).map((name) => ({ do: name }))) },
  { weight: 3, arbitrary: fc.constantFrom(...plain) },
);

// A screen that is live already; the cuts among the steps bring all the beginnings there are.
const ENTERING = (["answer", "deliver", "answer", "deliver"] as const).map((name) => ({ do: name }));

function follow(steps: Step[], replays = true): World {
  const world = new World();
  world.replays = replays;
  world.start();
  for (const one of [...ENTERING, ...steps]) world.take(one);
  world.settle();
  return world;
}

function check(world: World): void {
  const { following } = world;
  assert.equal(following.known.joined, true, "it is in the room in the end");
  const held = new Map([...following.ledger.orders].filter(([, order]) => isOpen(order)));
  assert.deepEqual(held, world.truth);
  assert.equal(following.position, world.end);
  for (const [order, versions] of world.seen) {
    assert.deepEqual(versions, [...new Set(versions)].sort((one, other) => one - other), `${order} was shown ${versions}`);
  }
}

test("any course of things ends with the orders of the log, none shown twice or out of order", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => check(follow(steps))), { numRuns: RUNS });
});

test("a server that forgets to replay is found out: the property can fail", () => {
  const broken = (): void =>
    fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => check(follow(steps, false))), { numRuns: RUNS });
  assert.throws(broken);
});
