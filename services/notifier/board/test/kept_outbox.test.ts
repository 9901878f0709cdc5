// The outbox on a device: what one tab puts there the others see, and where there is no room nothing is lost meanwhile.

import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptOutbox } from "../src/kept_outbox.ts";
import type { Command } from "../src/outbox.ts";

const NOW = Date.parse("2026-11-24T19:00:00.000Z");
const command = (key: string, at: number): Command => ({ key, at, orderId: "A", label: "A", act: { path: "accept", pinned: true }, version: 1, essence: "" });

/** A device's storage: entries are own properties, as a browser's are; `full` takes nothing more. */
class Storage {
  full = false;
  getItem(name: string): string | null {
    return (this as unknown as Record<string, string>)[name] ?? null;
  }
  setItem(name: string, value: string): void {
    if (this.full) throw new DOMException("full", "QuotaExceededError");
    (this as unknown as Record<string, string>)[name] = value;
  }
  removeItem(name: string): void {
    delete (this as unknown as Record<string, string>)[name];
  }
}

function device(): Storage {
  const storage = new Storage();
  Object.assign(globalThis, { localStorage: storage, addEventListener: () => undefined });
  return storage;
}

const keys = (outbox: KeptOutbox): string[] => {
  outbox.refresh();
  return outbox.commands.map(({ key }) => key);
};

test("tabs of a venue see each other's taps, in the order in which they were meant, and write over none", () => {
  device();
  const [one, other, elsewhere] = ["bar", "bar", "kiosk"].map((venue) => new KeptOutbox(venue, NOW, () => undefined)) as [KeptOutbox, KeptOutbox, KeptOutbox];
  other.put(command("second", NOW + 2));
  one.put(command("first", NOW + 1));
  assert.deepEqual([keys(one), keys(other), keys(elsewhere)], [["first", "second"], ["first", "second"], []]);
  one.drop("second");
  assert.deepEqual(keys(other), ["first"]);
});

test("a tap for which there is no room is this tab's until it is sent", () => {
  device().full = true;
  const outbox = new KeptOutbox("bar", NOW, () => undefined);
  outbox.put(command("tapped", NOW));
  assert.deepEqual(keys(outbox), ["tapped"]);
  outbox.drop("tapped");
  assert.deepEqual(keys(outbox), []);
});

test("what was tapped half a day ago is not sent any more", () => {
  device();
  new KeptOutbox("bar", NOW, () => undefined).put(command("old", NOW - 13 * 3_600_000));
  assert.deepEqual(keys(new KeptOutbox("bar", NOW, () => undefined)), []);
});
