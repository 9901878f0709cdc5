// What a screen holds: orders, and the position up to which they are whole. Pure.
// What must not break: the position moves only with what lies before it, and never back within an epoch.

import { Ledger } from "./ledger.ts";
import { further, isBeyond, sameEpoch } from "./positions.ts";
import type { BatchMeta, Event, Order } from "./schema.ts";
import type { Snapshot } from "./signals.ts";

/** What a batch came to: the orders it changed, the events that did it, and the orders that have to be read. */
export interface Folded {
  orders: Order[];
  events: Event[];
  gaps: string[];
}

export class Holding {
  readonly ledger = new Ledger();
  position: string | undefined;

  /** Fold a batch; "hole" where it does not follow on what is held. */
  fold(events: Event[], meta: BatchMeta): Folded | "hole" {
    if (this.position === undefined || isBeyond(meta.prev, this.position)) return "hole";
    const orders = new Map<string, Order>();
    const folded: Folded = { orders: [], events: [], gaps: [] };
    for (const event of events) {
      const applied = this.ledger.apply(event);
      if (applied.outcome === "gap") folded.gaps.push(event.order_id);
      if (applied.outcome !== "applied") continue;
      orders.set(event.order_id, applied.order);
      folded.events.push(event);
    }
    this.advance(meta.to);
    return { ...folded, orders: [...orders.values()] };
  }

  /** What the server has sent everything up to. */
  advance(position: string): void {
    this.position = this.position === undefined ? position : further(this.position, position);
  }

  /**
   * Take a snapshot in. One from rows that are behind what is held is "older" and not taken: what is held is whole up
   * to its own position, and a screen must not go back in time.
   */
  adopt(snapshot: Snapshot): "news" | "same" | "older" {
    const held = this.position;
    const anew = held !== undefined && !sameEpoch(held, snapshot.position);
    if (held !== undefined && !anew && isBeyond(held, snapshot.position)) return "older";
    this.ledger.reset(snapshot.orders, anew);
    this.position = snapshot.position;
    return snapshot.position === held ? "same" : "news";
  }

  /** Take in the orders that have changed since what is held; gives those that are new here. */
  catchUp(changes: Snapshot): Order[] {
    const changed = changes.orders.filter((order) => this.ledger.put(order).changed);
    this.advance(changes.position);
    return changed.flatMap(({ order_id }) => this.ledger.orders.get(order_id) ?? []);
  }
}
