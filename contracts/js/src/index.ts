// @scanserve/client: follow a venue's orders, live and without a hole.

export { followVenue, type Change, type FollowOptions, type Follower } from "./follow_venue.ts";
export type { Notice } from "./link.ts";
export { isOpen, OPEN_STATUSES } from "./ledger.ts";
export type { Status } from "./status.ts";
export type { Event, Item, Modifier, Order } from "./schema.ts";
export { claimsOf, venueOf } from "./token.ts";
