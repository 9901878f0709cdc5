// How a screen follows a room: every input it can get, and what is to be done about it. Pure: no socket, no clock.
// What must not break: an order is only ever shown as a fold of its accepted events, none missed, none twice; and
// there is always either an effect under way whose answer is an input, or a timer running, so that nothing hangs.

import { Holding } from "./holding.ts";
import type { Ledger } from "./ledger.ts";
import { Patience } from "./patience.ts";
import type { BatchMeta, Event, Order, SubscribeAck } from "./schema.ts";
import { TIMERS, type Effect, type Input, type Knowledge, type Snapshot, type Timer } from "./signals.ts";
import { statusOf } from "./status.ts";

const POLL_AFTER_FAILURES = 3;

export class Following {
  readonly #holding = new Holding();
  readonly known: Knowledge = {
    link: "down", data: "none", joined: false, polling: false, pollAnswered: false,
    feedStaleSince: undefined, refused: undefined, expired: false, quietSince: undefined, begun: false,
  };
  readonly #patience: Patience;
  #out: Effect[] = [];
  #attempt = 0; // names a subscribe or a snapshot, so that a late answer to an earlier one is told apart
  #drainFor: number | undefined;
  #renewal: "none" | "asked" | "tried" = "none"; // of a token that was refused
  #expiresAt: number | undefined;
  #said = "";

  constructor(random: () => number) {
    this.#patience = new Patience(random);
  }

  get ledger(): Ledger {
    return this.#holding.ledger;
  }

  /** Up to where what is held is whole. */
  get position(): string | undefined {
    return this.#holding.position;
  }

  /** Take an input at a monotonic time in milliseconds; gives what is to be done, in order. */
  on(input: Input, now: number): Effect[] {
    this.#out = [];
    this.#take(input, now);
    const status = statusOf(this.known);
    const said = JSON.stringify(status);
    if (said !== this.#said) this.#do({ kind: "status", status });
    this.#said = said;
    return this.#out;
  }

  #do(...effects: Effect[]): void {
    this.#out.push(...effects);
  }

  #take(input: Input, now: number): void {
    switch (input.kind) {
      case "started": return this.#do({ kind: "askToken", refusal: undefined });
      case "token": return this.#onToken(input.expiresIn, now);
      case "tokenFailed": return this.#refuse(input.why, now);
      case "presented": return input.taken ? undefined : this.#reconnect();
      case "connected": return this.#onConnected();
      case "disconnected": return this.#onDisconnected(input.byServer, now);
      case "connectFailed": return this.#onConnectFailed(input.refused, input.retryAfter, now);
      case "joined": return this.#onJoined(input.attempt, input.answer, now);
      case "batch": return this.#onBatch(input.events, input.meta);
      case "cut": return this.#resync();
      case "feed": return void (this.known.feedStaleSince = input.status.stale ? input.status.since : undefined);
      case "draining": return void (this.#drainFor = this.#patience.asked(input.retryAfter));
      case "signedOut": return this.#onSignedOut(input.reason, now);
      case "snapshot": return this.#onRead(input.attempt, () => this.#adopt(input.snapshot), input.hint);
      case "changes": return this.#onRead(input.attempt, () => this.#catchUp(input.changes), input.hint);
      case "snapshotFailed": return this.#onSnapshotFailed(input.attempt, input.refused, input.retryAfter, now);
      case "order":
      case "answered": return this.#onOrder(input.order);
      case "orderFailed": return this.#onOrderFailed();
      case "nudged": return this.#onNudged();
      case "timer": return this.#onTimer(input.timer);
    }
  }

  // --- the token --------------------------------------------------------------------------------------------------

  #onToken(expiresIn: number | undefined, now: number): void {
    const { known } = this;
    this.#expiresAt = undefined;
    if (expiresIn !== undefined) this.#lasts(expiresIn, now);
    known.refused = undefined;
    known.expired = false;
    if (this.#renewal === "asked") this.#renewal = "tried";
    if (known.link === "up") this.#do({ kind: "present" });
    else if (known.link === "down") this.#connect();
    if (known.data === "none") this.#fetchSnapshot();
  }

  /** The token lasts so long, by its own word or, better, by the server's: a device's clock may be wrong. */
  #lasts(ms: number, now: number): void {
    this.#expiresAt = now + ms;
    this.#do({ kind: "wait", timer: "refresh", ms: this.#patience.renewal(ms) });
  }

  /** The token is not taken: get another one once, and then say so. What is under way with it counts no more. */
  #tokenRefused(why: string, now: number): void {
    if (this.#renewal === "tried") return this.#refuse(why, now);
    if (this.#renewal === "asked") return;
    this.#renewal = "asked";
    this.#abandon(now);
    this.#do({ kind: "askToken", refusal: why });
  }

  #abandon(now: number): void {
    this.#attempt += 1;
    this.#lose(now);
    if (this.known.data === "fetching") this.known.data = "none";
    this.#do({ kind: "hangUp" });
    for (const timer of TIMERS) this.#do({ kind: "cancel", timer });
  }

  /** A token that ran out before a newer one came is asked for anew; whom an operator sends away stays out. */
  #onSignedOut(reason: string, now: number): void {
    const ranOut = this.#expiresAt !== undefined && now >= this.#expiresAt - 1_000; // told in whole seconds
    return ranOut ? this.#tokenRefused(reason, now) : this.#refuse(reason, now);
  }

  #refuse(why: string, now: number): void {
    this.#renewal = "none";
    this.known.refused = why;
    this.known.expired = this.#expiresAt !== undefined && this.#expiresAt <= now;
    this.known.polling = false;
    this.#abandon(now);
  }

  // --- the link ---------------------------------------------------------------------------------------------------

  #connect(): void {
    this.known.link = "connecting";
    this.#do({ kind: "cancel", timer: "connect" }, { kind: "connect" });
  }

  #reconnect(): void {
    this.known.joined = false;
    this.#do({ kind: "hangUp" });
    this.#connect();
  }

  #onConnected(): void {
    this.known.link = "up";
    this.known.feedStaleSince = undefined; // a stale feed is told again at the join
    if (this.known.data === "held") this.#join();
  }

  #lose(now: number): void {
    this.known.link = "down";
    this.known.joined = false;
    this.known.quietSince ??= now;
  }

  #onDisconnected(byServer: boolean, now: number): void {
    if (this.known.refused !== undefined) return;
    this.#lose(now);
    if (byServer) return this.#tokenRefused("the server has ended this session", now);
    this.#connectLater(this.#drainFor);
    this.#drainFor = undefined;
  }

  #onConnectFailed(refused: string | undefined, retryAfter: number | undefined, now: number): void {
    if (this.known.refused !== undefined) return;
    this.#lose(now);
    if (refused !== undefined) return this.#tokenRefused(refused, now);
    const failures = this.#patience.failed("connect");
    this.#connectLater(retryAfter === undefined ? undefined : this.#patience.asked(retryAfter));
    if (failures >= POLL_AFTER_FAILURES) this.#startPolling();
  }

  #connectLater(ms = this.#patience.until("connect")): void {
    this.#do({ kind: "wait", timer: "connect", ms });
  }

  #onNudged(): void {
    if (this.known.refused !== undefined) return;
    if (this.known.link === "down") this.#connect();
    if (this.known.data !== "held") this.#fetchSnapshot();
    else if (this.known.polling && !this.known.joined) this.#fetchSnapshot();
  }

  // --- the room ---------------------------------------------------------------------------------------------------

  #join(): void {
    this.known.joined = false;
    this.#do({ kind: "subscribe", attempt: ++this.#attempt, position: this.position as string });
  }

  #onJoined(attempt: number, answer: SubscribeAck | undefined, now: number): void {
    if (attempt !== this.#attempt || this.known.link !== "up") return;
    if (answer === undefined) {
      this.#patience.failed("connect");
      this.#do({ kind: "hangUp" });
      this.#lose(now);
      return this.#connectLater();
    }
    if (answer.resync) return this.#resync();
    if (typeof answer.error === "string") return this.#tokenRefused(answer.error, now);
    if (typeof answer.position === "string") this.#holding.advance(answer.position);
    if (typeof answer.expires_in === "number") this.#lasts(answer.expires_in * 1000, now);
    this.#renewal = "none";
    this.#patience.went("connect", "resync");
    Object.assign(this.known, { joined: true, begun: true, quietSince: undefined });
    this.#stopPolling();
  }

  #onBatch(events: Event[], meta: BatchMeta): void {
    if (this.known.data !== "held") return;
    const folded = this.#holding.fold(events, meta);
    if (folded === "hole") {
      // While a join is under way this batch comes again, with what is missing; else one has to begin.
      if (this.known.joined) this.#join();
      return;
    }
    for (const id of folded.gaps) this.#do({ kind: "fetchOrder", id });
    if (folded.events.length > 0) this.#do({ kind: "changed", orders: folded.orders, events: folded.events, whole: false });
  }

  // --- one order behind a gap -------------------------------------------------------------------------------------

  #onOrder(order: Order): void {
    if (this.known.data === "none") return;
    const { changed, folded, gap } = this.ledger.put(order);
    const now = this.ledger.orders.get(order.order_id);
    if (changed && now) this.#do({ kind: "changed", orders: [now], events: folded, whole: false });
    if (gap) return this.#onOrderFailed(); // what was read is older than what came live
    if (this.ledger.gaps.length === 0) this.#patience.went("order");
  }

  /** Ask again, for as long as it takes: rows that are behind would make a snapshot just as old. */
  #onOrderFailed(): void {
    this.#patience.failed("order");
    this.#do({ kind: "wait", timer: "order", ms: this.#patience.until("order") });
  }

  // --- the snapshot -----------------------------------------------------------------------------------------------

  /** Told once, at once. Told again by the snapshot's own position, what answers is behind: no faster than patience has it. */
  #resync(): void {
    this.known.joined = false;
    if (this.#patience.failed("resync") === 1) return this.#fetchSnapshot();
    this.known.data = "fetching";
    this.#do({ kind: "wait", timer: "snapshot", ms: this.#patience.until("resync") });
  }

  #fetchSnapshot(): void {
    if (!this.known.polling || this.known.data === "none") this.known.data = "fetching";
    const since = this.known.data === "held" ? this.position : undefined;
    this.#do({ kind: "cancel", timer: "snapshot" }, { kind: "fetchSnapshot", attempt: ++this.#attempt, since });
  }

  #onRead(attempt: number, take: () => boolean, hint: number | undefined): void {
    if (attempt !== this.#attempt || this.known.refused !== undefined) return;
    this.#patience.went("snapshot");
    const news = take();
    this.known.data = "held";
    if (this.known.link === "up") this.#join();
    if (this.known.polling) {
      this.known.pollAnswered = this.known.begun = true;
      this.#do({ kind: "wait", timer: "poll", ms: this.#patience.poll(news, hint) });
    }
  }

  /** Take a snapshot in, and show it; gives whether it says anything new. */
  #adopt(snapshot: Snapshot): boolean {
    const adopted = this.#holding.adopt(snapshot);
    if (adopted === "older") return false;
    this.#patience.went("order");
    this.#do({ kind: "cancel", timer: "order" });
    this.#do({ kind: "changed", orders: [...this.ledger.orders.values()], events: [], whole: true });
    return adopted === "news";
  }

  #catchUp(changes: Snapshot): boolean {
    const orders = this.#holding.catchUp(changes);
    if (orders.length > 0) this.#do({ kind: "changed", orders, events: [], whole: false });
    return orders.length > 0;
  }

  #onSnapshotFailed(attempt: number, refused: string | undefined, retryAfter: number | undefined, now: number): void {
    if (attempt !== this.#attempt || this.known.refused !== undefined) return;
    this.known.pollAnswered = false;
    if (refused !== undefined) return this.#tokenRefused(refused, now);
    this.known.quietSince ??= now;
    this.#patience.failed("snapshot");
    this.#do({ kind: "wait", timer: "snapshot", ms: this.#patience.until("snapshot", retryAfter) });
  }

  // --- polling, while no socket can be had ------------------------------------------------------------------------

  #startPolling(): void {
    if (this.known.polling) return;
    this.known.polling = true;
    this.#patience.pollsAnew();
    if (this.known.data === "held") this.#do({ kind: "wait", timer: "poll", ms: 0 });
  }

  #stopPolling(): void {
    this.known.polling = this.known.pollAnswered = false;
    this.#do({ kind: "cancel", timer: "poll" });
  }

  #onTimer(timer: Timer): void {
    if (this.known.refused !== undefined) return;
    switch (timer) {
      case "connect": return this.known.link === "down" ? this.#connect() : undefined;
      case "refresh": return this.#do({ kind: "askToken", refusal: undefined });
      case "snapshot": return this.#fetchSnapshot();
      case "poll": return this.known.polling ? this.#fetchSnapshot() : undefined;
      case "order": return this.#do(...this.ledger.gaps.map((id): Effect => ({ kind: "fetchOrder", id })));
    }
  }
}
