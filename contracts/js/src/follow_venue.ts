// Following a venue, or all venues of an organization, over Socket.IO, with snapshots from the query API.

import { RoomFollower, type Told } from "./follow_room.ts";
import { Reading } from "./reading.ts";
import { SocketLink } from "./socket_link.ts";
import type { Notice } from "./schema.ts";
import { venueOf } from "./token.ts";

interface FollowStaff extends Told {
  /** A notifier, or what balances several: `https://orders.example`. */
  url: string;
  /** The query API; where not given, the notifier is asked for it. */
  queryUrl?: string;
  /** What an operator tells the people in front of the screen. */
  onNotice?(notice: Notice): void;
  transports?: string[];
}

export interface FollowOptions extends FollowStaff {
  /** Where not given, the first that the token names. */
  venue?: string;
}

export interface FollowOrganization extends FollowStaff {
  organization: string;
}

export class Follower extends RoomFollower<Reading> {
  /** Read the orders that were closed last into `orders`. */
  async lookBack(status: string, limit: number): Promise<void> {
    const reading = await this.source().catch(() => undefined);
    for (const order of (await reading?.closed(this.token(), status, limit, this.ended.signal)) ?? []) this.put(order);
  }
}

/** Follow a venue's orders. Throws a TypeError where no venue is known. */
export function followVenue(options: FollowOptions): Follower {
  const venue = options.venue ?? (typeof options.token === "string" ? venueOf(options.token) : undefined);
  if (!venue) throw new TypeError("name the venue: the token does not");
  return follow(options, `venue:${venue}`, `/v1/venues/${encodeURIComponent(venue)}`);
}

/** Follow the orders of all venues of an organization; those of the snapshot have no items and no guests. */
export function followOrganization(options: FollowOrganization): Follower {
  const { organization } = options;
  return follow(options, `organization:${organization}`, `/v1/organizations/${encodeURIComponent(organization)}`);
}

function follow(options: FollowStaff, room: string, path: string): Follower {
  const transports = options.transports ?? ["websocket", "polling"];
  return new Follower(
    options,
    (heard) => new SocketLink(options.url, room, transports, heard, (notice) => options.onNotice?.(notice)),
    async () => new Reading(`${await queryApi(options)}${path}`),
  );
}

async function queryApi({ url, queryUrl }: FollowStaff): Promise<string> {
  if (queryUrl !== undefined) return queryUrl.replace(/\/+$/, "");
  const answer = await fetch(new URL("config.json", `${url}/`), { signal: AbortSignal.timeout(10_000) });
  return ((await answer.json()) as { query_api_url: string }).query_api_url;
}
