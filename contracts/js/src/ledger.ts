// The orders held, each at a version. Pure.
// What must not break: an event counts iff its version is the held one + 1; lower is a repeat, higher is a gap.

import { mergePatch } from "./merge_patch.ts";
import type { Event, Order } from "./schema.ts";

export const OPEN_STATUSES: readonly string[] = ["placed", "accepted", "preparing", "ready"];
const MOST_WAITING = 200; // events of one order behind a gap; the document that fills it will hold the oldest anyway
const CLOSED_KEPT = 200; // closed orders, for those who look back; a till's day would fill a tablet

export const isOpen = (order: Order): boolean => OPEN_STATUSES.includes(order.status);

/** What came of an event. `gap`: the order's document has to be fetched; `waiting`: it is being fetched. */
export type Applied = { outcome: "applied"; order: Order } | { outcome: "repeat" | "gap" | "waiting" };

export class Ledger {
  readonly orders = new Map<string, Order>();
  readonly #waiting = new Map<string, Event[]>(); // order id → events behind its gap, by version

  /** Orders with a gap. */
  get gaps(): string[] {
    return [...this.#waiting.keys()];
  }

  /**
   * Take a whole snapshot. Open orders that it does not name have closed. One held at a higher version stays as it
   * is, unless `anew` (another epoch: versions can't be compared).
   */
  reset(orders: Iterable<Order>, anew = false): void {
    const before = new Map(this.orders);
    this.orders.clear();
    this.#waiting.clear();
    if (!anew) for (const [id, order] of before) if (!isOpen(order)) this.orders.set(id, order);
    for (const order of orders) {
      const held = anew ? undefined : before.get(order.order_id);
      this.orders.set(order.order_id, held && held.version > order.version ? held : order);
    }
    this.#forgetClosed();
  }

  /** Fold one event. */
  apply(event: Event): Applied {
    const held = this.orders.get(event.order_id);
    const version = held?.version ?? 0;
    if (event.version <= version) return { outcome: "repeat" };
    if (event.version !== version + 1) return this.#wait(event);
    const order = { ...(mergePatch(held ?? {}, event.change) as Order), version: event.version };
    this.#hold(order);
    return { outcome: "applied", order };
  }

  /** Take a document that was fetched or answered; gives the events behind its gap that could be folded on top. */
  put(order: Order): { changed: boolean; folded: Event[]; gap: boolean } {
    const held = this.orders.get(order.order_id);
    const newer = order.version > (held?.version ?? 0);
    if (newer) this.#hold(order);
    const waiting = this.#waiting.get(order.order_id) ?? [];
    this.#waiting.delete(order.order_id);
    const folded: Event[] = [];
    for (const event of waiting) if (this.apply(event).outcome === "applied") folded.push(event);
    return { changed: newer || folded.length > 0, folded, gap: this.#waiting.has(order.order_id) };
  }

  #wait(event: Event): Applied {
    const waiting = this.#waiting.get(event.order_id);
    if (!waiting) {
      this.#waiting.set(event.order_id, [event]);
      return { outcome: "gap" };
    }
    if (!waiting.some(({ version }) => version === event.version)) {
      waiting.push(event);
      waiting.sort((one, other) => one.version - other.version);
      if (waiting.length > MOST_WAITING) waiting.shift();
    }
    return { outcome: "waiting" };
  }

  #hold(order: Order): void {
    const closing = !isOpen(order);
    if (closing) this.orders.delete(order.order_id); // to the end: those closed last are forgotten last
    this.orders.set(order.order_id, order);
    if (closing) this.#forgetClosed();
  }

  #forgetClosed(): void {
    const closed = [...this.orders.values()].filter((order) => !isOpen(order));
    for (const order of closed.slice(0, Math.max(0, closed.length - CLOSED_KEPT))) this.orders.delete(order.order_id);
  }
}
