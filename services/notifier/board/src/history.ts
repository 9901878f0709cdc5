// What the board remembers of the orders it has shown, beside the orders: who touched them last, what is new about
// them, which were called off before anybody saw it. What must not break: nothing here outlives its order.

import { isOpen, type Change, type Order } from "@scanserve/client";
import { marksOf } from "./news.ts";

const CALLED_OFF = new Set(["cancelled", "rejected", "failed"]);

export type Marks = ReadonlyMap<string, "added" | "changed">;

export class History {
  /** Orders called off while they were shown, with the status that they had. */
  readonly cancelled = new Map<string, string>();
  /** `order/line` of voided lines that somebody has seen. */
  acknowledged: ReadonlySet<string> = new Set();
  readonly #actors = new Map<string, string>();
  readonly #marks = new Map<string, Marks>();
  readonly #open = new Map<string, string>(); // order id → status

  take(change: Change): void {
    for (const event of change.events) {
      this.#actors.set(event.order_id, event.actor);
      for (const { line, mark } of marksOf(event)) {
        this.#marks.set(event.order_id, new Map([...(this.#marks.get(event.order_id) ?? []), [line, mark]]));
      }
    }
    if (change.whole) this.#forget(new Set(change.orders.map(({ order_id }) => order_id)));
    change.orders.forEach((order) => this.#note(order));
  }

  marksOf(orderId: string): Marks | undefined {
    return this.#marks.get(orderId);
  }

  actorOf(orderId: string): string | undefined {
    return this.#actors.get(orderId);
  }

  /** Somebody has seen an order's voided lines, or that it was called off. */
  acknowledge(order: Order): void {
    this.cancelled.delete(order.order_id);
    const voided = Object.entries(order.items).filter(([, item]) => item.state === "voided");
    this.acknowledged = new Set([...this.acknowledged, ...voided.map(([line]) => `${order.order_id}/${line}`)]);
  }

  /** A ticket moves on: what was new about it has been seen. */
  unmark(orderId: string): void {
    this.#marks.delete(orderId);
  }

  #note(order: Order): void {
    const before = this.#open.get(order.order_id);
    if (isOpen(order)) {
      this.#open.set(order.order_id, order.status);
      this.cancelled.delete(order.order_id);
    } else {
      if (before !== undefined && CALLED_OFF.has(order.status)) this.cancelled.set(order.order_id, before);
      this.#open.delete(order.order_id);
      this.#marks.delete(order.order_id);
    }
  }

  /** After a snapshot: what is not held any more is forgotten. */
  #forget(held: ReadonlySet<string>): void {
    for (const kept of [this.cancelled, this.#actors, this.#marks, this.#open]) {
      for (const id of kept.keys()) if (!held.has(id)) kept.delete(id);
    }
    this.acknowledged = new Set([...this.acknowledged].filter((line) => held.has(line.slice(0, line.indexOf("/")))));
  }
}
