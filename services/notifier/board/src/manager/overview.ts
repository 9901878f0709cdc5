// An organization's open orders as a manager reads them: how many in each status, at which venue, and which are late.
// Pure: time is an argument.

import type { Order } from "@scanserve/client";
import { STAGES, type Stage } from "../acts.ts";
import { labelOf, THRESHOLDS, urgencyOf } from "../kitchen.ts";

export type Counts = Record<Stage, number>;

export interface VenueRow {
  venue: string;
  counts: Counts;
  late: number;
  /** Minutes since the oldest open order was placed; undefined where none is open. */
  oldest: number | undefined;
}

export interface LateOrder {
  id: string;
  venue: string;
  label: string;
  stage: Stage;
  minutesHere: number;
  /** Minutes past what was promised; undefined where the promise holds, or none was made. */
  overdue: number | undefined;
}

export interface Overview {
  totals: Counts;
  open: number;
  venues: VenueRow[];
  /** The worst first. */
  late: LateOrder[];
}

const none = (): Counts => ({ placed: 0, accepted: 0, preparing: 0, ready: 0 });
const minutes = (since: string, now: number): number => Math.max(0, Math.floor((now - Date.parse(since)) / 60_000));

/** Late is what was promised for earlier and is not ready, and what stays in a stage for longer than a board bears. */
function latenessOf(order: Order, stage: Stage, now: number): LateOrder | undefined {
  const promised = order.promised_at && stage !== "ready" ? Date.parse(order.promised_at) : Infinity;
  const overdue = promised < now ? Math.floor((now - promised) / 60_000) : undefined;
  const minutesHere = minutes(order.status_since, now);
  if (overdue === undefined && urgencyOf(stage, minutesHere, THRESHOLDS) !== "late") return undefined;
  return { id: order.order_id, venue: order.venue_id, label: labelOf(order), stage, minutesHere, overdue };
}

/** `known` are venues that may have no open orders now: a row does not come and go. */
export function overviewOf(orders: Iterable<Order>, known: Iterable<string>, now: number): Overview {
  const rows = new Map([...known].map((venue): [string, VenueRow] => [venue, { venue, counts: none(), late: 0, oldest: undefined }]));
  const overview: Overview = { totals: none(), open: 0, venues: [], late: [] };
  for (const order of orders) {
    const stage = STAGES.find((one) => one === order.status);
    if (stage === undefined) continue;
    const row = rows.get(order.venue_id) ?? { venue: order.venue_id, counts: none(), late: 0, oldest: undefined };
    rows.set(order.venue_id, row);
    const late = latenessOf(order, stage, now);
    if (late) overview.late.push(late);
    row.counts[stage] += 1;
    row.late += Number(late !== undefined);
    row.oldest = Math.max(row.oldest ?? 0, minutes(order.placed_at, now));
    overview.totals[stage] += 1;
    overview.open += 1;
  }
  overview.venues = [...rows.values()].sort((one, other) => one.venue.localeCompare(other.venue, "en", { numeric: true }));
  overview.late.sort((one, other) => worst(other) - worst(one) || (one.id < other.id ? -1 : 1));
  return overview;
}

/** A broken promise counts before a long stay. */
const worst = ({ overdue, minutesHere }: LateOrder): number => (overdue === undefined ? 0 : 1e6 + overdue * 1e3) + minutesHere;
