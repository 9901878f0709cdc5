// What is shown, counted and asked for: the pure part of the board.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Event, Item, Order } from "@scanserve/client";
import { actOf, bumpOf, foreseen, isDone, RELEASE, recallOf, tickOf, type View } from "../src/acts.ts";
import { History } from "../src/history.ts";
import { allDay, columnsOf, laterOf, THRESHOLDS, urgencyOf, type Shown } from "../src/kitchen.ts";
import { loudest, toReadOut } from "../src/news.ts";
import { Outbox, verdictOf, type Command, type Kept } from "../src/outbox.ts";
import { refusalText } from "../src/telling.ts";
import { languageOf } from "../src/language.ts";
import { languages, wordsOf } from "../src/words.ts";

const NOW = Date.parse("2026-11-24T19:00:00.000Z");
const at = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
const item = (station: string, state: string, quantity = "1"): Item => ({ name: `from ${station}`, quantity, station, state }) as Item;

function order(id: string, status: string, minutes: number, items: Record<string, Item>, more: Partial<Order> = {}): Order {
  const times = { placed_at: at(minutes), status_since: at(minutes) };
  return { order_id: id, display_number: id, status, version: 3, items, ...times, ...more } as Order;
}

const shown = (view: View, more: Partial<Shown> = {}): Shown =>
  ({ view, now: NOW, thresholds: THRESHOLDS, cancelled: new Map(), acknowledged: new Set(), ...more });
const OVEN: View = { kind: "station", station: "oven" };
const both = (oven: string, bar: string): Record<string, Item> => ({ a: item("oven", oven), b: item("bar", bar) });

test("tickets stand oldest first, rush before all, whatever order they come in", () => {
  const orders = [order("A", "placed", 9, both("new", "new")), order("B", "placed", 5, both("new", "new")),
    order("C", "placed", 1, both("new", "new"), { priority: 5 })];
  fc.assert(fc.property(fc.shuffledSubarray(orders, { minLength: 3 }), (some) => {
    assert.deepEqual(columnsOf(some, shown({ kind: "all" }))[0]?.tickets.map(({ id }) => id), ["C", "A", "B"]);
  }));
});

test("orders for later stand by their time, whatever zone it is written in, and only while they wait", () => {
  const due = (id: string, scheduled_for: string | null, status = "scheduled"): Order =>
    order(id, status, 0, both("new", "new"), { scheduled_for });
  const orders = [due("C", "2026-11-24T21:30:00+02:00"), due("A", "2026-11-24T19:15:00Z"), due("B", "2026-11-24T19:20:00Z"),
    due("D", "2026-11-24T19:00:00Z", "placed"), due("E", null)];
  assert.deepEqual(laterOf(orders).map(({ order_id }) => order_id), ["A", "B", "C"]);
  const [released] = orders.map((one) => foreseen(one, RELEASE));
  assert.equal(released?.status, "placed");
  assert.equal(isDone(released as Order, RELEASE), true);
  assert.equal(isDone(orders[0] as Order, RELEASE), false);
});

test("an order is in one column of each view, or in none", () => {
  const states = fc.constantFrom("new", "held", "preparing", "ready", "served", "voided");
  const statuses = fc.constantFrom("scheduled", "placed", "accepted", "preparing", "ready", "completed", "cancelled", "later");
  const views = fc.constantFrom<View>({ kind: "all" }, { kind: "expo" }, OVEN);
  fc.assert(fc.property(states, states, statuses, views, (oven, bar, status, view) => {
    const columns = columnsOf([order("A", status, 3, both(oven, bar))], shown(view));
    assert.ok(columns.reduce((sum, { tickets }) => sum + tickets.length, 0) <= 1);
  }));
});

test("a station's ticket holds its own lines, and says where else the order is", () => {
  const columns = columnsOf([order("A", "preparing", 3, both("preparing", "ready"))], shown(OVEN));
  const [ticket] = columns.find(({ stage }) => stage === "preparing")?.tickets ?? [];
  assert.deepEqual(ticket?.lines.map(({ id }) => id), ["a"]);
  assert.deepEqual(ticket?.elsewhere, [{ station: "bar", made: 1, of: 1 }]);
  assert.deepEqual(columnsOf([order("B", "preparing", 3, both("ready", "new"))], shown(OVEN)).at(-1)?.tickets.length, 1);
});

test("each stage has thresholds of its own", () => {
  assert.deepEqual([2, 3, 6].map((minutes) => urgencyOf("placed", minutes, THRESHOLDS)), ["", "slow", "late"]);
  assert.deepEqual([7, 8, 15].map((minutes) => urgencyOf("preparing", minutes, THRESHOLDS)), ["", "slow", "late"]);
});

test("all-day counts what is left to make, decimals too", () => {
  const items = { a: item("oven", "new", "0.1"), b: item("oven", "held", "0.2"), c: item("oven", "ready", "9"), d: item("bar", "voided") };
  const columns = columnsOf([order("A", "accepted", 1, items), order("B", "placed", 1, both("new", "new"))], shown({ kind: "all" }));
  assert.deepEqual(allDay(columns), [{ name: "from oven", quantity: 1.3 }, { name: "from bar", quantity: 1 }]);
});

test("voided lines are shown until acknowledged; with none left the ticket goes", () => {
  const one = order("A", "preparing", 1, { a: item("oven", "voided") });
  assert.equal(columnsOf([one], shown({ kind: "all" }))[2]?.tickets.length, 1);
  assert.equal(columnsOf([one], shown({ kind: "all" }, { acknowledged: new Set(["A/a"]) }))[2]?.tickets.length, 0);
});

test("what is foreseen is what the rules do: a bump leaves held lines, the last tick makes the order ready", () => {
  const held = foreseen(order("A", "preparing", 1, both("new", "held")), { path: "ready", pinned: true });
  assert.deepEqual([held.status, held.items.a?.state, held.items.b?.state], ["preparing", "ready", "held"]);
  const one = order("A", "preparing", 1, both("preparing", "ready"));
  assert.equal(foreseen(one, tickOf("a", one.items.a as Item)).status, "ready");
  assert.equal(foreseen(one, tickOf("b", one.items.b as Item)).items.b?.state, "preparing");
  const station = actOf(bumpOf("preparing", OVEN) ?? "ready", OVEN);
  assert.deepEqual([station.path, foreseen(one, station).status], ["stations/oven/ready", "ready"]);
  assert.equal(foreseen(order("A", "ready", 1, both("ready", "ready")), recallOf(OVEN)).items.b?.state, "ready");
});

test("whoever was slower knows whether it is done or different", () => {
  assert.equal(isDone(order("A", "ready", 1, both("ready", "ready")), { path: "start", pinned: true }), true);
  assert.equal(isDone(order("A", "cancelled", 1, both("new", "new")), { path: "accept", pinned: true }), false);
  assert.equal(isDone(order("A", "preparing", 1, both("ready", "new")), { path: "items/a/ready", pinned: false }), true);
});

class InMemory implements Kept {
  commands: Command[] = [];
  put = (command: Command): void => void (this.commands = [...this.commands, command].sort((one, other) => one.at - other.at));
  drop = (key: string): void => void (this.commands = this.commands.filter((command) => command.key !== key));
  refresh(): void {}
}

test("an act is taken once, an order's acts wait for each other, and a refusal drops what was built on it", () => {
  const kept = new InMemory();
  const [outbox, tab] = [new Outbox(kept), new Outbox(kept)];
  const one = order("A", "placed", 1, both("new", "new"));
  const accept = outbox.add("k1", NOW, one, "A", { path: "accept", pinned: true });
  assert.equal(tab.add("k2", NOW, one, "A", { path: "accept", pinned: true }), undefined);
  tab.add("k3", NOW, tab.foresee(one), "A", { path: "start", pinned: true });
  outbox.add("k4", NOW, order("B", "placed", 1, both("new", "new")), "B", { path: "accept", pinned: true });
  assert.deepEqual(outbox.due().map(({ key }) => key), ["k1", "k4"]);
  assert.deepEqual([accept?.version, outbox.commands[1]?.version], [3, 4]); // the second means what the first leads to
  assert.equal(outbox.foresee(one).status, "preparing");
  outbox.renew("k1", "k5", 7);
  assert.deepEqual(outbox.due().map(({ key, version }) => [key, version]), [["k5", 7], ["k4", 3]]); // it keeps its place
  assert.deepEqual([outbox.holds("k1"), outbox.holds("k5")], [false, true]);
  outbox.drop("A");
  assert.deepEqual([outbox.commands.map(({ key }) => key), outbox.foresee(one).status], [["k4"], "placed"]);
});

test("answers that leave the outcome open are asked for again, the others are not", () => {
  assert.deepEqual([200, 201, 401, 403, 404, 409, 412, 422, 408, 429, 500, 503].map(verdictOf),
    ["done", "done", "token", "refused", "refused", "refused", "refused", "refused", "again", "again", "again", "again"]);
});

const event = (id: string, type: string, change: object = {}): Event => ({ order_id: id, type: `order.${type}.v1`, actor: "x", change }) as Event;

test("one batch makes one sound, the one that matters most, and is read out in one breath", () => {
  assert.equal(loudest([event("A", "placed"), event("B", "item_voided")]), "voided");
  assert.equal(loudest([event("A", "item_ready", { status: "ready" })]), "ready");
  assert.equal(loudest([event("A", "payment_captured")]), undefined);
  const many = Array.from({ length: 20 }, (_, number) => event(`A${number}`, "placed"));
  assert.deepEqual([toReadOut(many, 4).told.length, toReadOut(many, 4).more], [4, 16]);
});

test("whoever is slower reads who was first: a colleague by name, this very person as another screen", () => {
  const command = { label: "A", orderId: "A", act: { path: "accept", pinned: true } } as Command;
  const accepted = order("A", "accepted", 1, both("new", "new"));
  const text = (now: Order | undefined, actor?: string): string => refusalText(command, now, actor, "grill", wordsOf("en"));
  assert.equal(text(accepted, "fry"), "A: already done by fry");
  assert.equal(text(accepted, "grill"), "A: already done by another screen");
  assert.equal(text(order("A", "cancelled", 1, {}), undefined), "A was changed by someone else: look again");
  assert.equal(text(undefined), "A: that could not be done");
});

test("an order called off while it is shown stays until seen, and leaves nothing behind", () => {
  const history = new History();
  const one = order("A", "preparing", 1, both("new", "new"));
  history.take({ orders: [one], events: [event("A", "items_added", { items: { b: {} } })], whole: false });
  assert.deepEqual([...(history.marksOf("A") ?? [])], [["b", "added"]]);
  history.take({ orders: [{ ...one, status: "cancelled" }], events: [event("A", "cancelled")], whole: false });
  assert.deepEqual([history.cancelled.get("A"), history.marksOf("A")], ["preparing", undefined]);
  history.acknowledge(one);
  assert.equal(history.cancelled.size, 0);
  const evening = Array.from({ length: 2000 }, (_, number) => event(`B${number}`, "placed"));
  history.take({ orders: [], events: evening, whole: false });
  assert.deepEqual([history.actorOf("B1999"), history.actorOf("B0")], ["x", undefined]);
  history.take({ orders: [], events: [], whole: true });
  assert.deepEqual([history.acknowledged.size, history.actorOf("A")], [0, undefined]);
});

test("a device gets the first of its languages that the board speaks, and every language says everything", () => {
  assert.deepEqual([languageOf(["ar-EG", "en"]), languageOf(["fr", "ar"]), languageOf(["fr"]), languageOf([])], ["ar", "ar", "en", "en"]);
  const blanks = (value: unknown): boolean => value === "" || (typeof value === "object" && value !== null && Object.values(value).some(blanks));
  for (const [name, words] of languages) assert.ok(!blanks(words), name);
});
