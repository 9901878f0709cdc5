// Written by `make page` from contracts/schemas; a test says when it has drifted.

/**
 * One accepted or losing record's value: `change` is a JSON Merge Patch (RFC 7396) to the order document.
 *
 *     `parent` is the id of the event that this one was decided on, absent for an order's first. `version` is the
 *     parent's + 1, 1 for the first. Times are RFC 3339, UTC, to the millisecond.
 */
export interface Event {
  id: string;
  type: string;
  order_id: string;
  venue_id: string;
  organization_id: string;
  version: number;
  parent?: string | null;
  time: string;
  actor: string;
  reason?: string | null;
  change: {};
}

/**
 * An order as its accepted events leave it.
 */
export interface Order {
  order_id: string;
  venue_id: string;
  organization_id: string;
  /**
   * the version of the last accepted event
   */
  version: number;
  /**
   * open enum, see Status
   */
  status: string;
  status_since: string;
  /**
   * open enum, see Payment
   */
  payment?: string;
  /**
   * qr, pos, staff, kiosk, web, aggregator, phone; open
   */
  channel: string;
  dining_option?: string | null;
  table?: Table | null;
  display_number?: string | null;
  external_ref?: ExternalRef | null;
  business_date: string;
  /**
   * a scheduled order is placed anew when it is released
   */
  placed_at: string;
  updated_at: string;
  /**
   * when a scheduled order is due
   */
  scheduled_for?: string | null;
  promised_at?: string | null;
  /**
   * 0 is as usual; higher is sooner
   */
  priority?: number;
  guest?: Guest | null;
  notes?: string | null;
  /**
   * @maxItems 50
   */
  allergens?: string[];
  items: {
    [k: string]: Item;
  };
  totals?: Totals | null;
  /**
   * none before the first payment
   */
  payments?: Payments | null;
  /**
   * since when the guest is forgotten
   */
  guest_erased_at?: string | null;
}
/**
 * Where the guests sit.
 */
export interface Table {
  label: string;
  area?: string | null;
}
/**
 * The order's name in the system that it came from.
 */
export interface ExternalRef {
  source: string;
  id: string;
  /**
   * that system's own version of the order
   */
  version?: number | null;
}
/**
 * Who ordered, as far as the kitchen calls it out.
 */
export interface Guest {
  name?: string | null;
}
/**
 * One line of an order, keyed by its line_id so that a merge patch can touch it alone.
 *
 * This interface was referenced by `undefined`'s JSON-Schema definition
 * via the `patternProperty` "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$".
 */
export interface Item {
  name: string;
  sku?: string | null;
  /**
   * positive decimal, as text: 2 or 0.25
   */
  quantity: string;
  unit_price: Money;
  /**
   * @maxItems 50
   */
  modifiers?: Modifier[];
  station?: string | null;
  course?: number | null;
  seat?: number | null;
  notes?: string | null;
  image_url?: string | null;
  /**
   * open enum, see ItemState
   */
  state?: string;
  /**
   * why the line was voided
   */
  void_reason?: string | null;
  /**
   * a refund named this line
   */
  refunded?: boolean;
}
/**
 * An amount of money in minor units (cents) of an ISO 4217 currency.
 */
export interface Money {
  /**
   * minor units, such as cents
   */
  amount: number;
  /**
   * ISO 4217 code
   */
  currency: string;
}
/**
 * A change to an item: added, removed or substituted.
 */
export interface Modifier {
  name: string;
  /**
   * add, remove or substitute; open
   */
  action?: string;
  /**
   * positive decimal, as text: 2 or 0.25
   */
  quantity?: string;
  unit_price?: Money | null;
}
/**
 * Totals as stated; `mismatch`: total is not subtotal - discount + tax + service + tip.
 */
export interface Totals {
  subtotal?: Money | null;
  discount?: Money | null;
  tax?: Money | null;
  service?: Money | null;
  tip?: Money | null;
  total: Money;
  mismatch?: boolean;
}
/**
 * What was paid so far, in minor units of the order's currency.
 */
export interface Payments {
  /**
   * ISO 4217 code
   */
  currency: string;
  /**
   * held on a means of payment, not captured yet
   */
  authorized?: number;
  /**
   * taken so far, refunds not counted off
   */
  captured?: number;
  /**
   * given back so far, at most what was captured
   */
  refunded?: number;
}

/**
 * The second argument of batchOrderUpdates.
 */
export interface BatchMeta {
  room: string;
  /**
   * position before the batch: a screen that holds less has missed something
   */
  prev: string;
  /**
   * position after the batch
   */
  to: string;
  /**
   * RFC 3339; ages are counted from it, never from the screen's clock
   */
  server_time: string;
}

/**
 * What a screen sends to enter a room.
 */
export interface Subscribe {
  room: string;
  position?: string | null;
}

/**
 * The answer to subscribe: a position, or resync, or an error in words.
 */
export interface SubscribeAck {
  /**
   * where the live feed goes on
   */
  position?: string | null;
  /**
   * how many missed events were sent before this answer
   */
  replayed?: number | null;
  /**
   * seconds until the connection is ended, unless a newer token comes by refresh
   */
  expires_in?: number | null;
  /**
   * too far back: fetch the snapshot, subscribe at its position
   */
  resync?: boolean | null;
  error?: string | null;
}

/**
 * What a screen sends before its token runs out: a newer one of the same subject and organization.
 */
export interface Refresh {
  token: string;
}

/**
 * The answer to refresh; after an error the older token goes on to hold.
 */
export interface RefreshAck {
  /**
   * seconds until the connection is ended, unless a newer token comes by refresh
   */
  expires_in?: number | null;
  /**
   * rooms that the newer token does not open: left
   */
  left?: string[] | null;
  error?: string | null;
}

/**
 * The room's feed was cut for this screen: fetch the snapshot and subscribe at its position.
 */
export interface Resync {
  room: string;
}

/**
 * Whether the notifier hears from the log.
 */
export interface FeedStatus {
  stale: boolean;
  since: string;
}

/**
 * The replica is going down: connect again, elsewhere, after this many milliseconds.
 */
export interface Draining {
  retry_after_ms: number;
}

/**
 * What an operator tells people in front of screens.
 */
export interface Notice {
  /**
   * the same on every replica: show it once
   */
  id: string;
  text: string;
  /**
   * info or warning; open
   */
  level: string;
  /**
   * RFC 3339
   */
  sent_at: string;
}

/**
 * The connection ends, and should not be made again with the same token.
 */
export interface SignedOut {
  reason: string;
}

/**
 * An order as a diner sees it.
 */
export interface OrderProgress {
  order_id: string;
  venue_id: string;
  version: number;
  /**
   * open enum, as an order's
   */
  status: string;
  status_since: string;
  display_number?: string | null;
  dining_option?: string | null;
  placed_at: string;
  promised_at?: string | null;
  scheduled_for?: string | null;
  updated_at: string;
  items: {
    [k: string]: ProgressItem;
  };
}
/**
 * One line of an order, as a diner sees it.
 */
export interface ProgressItem {
  name: string;
  quantity: string;
  /**
   * open enum: new, held, preparing, ready, served, voided
   */
  state: string;
}
