// How often each kind of attempt has failed in a row, and so how long the next one waits. Pure: chance is given.

import { afterAsked, pollAfter, reconnectAfter, refreshAfter } from "./pacing.ts";

/** `resync`: told to fetch a snapshot, and not in the room since. */
export type Attempt = "connect" | "snapshot" | "order" | "resync";

export class Patience {
  readonly #random: () => number;
  readonly #failures: Record<Attempt, number> = { connect: 0, snapshot: 0, order: 0, resync: 0 };
  #poll = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Count a failure; gives how many there are in a row. */
  failed(attempt: Attempt): number {
    return (this.#failures[attempt] += 1);
  }

  failures(attempt: Attempt): number {
    return this.#failures[attempt];
  }

  went(...attempts: Attempt[]): void {
    for (const attempt of attempts) this.#failures[attempt] = 0;
  }

  /** How long until the next attempt; no shorter than a server has asked for. */
  until(attempt: Attempt, asked?: number): number {
    const own = reconnectAfter(this.#failures[attempt], this.#random());
    return asked === undefined ? own : Math.max(own, this.asked(asked));
  }

  /** How long a server's own word makes it. */
  asked(ms: number): number {
    return afterAsked(ms, this.#random());
  }

  /** How long until the next poll. */
  poll(news: boolean, hint: number | undefined): number {
    return (this.#poll = pollAfter(this.#poll, news, hint, this.#random()));
  }

  pollsAnew(): void {
    this.#poll = 0;
  }

  /** How long until a token that lasts so long is renewed. */
  renewal(lasts: number): number {
    return refreshAfter(lasts, this.#random());
  }
}
