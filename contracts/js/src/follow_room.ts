// The rim: carries out what `Following` decides, by a link, HTTP and timers, and tells the caller. It is the same for
// every room: how a room is reached, and where its snapshots come from, is given.

import { Following } from "./following.ts";
import type { SnapshotAnswer } from "./reading.ts";
import type { Event, Order } from "./schema.ts";
import { ServerClock } from "./server_clock.ts";
import type { Effect, Input, Timer } from "./signals.ts";
import type { Status } from "./status.ts";
import { claimsOf } from "./token.ts";

/** `events` are those that led to it, in log order; none where documents were read whole. `whole`: all is new. */
export interface Change {
  orders: Order[];
  events: Event[];
  whole: boolean;
}

/** What is told to whoever follows. */
export interface Told {
  /** A token, or whoever gives one: asked again before it expires, and when it is refused. */
  token: string | (() => string | Promise<string>);
  onOrders(change: Change): void;
  onStatus?(status: Status): void;
}

/** One connection at a time to a notifier, turned into inputs. */
export interface Link {
  connect(token: string): void;
  subscribe(position: string, attempt: number): void;
  present(token: string): void;
  hangUp(): void;
}

/** Where documents are read. */
export interface Source {
  read(token: string, since: string | undefined, stop: AbortSignal): Promise<SnapshotAnswer>;
  order(token: string, id: string, stop: AbortSignal): Promise<Order | undefined>;
}

export class RoomFollower<S extends Source = Source> {
  status: Status = { phase: "loading" };
  protected readonly ended = new AbortController();
  readonly #told: Told;
  readonly #following = new Following(Math.random);
  readonly #clock = new ServerClock();
  readonly #timers = new Map<Timer, ReturnType<typeof setTimeout>>();
  readonly #link: Link;
  readonly #findSource: () => Promise<S>;
  readonly #inputs: Input[] = [];
  #source: Promise<S> | undefined;
  #snapshotting = new AbortController();
  #token = "";

  constructor(told: Told, link: (heard: (input: Input) => void) => Link, source: () => Promise<S>) {
    this.#told = told;
    this.#findSource = source;
    this.#link = link((input) => this.#take(input));
    this.#take({ kind: "started" });
  }

  /** All that is held: open orders, and those that were closed lately. */
  get orders(): ReadonlyMap<string, Order> {
    return this.#following.ledger.orders;
  }

  get position(): string | undefined {
    return this.#following.position;
  }

  /** Milliseconds since 1970 by the server's clock. */
  serverNow = (): number => this.#clock.now(performance.now(), Date.now());
  /** The token in use. */
  token = (): string => this.#token;
  /** Take an order that order-api answered with: it need not come over the room first. */
  put = (order: Order): void => this.#take({ kind: "answered", order });
  /** The network or the page is back: try at once. */
  nudge = (): void => this.#take({ kind: "nudged" });

  /** The network is gone: a dead connection would tell so only after a while. */
  lost(): void {
    this.#link.hangUp();
    this.#take({ kind: "disconnected", byServer: false });
  }

  stop(): void {
    this.ended.abort();
    this.#snapshotting.abort();
    this.#timers.forEach(clearTimeout);
    this.#timers.clear();
    this.#link.hangUp();
  }

  /** Where documents are read; found anew after a failure. */
  protected source(): Promise<S> {
    this.#source ??= this.#findSource();
    this.#source.catch(() => (this.#source = undefined));
    return this.#source;
  }

  #take(input: Input): void {
    this.#inputs.push(input);
    if (this.#inputs.length > 1) return; // an effect has led to this input: it is taken once that round is over
    for (let next = this.#inputs[0]; next && !this.ended.signal.aborted; next = this.#inputs[0]) {
      if (next.kind === "batch") this.#clock.observe(next.meta.server_time, performance.now());
      this.#following.on(next, performance.now()).forEach((effect) => this.#carryOut(effect));
      this.#inputs.shift();
    }
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case "connect": return this.#link.connect(this.#token);
      case "hangUp": return this.#link.hangUp();
      case "subscribe": return this.#link.subscribe(effect.position, effect.attempt);
      case "present": return this.#link.present(this.#token);
      case "fetchSnapshot": return void this.#fetchSnapshot(effect.attempt, effect.since);
      case "fetchOrder": return void this.#fetchOrder(effect.id);
      case "askToken": return void this.#askToken(effect.refusal);
      case "wait": return this.#wait(effect.timer, effect.ms);
      case "cancel": return clearTimeout(this.#timers.get(effect.timer));
      case "changed": return this.#told.onOrders(effect);
      case "status": {
        this.status = effect.status;
        return this.#told.onStatus?.(effect.status);
      }
    }
  }

  #wait(timer: Timer, ms: number): void {
    clearTimeout(this.#timers.get(timer));
    this.#timers.set(timer, setTimeout(() => this.#take({ kind: "timer", timer }), Math.min(ms, 2 ** 31 - 1)));
  }

  async #askToken(refusal: string | undefined): Promise<void> {
    const { token } = this.#told;
    if (typeof token === "string") {
      if (refusal !== undefined) return this.#take({ kind: "tokenFailed", why: refusal });
      if (this.#token !== "") return; // nothing newer can be had; it counts as long as it counts
      this.#token = token;
    } else {
      try {
        this.#token = await token();
      } catch (error) {
        return this.#take({ kind: "tokenFailed", why: refusal ?? (error instanceof Error ? error.message : String(error)) });
      }
    }
    const { exp } = claimsOf(this.#token);
    this.#take({ kind: "token", expiresIn: exp === undefined ? undefined : exp * 1000 - this.serverNow() });
  }

  async #fetchSnapshot(attempt: number, since: string | undefined): Promise<void> {
    this.#snapshotting.abort();
    const stop = (this.#snapshotting = new AbortController()).signal;
    const source = await this.source().catch(() => undefined);
    const answer = await source?.read(this.#token, since, stop);
    if (stop.aborted) return;
    switch (answer?.outcome) {
      case "snapshot": {
        this.#clock.observe(answer.body.server_time, performance.now());
        return this.#take({ kind: "snapshot", attempt, snapshot: answer.body, hint: answer.hint });
      }
      case "changes": return this.#take({ kind: "changes", attempt, changes: answer.body, hint: answer.hint });
      case "refused": return this.#take({ kind: "snapshotFailed", attempt, refused: answer.why });
      default: return this.#take({ kind: "snapshotFailed", attempt, refused: undefined, retryAfter: answer?.retryAfter });
    }
  }

  async #fetchOrder(id: string): Promise<void> {
    const source = await this.source().catch(() => undefined);
    const order = await source?.order(this.#token, id, this.ended.signal);
    this.#take(order ? { kind: "order", order } : { kind: "orderFailed", id });
  }
}
