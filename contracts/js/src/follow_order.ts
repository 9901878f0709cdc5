// Following one order with a diner's link: its progress from order-api, its events over an event stream.

import { isRefusal, patient, problemOf, retryAfter } from "./answers.ts";
import { RoomFollower, type Source } from "./follow_room.ts";
import type { SnapshotAnswer } from "./reading.ts";
import type { Order, OrderProgress } from "./schema.ts";
import type { Status } from "./status.ts";
import { StreamLink } from "./stream_link.ts";
import { orderOf } from "./token.ts";

/** Why a status is `refused` where the link holds and its order is not there. */
export const ORDER_NOT_FOUND = "order_not_found";

export interface FollowOrder {
  /** A notifier, or what balances several. */
  url: string;
  orderApi: string;
  /** The token of the link. */
  link: string;
  /** `live` is false where it was read whole: at first, and after an interruption that was too long to catch up. */
  onProgress(progress: OrderProgress, live: boolean): void;
  onStatus(status: Status): void;
}

/** Follow the order of a link. Throws a TypeError where the text is no link. */
export function followOrder({ url, orderApi, link, onProgress, onStatus }: FollowOrder): RoomFollower {
  const named = orderOf(link);
  if (!named) throw new TypeError("the text is not a link to an order");
  const order = `orders/${encodeURIComponent(named.order)}`;
  const progress = new ProgressSource(`${orderApi}/v1/venues/${encodeURIComponent(named.venue)}/${order}/progress`);
  return new RoomFollower(
    {
      token: link,
      // An order as a diner sees it is an order with fewer fields: folding asks for id, version and status only.
      onOrders: ({ orders, whole }) => orders.forEach((one) => onProgress(one as OrderProgress, !whole)),
      onStatus,
    },
    (heard) => new StreamLink(`${url}/v1/${order}/events`, heard),
    async () => progress,
  );
}

class ProgressSource implements Source {
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
  }

  async read(token: string, since: string | undefined, stop: AbortSignal): Promise<SnapshotAnswer> {
    try {
      const answer = await this.#get(token, stop);
      const position = answer.headers.get("Position");
      if (answer.ok && position !== null) {
        const body = { position, server_time: "", orders: [(await answer.json()) as Order] };
        return { outcome: since === undefined ? "snapshot" : "changes", body, hint: undefined };
      }
      if (answer.status === 404) return { outcome: "refused", why: ORDER_NOT_FOUND };
      if (isRefusal(answer) || answer.status === 422) return { outcome: "refused", why: (await problemOf(answer)).detail };
      return { outcome: "failed", retryAfter: retryAfter(answer) };
    } catch {
      return { outcome: "failed", retryAfter: undefined }; // no network, no answer in time, or no JSON
    }
  }

  async order(token: string, _: string, stop: AbortSignal): Promise<Order | undefined> {
    const read = await this.read(token, undefined, stop);
    return read.outcome === "snapshot" ? read.body.orders[0] : undefined;
  }

  #get(token: string, stop: AbortSignal): Promise<Response> {
    return fetch(this.#address, { headers: { Authorization: `Bearer ${token}` }, cache: "no-store", signal: patient(stop) });
  }
}
