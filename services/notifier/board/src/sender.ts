// Sends the outbox to order-api: an order's acts one after the other, orders beside each other, again until answered.

import type { Follower, Order } from "@scanserve/client";
import { essence } from "./acts.ts";
import { inOneTab } from "./one_tab.ts";
import { verdictOf, type Command, type Outbox } from "./outbox.ts";

const PATIENCE_MS = 8_000;
const RETRY_MS = [500, 1_000, 2_000, 5_000];
const WINNER_MS = 1_500; // how long the winner's event may take to be here before the order is read instead

export interface Refusal {
  command: Command;
  status: number;
  detail: string;
}

export class Sender {
  /** Whether the last attempt found nobody. */
  waiting = false;
  readonly #outbox: Outbox;
  readonly #api: string;
  readonly #follower: Follower;
  readonly #changed: () => void;
  readonly #refused: (refusal: Refusal) => void;
  readonly #newKey: () => string;
  readonly #sending = new Set<string>(); // orders
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(options: {
    outbox: Outbox; api: string; follower: Follower; newKey: () => string;
    changed: () => void; refused: (refusal: Refusal) => void;
  }) {
    this.#outbox = options.outbox;
    this.#api = `${options.api}/orders`;
    this.#follower = options.follower;
    this.#newKey = options.newKey;
    this.#changed = options.changed;
    this.#refused = options.refused;
  }

  /** Send what is due. Call it after each act, and when the network or a token is back. */
  send(): void {
    clearTimeout(this.#retry);
    for (const command of this.#outbox.due()) if (!this.#sending.has(command.orderId)) void this.#sendOne(command);
  }

  stop(): void {
    clearTimeout(this.#retry);
    this.#sending.clear();
  }

  /** Of a device's tabs one sends an order's acts at a time; the others find out that there is nothing left to send. */
  async #sendOne(command: Command): Promise<void> {
    this.#sending.add(command.orderId);
    let next = true;
    try {
      await inOneTab(`outbox ${this.#api}/${command.orderId}`, async () => {
        if (this.#outbox.holds(command.key)) next = await this.#ended(command);
      });
    } finally {
      this.#sending.delete(command.orderId);
    }
    this.#changed();
    if (next) this.send();
  }

  /** Send an act; gives whether it has been answered for good. */
  async #ended(command: Command): Promise<boolean> {
    const answer = await this.#ask(command).catch(() => undefined);
    const verdict = answer === undefined ? "again" : verdictOf(answer.status);
    this.waiting = verdict === "again" || verdict === "token";
    if (verdict === "done") await this.#done(command, answer as Response);
    else if (verdict === "refused") await this.#lost(command, answer as Response);
    if (verdict === "again") this.#later(Number(answer?.headers.get("Retry-After") ?? 0) * 1000);
    else if (verdict !== "token") this.#failures = 0;
    return verdict === "done" || verdict === "refused";
  }

  #later(asked: number): void {
    const own = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)] as number;
    this.#failures += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.send(), Math.max(own, asked) * (1 + Math.random() / 2));
  }

  #ask(command: Command): Promise<Response> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.#follower.token()}`, "Idempotency-Key": command.key };
    if (command.act.pinned) headers["If-Match"] = `"v${command.version}"`;
    if (command.act.body) headers["Content-Type"] = "application/json";
    const body = command.act.body ? { body: JSON.stringify(command.act.body) } : {};
    const signal = AbortSignal.timeout(PATIENCE_MS);
    return fetch(`${this.#api}/${command.orderId}/${command.act.path}`, { method: "POST", headers, signal, ...body });
  }

  async #done(command: Command, answer: Response): Promise<void> {
    const order = (await answer.json().catch(() => undefined)) as Order | undefined;
    this.#outbox.settle(command.key); // before the order is put: it already holds what was foreseen
    if (order) this.#follower.put(order);
  }

  /** Somebody was quicker. If only what a kitchen does not see has changed, the act is meant all the same. */
  async #lost(command: Command, answer: Response): Promise<void> {
    const problem = (await answer.json().catch(() => ({}))) as { detail?: string };
    const now = await this.#current(command);
    if (answer.status === 412 && now && now.version !== command.version && essence(now) === command.essence) {
      this.#outbox.renew(command.key, this.#newKey(), now.version);
      return;
    }
    this.#outbox.drop(command.orderId);
    this.#refused({ command, status: answer.status, detail: problem.detail ?? "" });
  }

  /** The order as it is after the refusal: by its event, which tells who it was, else read. */
  async #current(command: Command): Promise<Order | undefined> {
    const held = (): Order | undefined => this.#follower.orders.get(command.orderId);
    const until = performance.now() + WINNER_MS;
    while ((held()?.version ?? 0) <= command.version && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    if ((held()?.version ?? 0) > command.version) return held();
    const headers = { Authorization: `Bearer ${this.#follower.token()}` };
    const answer = await fetch(`${this.#api}/${command.orderId}`, { headers }).catch(() => undefined);
    const order = answer?.ok ? ((await answer.json()) as Order) : undefined;
    if (order) this.#follower.put(order);
    return order;
  }
}
