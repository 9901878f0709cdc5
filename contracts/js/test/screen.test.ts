// Single facts about a screen: what it says of itself, how long it waits, when it asks for a token.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Following } from "../src/following.ts";
import { Ledger } from "../src/ledger.ts";
import { afterAsked, pollAfter, reconnectAfter, refreshAfter } from "../src/pacing.ts";
import { further, isBeyond } from "../src/positions.ts";
import { ServerClock } from "../src/server_clock.ts";
import type { Effect, Input } from "../src/signals.ts";
import type { Order } from "../src/schema.ts";

const order = (id: string, version: number, status = "placed"): Order => ({ order_id: id, version, status, items: {} }) as unknown as Order;
const snapshot = (offset: number) => ({ position: `0a0a0a0a.0-${offset}`, server_time: "", orders: [order("a", 1)] });

/** A screen that has taken `inputs`, and all that it asked for since. */
function screen(...inputs: Input[]): { following: Following; effects: Effect[]; take(input: Input): Effect[] } {
  const following = new Following(() => 0.5);
  const effects: Effect[] = [];
  let now = 0;
  const take = (input: Input): Effect[] => {
    const led = following.on(input, (now += 100));
    effects.push(...led);
    return led;
  };
  inputs.forEach(take);
  return { following, effects, take };
}

const TOKEN: Input = { kind: "token", expiresIn: 3_600_000 };
const LIVE: Input[] = [
  { kind: "started" }, TOKEN, { kind: "snapshot", attempt: 1, snapshot: snapshot(5) }, { kind: "connected" },
  { kind: "joined", attempt: 2, answer: { position: "0a0a0a0a.0-5" } },
];
const statuses = (effects: Effect[]): string[] => effects.flatMap((effect) => (effect.kind === "status" ? [effect.status.phase] : []));
const failed: Input = { kind: "connectFailed", refused: undefined };

test("a screen is loading, then live; cut off it is offline since then; back in the room it is live", () => {
  const { effects, take } = screen(...LIVE);
  assert.deepEqual(statuses(effects), ["loading", "live"]);
  assert.deepEqual(statuses(take({ kind: "disconnected", byServer: false })), ["offline"]);
  take({ kind: "timer", timer: "connect" });
  take({ kind: "connected" });
  assert.deepEqual(statuses(take({ kind: "joined", attempt: 3, answer: { position: "0a0a0a0a.0-5" } })), ["live"]);
});

test("a feed that hears nothing from the log makes a screen stale, and live again when it does", () => {
  const { take } = screen(...LIVE);
  const since = "2026-11-24T12:00:00.000Z";
  assert.deepEqual(take({ kind: "feed", status: { stale: true, since } }), [{ kind: "status", status: { phase: "stale", since } }]);
  assert.deepEqual(statuses(take({ kind: "feed", status: { stale: false, since } })), ["live"]);
});

test("a token that is refused is renewed once, then the screen says so and is quiet", () => {
  const { take, following } = screen(...LIVE, { kind: "disconnected", byServer: true });
  assert.equal(following.known.refused, undefined);
  take(TOKEN);
  const last = take({ kind: "connectFailed", refused: "the token has been revoked" });
  assert.deepEqual(last.at(-1), { kind: "status", status: { phase: "refused", expired: false, why: "the token has been revoked" } });
  assert.deepEqual(take({ kind: "nudged" }), []);
});

test("snapshot and socket refused at the same time are one refusal, and one new token mends both", () => {
  const { take, effects, following } = screen({ kind: "started" }, TOKEN);
  take({ kind: "snapshotFailed", attempt: 1, refused: "expired" });
  take({ kind: "connectFailed", refused: "expired" });
  assert.equal(effects.filter(({ kind }) => kind === "askToken").length, 2); // the first, and one for both
  assert.equal(following.known.refused, undefined);
});

test("a token is renewed before it expires, and shown on the open connection", () => {
  const { take, effects } = screen(...LIVE);
  const wait = effects.find((effect) => effect.kind === "wait" && effect.timer === "refresh");
  assert.ok(wait?.kind === "wait" && wait.ms < 3_600_000 && wait.ms > 3_300_000);
  assert.deepEqual(take({ kind: "timer", timer: "refresh" }), [{ kind: "askToken", refusal: undefined }]);
  assert.ok(take(TOKEN).some(({ kind }) => kind === "present"));
  assert.deepEqual(take({ kind: "presented", taken: false }).slice(0, 1), [{ kind: "hangUp" }]); // an older server: anew
});

test("the server's word on how long a token lasts counts more than the device's clock", () => {
  const { take } = screen(...LIVE.slice(0, -1));
  const effects = take({ kind: "joined", attempt: 2, answer: { position: "0a0a0a0a.0-5", expires_in: 100 } });
  assert.deepEqual(effects.find(({ kind }) => kind === "wait"), { kind: "wait", timer: "refresh", ms: 85_000 });
});

test("a screen that is signed out stays out", () => {
  const { take } = screen(...LIVE);
  assert.deepEqual(statuses(take({ kind: "signedOut", reason: "the shift is over" })), ["refused"]);
  assert.deepEqual(take({ kind: "disconnected", byServer: true }), []);
});

test("a screen whose token ran out before a newer one came asks for one once more", () => {
  const { take } = screen({ kind: "started" }, { kind: "token", expiresIn: 300 }, ...LIVE.slice(2));
  const ended = take({ kind: "signedOut", reason: "the token has expired: get a new one" });
  assert.deepEqual(ended.filter(({ kind }) => kind === "askToken"), [{ kind: "askToken", refusal: "the token has expired: get a new one" }]);
  assert.deepEqual(take({ kind: "disconnected", byServer: true }).filter(({ kind }) => kind === "askToken"), []);
});

test("a replica that drains says when to come back, and the screen waits that long and a little", () => {
  const { take } = screen(...LIVE, { kind: "draining", retryAfter: 4000 });
  const [wait] = take({ kind: "disconnected", byServer: false });
  assert.deepEqual(wait, { kind: "wait", timer: "connect", ms: 5000 });
});

test("where no socket can be had the screen polls, slower while nothing is new, and stops once it is live", () => {
  const { take, following } = screen({ kind: "started" }, TOKEN, { kind: "snapshot", attempt: 1, snapshot: snapshot(5) });
  const effects = [failed, failed, failed].flatMap(take);
  assert.ok(effects.some((effect) => effect.kind === "wait" && effect.timer === "poll"));
  assert.deepEqual(take({ kind: "timer", timer: "poll" }).at(-1), { kind: "fetchSnapshot", attempt: 2, since: "0a0a0a0a.0-5" });
  const news = take({ kind: "snapshot", attempt: 2, snapshot: snapshot(9) });
  assert.deepEqual(statuses(news), ["polling"]);
  assert.deepEqual(news.find(({ kind }) => kind === "wait"), { kind: "wait", timer: "poll", ms: 2000 });
  take({ kind: "timer", timer: "poll" });
  const none = take({ kind: "changes", attempt: 3, changes: { ...snapshot(9), orders: [] } });
  assert.deepEqual(none.find(({ kind }) => kind === "wait"), { kind: "wait", timer: "poll", ms: 3000 });
  take({ kind: "connected" });
  take({ kind: "joined", attempt: 4, answer: { position: "0a0a0a0a.0-9" } });
  assert.equal(following.known.polling, false);
  assert.deepEqual(take({ kind: "timer", timer: "poll" }), []);
});

test("a server that sends every snapshot's position back is asked less and less often", () => {
  const { take } = screen(...LIVE);
  assert.ok(take({ kind: "cut" }).some(({ kind }) => kind === "fetchSnapshot")); // at once, the first time
  take({ kind: "snapshot", attempt: 3, snapshot: snapshot(5) });
  const again = take({ kind: "joined", attempt: 4, answer: { resync: true } });
  assert.deepEqual(again.filter(({ kind }) => kind !== "status"), [{ kind: "wait", timer: "snapshot", ms: 900 }]);
  take({ kind: "timer", timer: "snapshot" });
  take({ kind: "snapshot", attempt: 5, snapshot: snapshot(5) });
  const third = take({ kind: "joined", attempt: 6, answer: { resync: true } });
  assert.deepEqual(third.filter(({ kind }) => kind !== "status"), [{ kind: "wait", timer: "snapshot", ms: 1800 }]);
});

test("an answer of order-api counts at once, and the room's own event for it is a repeat", () => {
  const { take } = screen(...LIVE);
  const put = take({ kind: "answered", order: order("a", 2, "accepted") });
  assert.equal(put[0]?.kind, "changed");
  const meta = { room: "venue:v", prev: "0a0a0a0a.0-5", to: "0a0a0a0a.0-6", server_time: "" };
  const event = { id: "e", type: "t", order_id: "a", venue_id: "v", organization_id: "o", version: 2, time: "", actor: "x", change: {} };
  assert.deepEqual(take({ kind: "batch", events: [event], meta }), []);
});

test("closed orders are kept for those who look back, but not a whole day of them", () => {
  const ledger = new Ledger();
  ledger.reset([order("open", 1)]);
  for (let number = 0; number < 500; number += 1) ledger.put(order(`closed-${number}`, 3, "completed"));
  assert.equal(ledger.orders.size, 201);
  assert.ok(ledger.orders.has("open") && ledger.orders.has("closed-499") && !ledger.orders.has("closed-0"));
});

test("waits are spread, bounded, and never shorter than what a server asked for", () => {
  fc.assert(fc.property(fc.nat(100), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(100_000), (attempt, chance, asked) => {
    assert.ok(reconnectAfter(attempt, chance) >= 150 && reconnectAfter(attempt, chance) <= 20_000);
    assert.ok(afterAsked(asked, chance) >= asked);
    assert.ok(pollAfter(asked, false, 30_000, chance) >= 27_000);
    assert.ok(refreshAfter(asked, chance) <= Math.max(5_000, asked));
  }));
});

const offsets = fc.dictionary(fc.constantFrom("0", "1", "2"), fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }), { minKeys: 1 });
const positions = offsets.map((parts) => ["0a0a0a0a", ...Object.entries(parts).map(([p, o]) => `${p}-${o}`)].join("."));

test("the further of two positions lies beyond neither of them, and nothing lies beyond it that lies within both", () => {
  fc.assert(fc.property(positions, positions, (one, other) => {
    const both = further(one, other);
    assert.ok(!isBeyond(one, both) && !isBeyond(other, both));
    assert.equal(isBeyond(both, one), isBeyond(other, one));
  }));
});

test("the server's clock is the quickest message's, and follows a jump", () => {
  const clock = new ServerClock();
  assert.equal(clock.now(5, 42), 42);
  clock.observe("2026-11-24T12:00:00.000Z", 1000);
  clock.observe("2026-11-24T12:00:01.000Z", 2300); // 300 ms late
  assert.equal(clock.now(2300, 0), Date.parse("2026-11-24T12:00:01.300Z"));
  clock.observe("2026-11-24T11:00:00.000Z", 2400);
  assert.equal(clock.now(2400, 0), Date.parse("2026-11-24T11:00:00.000Z"));
});
