// What came over the room, as ears take it: which sound it makes, what is read out, what is marked. Pure.

import type { Event, Order } from "@scanserve/client";

export type Kind = "placed" | "changed" | "voided" | "ready";
const KINDS: Record<string, Kind> = {
  placed: "placed", released: "placed",
  items_added: "changed", item_changed: "changed", note_changed: "changed", recalled: "changed", item_recalled: "changed",
  item_voided: "voided", cancelled: "voided", rejected: "voided", failed: "voided",
};
const LOUDEST: readonly Kind[] = ["voided", "placed", "changed", "ready"]; // one sound a batch, this one first

/** The type's own word: `order.item_voided.v1` is `item_voided`. */
export const wordOf = (type: string): string => type.split(".")[1] ?? "";

export function kindOf(event: Event): Kind | undefined {
  if ((event.change as Partial<Order>).status === "ready") return "ready";
  return KINDS[wordOf(event.type)];
}

export function loudest(events: readonly Event[]): Kind | undefined {
  const kinds = new Set(events.map(kindOf));
  return LOUDEST.find((kind) => kinds.has(kind));
}

/** The lines that an event added or changed: marked until the ticket moves on. */
export function marksOf(event: Event): { line: string; mark: "added" | "changed" }[] {
  const mark = { items_added: "added", item_changed: "changed" }[wordOf(event.type)] as "added" | "changed" | undefined;
  const items = (event.change as { items?: object }).items ?? {};
  return mark ? Object.keys(items).map((line) => ({ line, mark })) : [];
}

/** The newest event of each order and kind, to be read out in one breath; at most `most`, and how many there are more. */
export function toReadOut(events: readonly Event[], most: number): { told: { kind: Kind; event: Event }[]; more: number } {
  const newest = new Map<string, { kind: Kind; event: Event }>();
  for (const event of events) {
    const kind = kindOf(event);
    if (kind) newest.set(`${event.order_id} ${kind}`, { kind, event });
  }
  const all = [...newest.values()];
  return { told: all.slice(0, most), more: Math.max(0, all.length - most) };
}
