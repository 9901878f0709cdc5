// The query API as a screen asks it: the snapshot, with its ETag, and one order. Gives inputs of `Following`.

import type { Snapshot } from "./signals.ts";
import type { Order } from "./schema.ts";

const PATIENCE_MS = 10_000;

export type SnapshotAnswer =
  | { outcome: "snapshot" | "changes"; body: Snapshot; hint: number | undefined }
  | { outcome: "refused"; why: string }
  | { outcome: "failed"; retryAfter: number | undefined };

function numberIn(answer: Response, header: string): number | undefined {
  const value = Number(answer.headers.get(header) ?? Number.NaN);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** A Retry-After, in milliseconds. */
function retryAfter(answer: Response): number | undefined {
  const seconds = numberIn(answer, "Retry-After");
  return seconds === undefined ? undefined : seconds * 1000;
}

const isRefusal = (answer: Response): boolean => answer.status === 401 || answer.status === 403;

async function detailOf(answer: Response): Promise<string> {
  const problem: unknown = await answer.json().catch(() => undefined);
  const detail = (problem as { detail?: unknown } | undefined)?.detail;
  return typeof detail === "string" ? detail : `the query API answered ${answer.status}`;
}

export class Reading {
  #last: { tag: string; body: Snapshot } | undefined; // the snapshot read last, while it may be asked for again
  #tellsChanges = true; // until it turns out to be an older query API
  readonly #api: string;
  readonly #venue: string;

  constructor(api: string, venue: string) {
    this.#api = api;
    this.#venue = `/v1/venues/${encodeURIComponent(venue)}`;
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
    if (isRefusal(answer)) return { outcome: "refused", why: await detailOf(answer) };
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
    const signal = AbortSignal.any([stop, AbortSignal.timeout(PATIENCE_MS)]);
    return fetch(`${this.#api}${this.#venue}${path}`, { headers, cache: "no-store", signal });
  }
}
