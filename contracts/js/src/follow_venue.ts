// The rim: carries out what `Following` decides, with a socket, HTTP and timers, and tells the caller.

import { Following } from "./following.ts";
import { Link, type Notice } from "./link.ts";
import { Reading } from "./reading.ts";
import type { Event, Order } from "./schema.ts";
import { ServerClock } from "./server_clock.ts";
import type { Effect, Input, Timer } from "./signals.ts";
import type { Status } from "./status.ts";
import { claimsOf, venueOf } from "./token.ts";

/** `events` are those that led to it, in log order; none where documents were read whole. `whole`: all is new. */
export interface Change {
  orders: Order[];
  events: Event[];
  whole: boolean;
}

export interface FollowOptions {
  /** A notifier, or what balances several: `https://orders.example`. */
  url: string;
  /** The query API; where not given, the notifier is asked for it. */
  queryUrl?: string;
  /** A token, or whoever gives one: asked again before it expires, and when it is refused. */
  token: string | (() => string | Promise<string>);
  /** Where not given, the first that the token names. */
  venue?: string;
  onOrders(change: Change): void;
  onStatus?(status: Status): void;
  /** What an operator tells the people in front of the screen. */
  onNotice?(notice: Notice): void;
  transports?: string[];
}

export interface Follower {
  /** All that is held: open orders, and those that were closed lately. */
  readonly orders: ReadonlyMap<string, Order>;
  readonly status: Status;
  readonly position: string | undefined;
  /** Milliseconds since 1970 by the server's clock. */
  serverNow(): number;
  /** The token in use. */
  token(): string;
  /** Take an order that order-api answered with: it need not come over the socket first. */
  put(order: Order): void;
  /** Read the orders that were closed last into `orders`. */
  lookBack(status: string, limit: number): Promise<void>;
  /** The network or the page is back: try at once. */
  nudge(): void;
  stop(): void;
}

/** Follow a venue's orders. Throws a TypeError where no venue is known. */
export function followVenue(options: FollowOptions): Follower {
  const venue = options.venue ?? (typeof options.token === "string" ? venueOf(options.token) : undefined);
  if (!venue) throw new TypeError("name the venue: the token does not");
  return new VenueFollower(options, venue);
}

class VenueFollower implements Follower {
  status: Status = { phase: "loading" };
  readonly #options: FollowOptions;
  readonly #venue: string;
  readonly #following = new Following(Math.random);
  readonly #clock = new ServerClock();
  readonly #timers = new Map<Timer, ReturnType<typeof setTimeout>>();
  readonly #link: Link;
  readonly #ended = new AbortController();
  readonly #inputs: Input[] = [];
  #reading: Promise<Reading> | undefined;
  #snapshotting = new AbortController();
  #token = "";

  constructor(options: FollowOptions, venue: string) {
    this.#options = options;
    this.#venue = venue;
    const transports = options.transports ?? ["websocket", "polling"];
    this.#link = new Link(options.url, `venue:${venue}`, transports, (input) => this.#take(input), (notice) => options.onNotice?.(notice));
    this.#take({ kind: "started" });
  }

  get orders(): ReadonlyMap<string, Order> {
    return this.#following.ledger.orders;
  }

  get position(): string | undefined {
    return this.#following.position;
  }

  serverNow = (): number => this.#clock.now(performance.now(), Date.now());
  token = (): string => this.#token;
  put = (order: Order): void => this.#take({ kind: "answered", order });
  nudge = (): void => this.#take({ kind: "nudged" });

  async lookBack(status: string, limit: number): Promise<void> {
    const reading = await this.#asked().catch(() => undefined);
    for (const order of (await reading?.closed(this.#token, status, limit, this.#ended.signal)) ?? []) this.put(order);
  }

  stop(): void {
    this.#ended.abort();
    this.#snapshotting.abort();
    this.#timers.forEach(clearTimeout);
    this.#timers.clear();
    this.#link.hangUp();
  }

  #take(input: Input): void {
    this.#inputs.push(input);
    if (this.#inputs.length > 1) return; // an effect has led to this input: it is taken once that round is over
    for (let next = this.#inputs[0]; next && !this.#ended.signal.aborted; next = this.#inputs[0]) {
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
      case "changed": return this.#options.onOrders(effect);
      case "status": {
        this.status = effect.status;
        return this.#options.onStatus?.(effect.status);
      }
    }
  }

  #wait(timer: Timer, ms: number): void {
    clearTimeout(this.#timers.get(timer));
    this.#timers.set(timer, setTimeout(() => this.#take({ kind: "timer", timer }), Math.min(ms, 2 ** 31 - 1)));
  }

  async #askToken(refusal: string | undefined): Promise<void> {
    const { token } = this.#options;
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
    const reading = await this.#asked().catch(() => undefined);
    const answer = await reading?.read(this.#token, since, stop);
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
    const reading = await this.#asked().catch(() => undefined);
    const order = await reading?.order(this.#token, id, this.#ended.signal);
    this.#take(order ? { kind: "order", order } : { kind: "orderFailed", id });
  }

  /** The query API, whose address the notifier tells where the caller does not. Asked again after a failure. */
  #asked(): Promise<Reading> {
    this.#reading ??= this.#findApi().then((api) => new Reading(api, this.#venue));
    this.#reading.catch(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #findApi(): Promise<string> {
    if (this.#options.queryUrl !== undefined) return this.#options.queryUrl.replace(/\/+$/, "");
    const answer = await fetch(new URL("config.json", `${this.#options.url}/`), { signal: AbortSignal.timeout(10_000) });
    return ((await answer.json()) as { query_api_url: string }).query_api_url;
  }
}
