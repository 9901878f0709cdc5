// The query API as a screen asks it: the snapshot, with its ETag, and one order. Gives inputs of `Following`.

import { isRefusal, numberIn, patient, problemOf, retryAfter } from "./answers.ts";
import type { Source } from "./follow_room.ts";
import type { Snapshot } from "./signals.ts";
import type { Order } from "./schema.ts";

export type SnapshotAnswer =
  | { outcome: "snapshot" | "changes"; body: Snapshot; hint: number | undefined }
  | { outcome: "refused"; why: string }
  | { outcome: "failed"; retryAfter: number | undefined };

export class Reading implements Source {
  #last: { tag: string; body: Snapshot } | undefined; // the snapshot read last, while it may be asked for again
  #tellsChanges = true; // until it turns out to be an older query API
  readonly #base: string;

  /** `base` is the address of a venue or of an organization. */
  constructor(base: string) {
    this.#base = base;
  }

  /** Ask for the snapshot; with `since`, a position, for what has changed since then where that can be told. */
  async read(token: string, since: string | undefined, stop: AbortSignal): Promise<SnapshotAnswer> {
    try {
      if (since !== undefined && this.#tellsChanges) {
        const answer = await this.#get(`/changes?since=${encodeURIComponent(since)}`, this.#headers(token), stop);
        if (answer.status === 404) this.#tellsChanges = false;
        else if (answer.status !== 410) return await this.#answerOf(answer, "changes"); // 410: too far back
      }
      return await this.#snapshot(token, since !== undefined, stop);
    } catch {
      return { outcome: "failed", retryAfter: undefined }; // no network, no answer in time, or no JSON
    }
  }

  /** A snapshot that is the same as the last is not sent again. */
  async #snapshot(token: string, again: boolean, stop: AbortSignal): Promise<SnapshotAnswer> {
    const held = again ? this.#last : undefined;
    const headers = { ...this.#headers(token), ...(held && { "If-None-Match": held.tag }) };
    const answer = await this.#get("/snapshot", headers, stop);
    if (answer.status === 304 && held) return { outcome: "snapshot", body: held.body, hint: numberIn(answer, "Poll-After-Ms") };
    const read = await this.#answerOf(answer, "snapshot");
    const tag = answer.headers.get("ETag");
    this.#last = again && read.outcome === "snapshot" && tag !== null ? { tag, body: read.body } : undefined;
    return read;
  }

  async #answerOf(answer: Response, outcome: "snapshot" | "changes"): Promise<SnapshotAnswer> {
    if (isRefusal(answer)) return { outcome: "refused", why: (await problemOf(answer)).detail };
    if (!answer.ok) return { outcome: "failed", retryAfter: retryAfter(answer) };
    return { outcome, body: (await answer.json()) as Snapshot, hint: numberIn(answer, "Poll-After-Ms") };
  }

  /** Ask for one order; undefined where it can't be had now. */
  async order(token: string, id: string, stop: AbortSignal): Promise<Order | undefined> {
    try {
      const answer = await this.#get(`/orders/${encodeURIComponent(id)}`, this.#headers(token), stop);
      return answer.ok ? ((await answer.json()) as Order) : undefined;
    } catch {
      return undefined;
    }
  }

  /** The orders that were closed last, for whoever looks back; empty where they can't be had now. */
  async closed(token: string, status: string, limit: number, stop: AbortSignal): Promise<Order[]> {
    try {
      const answer = await this.#get(`/orders?status=${status}&limit=${limit}`, this.#headers(token), stop);
      return answer.ok ? ((await answer.json()) as { orders: Order[] }).orders : [];
    } catch {
      return [];
    }
  }

  #headers(token: string): Record<string, string> {
    return { Authorization: `Bearer ${token}` };
  }

  #get(path: string, headers: Record<string, string>, stop: AbortSignal): Promise<Response> {
    return fetch(`${this.#base}${path}`, { headers, cache: "no-store", signal: patient(stop) });
  }
}
