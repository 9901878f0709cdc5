// What the board remembers of the orders it has shown, beside the orders: who touched them last, what is new about
// them, which were called off before anybody saw it. What must not break: it does not grow with the evening.

import { isOpen, type Change, type Order } from "@scanserve/client";
import { marksOf } from "./news.ts";

const CALLED_OFF = new Set(["cancelled", "rejected", "failed"]);

const ACTORS_KEPT = 500; // a conflict is told within seconds of the event that won

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
      this.#noteActor(event.order_id, event.actor);
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

  #noteActor(orderId: string, actor: string): void {
    this.#actors.delete(orderId); // to the end: those heard of first are forgotten first
    this.#actors.set(orderId, actor);
    const [oldest] = this.#actors.keys();
    if (this.#actors.size > ACTORS_KEPT && oldest !== undefined) this.#actors.delete(oldest);
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
      this.#forgetLines((id) => id !== order.order_id);
    }
  }

  #forgetLines(kept: (orderId: string) => boolean): void {
    const lines = [...this.acknowledged].filter((line) => kept(line.slice(0, line.indexOf("/"))));
    if (lines.length < this.acknowledged.size) this.acknowledged = new Set(lines);
  }

  /** After a snapshot: what is not held any more is forgotten. */
  #forget(held: ReadonlySet<string>): void {
    for (const kept of [this.cancelled, this.#actors, this.#marks, this.#open]) {
      for (const id of kept.keys()) if (!held.has(id)) kept.delete(id);
    }
    this.#forgetLines((id) => held.has(id));
  }
}
