// @scanserve/client: follow a venue's orders, all of an organization's, or a single one, live and without a hole.

export { followOrder, ORDER_NOT_FOUND, type FollowOrder } from "./follow_order.ts";
export type { Change, RoomFollower } from "./follow_room.ts";
export { followOrganization, followVenue, type Follower, type FollowOptions } from "./follow_venue.ts";
export { isOpen, OPEN_STATUSES } from "./ledger.ts";
export type { Status } from "./status.ts";
export type { Event, Item, Modifier, Notice, Order, OrderProgress, ProgressItem } from "./schema.ts";
export { claimsOf, orderOf, venueOf } from "./token.ts";
