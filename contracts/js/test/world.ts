// A notifier, rows and a network that a property test can make misbehave, for `Following` to follow.

import { mergePatch } from "../src/merge_patch.ts";
import { Following } from "../src/following.ts";
import type { Effect, Input, Timer } from "../src/signals.ts";
import type { BatchMeta, Event, Order } from "../src/schema.ts";

const EPOCH = "0a0a0a0a";
const ROOM = "venue:v";
const STATUSES = ["accepted", "preparing", "ready", "completed"];

export type Step =
  | { do: "order"; number: number } // a new order, or the next event of one
  | { do: "flush" | "loseBatch" | "deliver" | "cut" | "rows" | "answer" | "fail" | "timer" | "forget" | "kick" | "cutFeed" | "nudge" };

export class World {
  readonly following = new Following(() => 0.5);
  readonly seen = new Map<string, number[]>(); // order id → the versions shown, event by event
  readonly #log: Event[] = [];
  readonly #timers = new Set<Timer>();
  #rows = 0; // how far the projector is
  #floor = 0; // how far back the ring reaches
  #served: number | undefined; // up to where the room's member was served; undefined while not in it
  #connected = false;
  #connecting = false;
  #inFlight: Input[] = []; // from the server, in order
  #asked: Effect[] = []; // over HTTP
  #now = 0;
  replays = true; // false: a server that forgets to replay, to see the test fail

  start(): void {
    this.#tell({ kind: "started" });
  }

  take(step: Step): void {
    switch (step.do) {
      case "order": return this.#append(step.number);
      case "flush": return this.#flush(true);
      case "loseBatch": return this.#flush(false);
      case "deliver": return this.#deliver();
      case "cut": return this.#cut(false);
      case "kick": return this.#cut(true);
      case "cutFeed": return this.#cutFeed();
      case "rows": this.#rows = Math.min(this.#log.length, this.#rows + 1); return;
      case "forget": this.#floor = Math.min(this.#log.length, this.#floor + 2); return;
      case "answer": return this.#answer(true);
      case "fail": return this.#answer(false);
      case "nudge": return this.#tell({ kind: "nudged" });
      case "timer": return this.#fire();
    }
  }

  /** Let everything come to rest: one more event, which shows a hole at the end, then nothing; all is answered. */
  settle(): void {
    this.#append(9);
    this.#rows = this.#log.length;
    if (this.following.known.refused !== undefined) this.#tell({ kind: "token", expiresIn: undefined }); // sent away twice
    for (let round = 0; round < 200; round += 1) {
      this.#flush(true);
      this.#deliver();
      this.#answer(true);
      if (this.#inFlight.length === 0 && this.#asked.length === 0) this.#fire();
    }
  }

  get truth(): Map<string, Order> {
    return new Map([...foldAll(this.#log)].filter(([, order]) => order.status !== "completed"));
  }

  get end(): string {
    return at(this.#log.length);
  }

  #append(number: number): void {
    const id = `order-${number}`;
    const version = this.#log.filter((event) => event.order_id === id).length + 1;
    const change = version === 1
      ? { order_id: id, status: "placed", items: { a: { state: "new" } }, version }
      : { status: STATUSES[(version + number) % STATUSES.length], items: { a: { state: `s${version}` } }, version };
    const names = { order_id: id, venue_id: "v", organization_id: "o", actor: "till", time: "" };
    this.#log.push({ ...names, id: `${id}-${version}`, type: "order.changed.v1", version, change });
  }

  #batch(from: number, to: number): Input {
    const meta: BatchMeta = { room: ROOM, prev: at(from), to: at(to), server_time: "2026-11-24T12:00:00.000Z" };
    return { kind: "batch", events: this.#log.slice(from, to), meta };
  }

  #flush(arrives: boolean): void {
    if (this.#served === undefined || this.#served === this.#log.length) return;
    if (arrives) this.#inFlight.push(this.#batch(this.#served, this.#log.length));
    this.#served = this.#log.length;
  }

  #deliver(): void {
    if (this.#connecting) {
      this.#connecting = false;
      this.#connected = true;
      return this.#tell({ kind: "connected" });
    }
    const next = this.#inFlight.shift();
    if (next) this.#tell(next);
  }

  #hangUp(): void {
    this.#connected = this.#connecting = false;
    this.#inFlight = [];
    this.#served = undefined;
  }

  #cut(byServer: boolean): void {
    const [was, trying] = [this.#connected, this.#connecting];
    this.#hangUp();
    if (was) this.#tell({ kind: "disconnected", byServer });
    else if (trying) this.#tell({ kind: "connectFailed", refused: undefined });
  }

  #cutFeed(): void {
    if (this.#served === undefined) return;
    this.#served = undefined;
    this.#inFlight.push({ kind: "cut" });
  }

  #fire(): void {
    const [timer] = this.#timers;
    if (timer === undefined) return;
    this.#timers.delete(timer);
    this.#tell({ kind: "timer", timer });
  }

  #answer(well: boolean): void {
    const asked = this.#asked.shift();
    if (asked?.kind === "fetchSnapshot") {
      const orders = [...foldAll(this.#log.slice(0, this.#rows)).values()].filter(({ status }) => status !== "completed");
      const snapshot = { position: at(this.#rows), server_time: "", orders };
      this.#tell(well
        ? asked.since === undefined ? { kind: "snapshot", attempt: asked.attempt, snapshot } : this.#changes(asked.attempt, asked.since)
        : { kind: "snapshotFailed", attempt: asked.attempt, refused: undefined });
    } else if (asked?.kind === "fetchOrder") {
      const order = foldAll(this.#log.slice(0, this.#rows)).get(asked.id);
      this.#tell(well && order ? { kind: "order", order } : { kind: "orderFailed", id: asked.id });
    } else if (asked?.kind === "askToken") this.#tell({ kind: "token", expiresIn: undefined });
  }

  #changes(attempt: number, since: string): Input {
    const from = Math.min(this.#rows, Number(since.split("-")[1]));
    const all = foldAll(this.#log.slice(0, this.#rows));
    const orders = this.#log.slice(from, this.#rows).map((event) => all.get(event.order_id) as Order);
    return { kind: "changes", attempt, changes: { position: at(this.#rows), server_time: "", orders } };
  }

  #subscribe(attempt: number, position: string): void {
    const from = Number(position.split("-")[1]);
    const served = this.#served ?? this.#log.length;
    if (from < this.#floor) {
      this.#inFlight.push({ kind: "joined", attempt, answer: { resync: true } });
      return;
    }
    this.#served = served;
    if (from < served && this.replays) this.#inFlight.push(this.#batch(from, served));
    this.#inFlight.push({ kind: "joined", attempt, answer: { position: at(Math.max(from, served)), replayed: 0 } });
  }

  #tell(input: Input): void {
    this.#now += 10;
    const effects = this.following.on(input, this.#now);
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case "connect": this.#hangUp(); this.#connecting = true; return;
      case "hangUp": return this.#hangUp();
      case "subscribe": return this.#subscribe(effect.attempt, effect.position);
      case "fetchSnapshot": this.#asked = this.#asked.filter(({ kind }) => kind !== "fetchSnapshot"); break;
      case "fetchOrder": case "askToken": break;
      case "wait": this.#timers.add(effect.timer); return;
      case "cancel": this.#timers.delete(effect.timer); return;
      case "changed":
        for (const event of effect.events) {
          const versions = this.seen.get(event.order_id) ?? [];
          this.seen.set(event.order_id, [...versions, event.version]);
        }
        return;
      default: return;
    }
    this.#asked.push(effect);
  }
}

const at = (offset: number): string => `${EPOCH}.0-${offset}`;

function foldAll(events: Event[]): Map<string, Order> {
  const orders = new Map<string, Order>();
  for (const event of events) orders.set(event.order_id, mergePatch(orders.get(event.order_id) ?? {}, event.change) as Order);
  return orders;
}
