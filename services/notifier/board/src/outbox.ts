// What staff have done and order-api has not answered yet. Pure: sending is elsewhere, and keeping is a list of data.
// What must not break: an act is asked for with one key until it is answered, and an order's acts go in their order.

import type { Order } from "@scanserve/client";
import { essence, foreseen, type Act } from "./acts.ts";

export interface Command {
  key: string;
  /** When it was meant, in milliseconds since 1970: no two of a device at the same. */
  at: number;
  orderId: string;
  label: string;
  act: Act;
  /** The version that staff saw, acts before this one counted in; what the ticket said then. */
  version: number;
  essence: string;
}

/** What an answer means: `done`; `refused` for good; `again` with the same key; `token`: once there is another one. */
export type Verdict = "done" | "refused" | "again" | "token";

export function verdictOf(status: number): Verdict {
  if (status >= 200 && status < 300) return "done";
  if (status === 401) return "token";
  return status === 408 || status === 429 || status >= 500 ? "again" : "refused";
}

/** Where commands are, in the order in which they were meant. Other tabs may put and drop some too. */
export interface Kept {
  readonly commands: readonly Command[];
  put(command: Command): void;
  drop(key: string): void;
  /** See what the other tabs have done by now. */
  refresh(): void;
}

export class Outbox {
  readonly #kept: Kept;

  constructor(kept: Kept) {
    this.#kept = kept;
  }

  get commands(): readonly Command[] {
    return this.#kept.commands;
  }

  /** Whether a command is still to be sent: another tab may have done it. */
  holds(key: string): boolean {
    this.#kept.refresh();
    return this.commands.some((command) => command.key === key);
  }

  /** Whether an order has acts under way. */
  has(orderId: string): boolean {
    return this.commands.some((command) => command.orderId === orderId);
  }

  /** Take an act on an order as it is shown, at a time. The same act that is under way already is not taken twice. */
  add(key: string, now: number, shown: Order, label: string, act: Act): Command | undefined {
    const mine = this.#of(shown.order_id);
    if (mine.some((command) => command.act.path === act.path)) return undefined;
    const at = Math.max(now, ...this.commands.map((command) => command.at + 0.001));
    const command = { key, at, orderId: shown.order_id, label, act, version: shown.version + mine.length, essence: essence(shown) };
    this.#kept.put(command);
    return command;
  }

  /** The first act of each order: the others wait for it. */
  due(): Command[] {
    const seen = new Set<string>();
    return this.commands.filter(({ orderId }) => !seen.has(orderId) && seen.add(orderId));
  }

  settle(key: string): void {
    this.#kept.drop(key);
  }

  /** Drop an order's acts: the first was refused, and those after it were meant for what it would have led to. */
  drop(orderId: string): void {
    for (const { key } of this.#of(orderId)) this.#kept.drop(key);
  }

  /** Mean the same act on a newer version, which says the same to a kitchen: it is another request. */
  renew(key: string, anew: string, version: number): void {
    const command = this.commands.find((one) => one.key === key);
    if (!command) return;
    this.#kept.put({ ...command, key: anew, version });
    this.#kept.drop(key);
  }

  /** An order as it will be once its acts are done. */
  foresee(order: Order): Order {
    return this.#of(order.order_id).reduce((shown, { act }) => foreseen(shown, act), order);
  }

  #of(orderId: string): Command[] {
    return this.commands.filter((command) => command.orderId === orderId);
  }
}
