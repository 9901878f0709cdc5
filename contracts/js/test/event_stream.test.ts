// Events come out whole, whatever pieces they arrive in.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EventStreamParser, type ServerEvent } from "../src/event_stream.ts";

const text = fc.string({ unit: "grapheme" }).map((one) => one.replace(/[\r\n]/g, " "));
const event = fc.record({ name: fc.constantFrom("joined", "batchOrderUpdates"), data: text }, { noNullPrototype: true });
const framed = ({ name, data }: ServerEvent): string => `id: 1.0-1\nevent: ${name}\ndata: ${data}\n\n`;

test("events are the same in whatever pieces their bytes arrive, comments between them or not", () => {
  fc.assert(fc.property(fc.array(event), fc.array(fc.nat()), fc.boolean(), (events, cuts, comments) => {
    const bytes = new TextEncoder().encode(events.map(framed).join(comments ? ":\n\n" : ""));
    const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((one, other) => one - other), bytes.length];
    const parser = new EventStreamParser();
    const found = places.slice(1).flatMap((end, number) => parser.take(bytes.subarray(places[number], end)));
    assert.deepEqual(found, events);
  }));
});

test("an event that is cut off is none", () => {
  assert.deepEqual(new EventStreamParser().take(new TextEncoder().encode("event: joined\ndata: {}\n")), []);
});
