// What a kitchen sees: tickets in columns, how late they are, and what is to be made in all. Pure: time is an argument.

import type { Item, Order } from "@scanserve/client";
import { isMade, isVoided, STAGES, type Stage, type View } from "./acts.ts";

export type Urgency = "" | "slow" | "late";
/** Minutes in a stage after which a ticket is slow, and late. */
export type Thresholds = Record<Stage, [slow: number, late: number]>;
export const THRESHOLDS: Thresholds = { placed: [3, 6], accepted: [5, 10], preparing: [8, 15], ready: [4, 8] };

export interface Line {
  id: string;
  item: Item;
}

export interface Ticket {
  id: string;
  order: Order;
  label: string;
  stage: Stage;
  lines: Line[];
  /** Stations that this ticket is at too, with what is made there: none in the view of all. */
  elsewhere: { station: string; made: number; of: number }[];
  minutes: number;
  minutesHere: number;
  urgency: Urgency;
  rush: boolean;
  /** Called off after this screen had shown it: stays until somebody has seen it. */
  cancelled: boolean;
}

export interface Column {
  stage: Stage;
  tickets: Ticket[];
}

export const labelOf = (order: Order): string =>
  order.display_number ?? order.external_ref?.id ?? order.order_id.slice(0, 4).toUpperCase();

/** The columns that a view has: a station does not tell accepted from started, expo waits for what is being made. */
export function stagesOf(view: View): readonly Stage[] {
  if (view.kind === "all") return STAGES;
  return view.kind === "station" ? ["placed", "preparing", "ready"] : ["preparing", "ready"];
}

/** The column of an order in a view; none where it is not shown there. `status` is its last while it was open. */
function stageIn(view: View, order: Order, status: string): Stage | undefined {
  const stage = STAGES.find((one) => one === status);
  if (stage === undefined || view.kind === "all") return stage;
  if (view.kind === "expo") return stage === "placed" ? undefined : stage === "accepted" ? "preparing" : stage;
  const mine = Object.values(order.items).filter((item) => item.station === view.station && !isVoided(item));
  if (stage === "placed") return stage;
  return mine.every(isMade) ? "ready" : "preparing";
}

function elsewhere(view: View, order: Order): Ticket["elsewhere"] {
  if (view.kind === "all") return [];
  const stations = new Map<string, { station: string; made: number; of: number }>();
  for (const item of Object.values(order.items)) {
    const station = item.station;
    if (!station || isVoided(item) || (view.kind === "station" && station === view.station)) continue;
    const at = stations.get(station) ?? { station, made: 0, of: 0 };
    stations.set(station, { station, made: at.made + Number(isMade(item)), of: at.of + 1 });
  }
  return [...stations.values()];
}

export function urgencyOf(stage: Stage, minutes: number, thresholds: Thresholds): Urgency {
  const [slow, late] = thresholds[stage];
  return minutes >= late ? "late" : minutes >= slow ? "slow" : "";
}

const minutesSince = (time: string, now: number): number => Math.max(0, Math.floor((now - Date.parse(time)) / 60_000));

const NUMBERED = new Intl.Collator("en", { numeric: true }); // 10 after 9, on every device alike

export interface Shown {
  view: View;
  now: number;
  thresholds: Thresholds;
  /** Orders that were called off while they were shown, with the status that they had. */
  cancelled: ReadonlyMap<string, string>;
  /** `order/line` of voided lines that somebody has seen. */
  acknowledged: ReadonlySet<string>;
}

/** By course, then as numbered: the keys of a document come in another order from the rows than from the room. */
function byCourse(one: Line, other: Line): number {
  return (one.item.course ?? 0) - (other.item.course ?? 0) || NUMBERED.compare(one.id, other.id);
}

function ticketOf(order: Order, shown: Shown): Ticket | undefined {
  const { view, now } = shown;
  const was = shown.cancelled.get(order.order_id);
  const stage = stageIn(view, order, was ?? order.status);
  if (stage === undefined) return undefined;
  const lines = Object.entries(order.items)
    .map(([id, item]) => ({ id, item }))
    .filter(({ item }) => view.kind !== "station" || item.station === view.station)
    .filter(({ id, item }) => !isVoided(item) || !shown.acknowledged.has(`${order.order_id}/${id}`))
    .sort(byCourse);
  if (lines.length === 0) return undefined;
  const minutesHere = minutesSince(order.status_since, now);
  return {
    id: order.order_id, order, label: labelOf(order), stage, lines, elsewhere: elsewhere(view, order),
    minutes: minutesSince(order.placed_at, now), minutesHere,
    urgency: was === undefined ? urgencyOf(stage, minutesHere, shown.thresholds) : "",
    rush: Boolean(order.priority), cancelled: was !== undefined,
  };
}

/** Oldest first, whatever happened to it since, rush before all: a ticket never moves while it is read. */
function inOrder(one: Ticket, other: Ticket): number {
  return Number(other.rush) - Number(one.rush)
    || (one.order.placed_at < other.order.placed_at ? -1 : one.order.placed_at > other.order.placed_at ? 1 : 0)
    || (one.id < other.id ? -1 : 1);
}

export function columnsOf(orders: Iterable<Order>, shown: Shown): Column[] {
  const columns = new Map(stagesOf(shown.view).map((stage) => [stage, [] as Ticket[]]));
  for (const order of orders) {
    const ticket = ticketOf(order, shown);
    if (ticket) columns.get(ticket.stage)?.push(ticket);
  }
  return [...columns].map(([stage, tickets]) => ({ stage, tickets: tickets.sort(inOrder) }));
}

/** The orders that wait for their time, the next one first. */
export function laterOf(orders: Iterable<Order>): Order[] {
  const waiting = [...orders].filter(({ status, scheduled_for }) => status === "scheduled" && scheduled_for);
  return waiting.sort((one, other) => Date.parse(one.scheduled_for as string) - Date.parse(other.scheduled_for as string));
}

/** The stations that open orders are at, sorted. */
export function stationsOf(orders: Iterable<Order>): string[] {
  const found = new Set<string>();
  for (const order of orders) for (const item of Object.values(order.items)) if (item.station) found.add(item.station);
  return [...found].sort();
}

export interface AllDay {
  name: string;
  quantity: number;
}

/** What is still to be made in all open tickets that a view shows, most first. */
export function allDay(columns: readonly Column[]): AllDay[] {
  const counts = new Map<string, number>();
  for (const { tickets } of columns) for (const ticket of tickets) {
    if (ticket.cancelled) continue;
    for (const { item } of ticket.lines) {
      if (isMade(item) || isVoided(item)) continue;
      counts.set(item.name, (counts.get(item.name) ?? 0) + Number(item.quantity));
    }
  }
  const all = [...counts].map(([name, quantity]) => ({ name, quantity: Math.round(quantity * 1e5) / 1e5 }));
  return all.sort((one, other) => other.quantity - one.quantity || (one.name < other.name ? -1 : 1));
}
