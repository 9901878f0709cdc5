// What staff can do to a ticket, and what order-api is asked for it. Pure.

import type { Item, Order } from "@scanserve/client";

export const STAGES = ["placed", "accepted", "preparing", "ready"] as const;
export type Stage = (typeof STAGES)[number];
export type View = { kind: "all" } | { kind: "expo" } | { kind: "station"; station: string };

/**
 * One act: order-api's path after the order, and its body. `pinned` acts mean the ticket as it was seen: when it is
 * another by then, staff look again. The others name a step of one line or station, and the rules refuse a misfit.
 */
export interface Act {
  path: string;
  body?: object;
  pinned: boolean;
}

export type Bump = "accept" | "start" | "ready" | "complete" | "stationReady";
const NEXT: Record<Stage, Exclude<Bump, "stationReady">> = { placed: "accept", accepted: "start", preparing: "ready", ready: "complete" };

export const isMade = (item: Item): boolean => item.state === "ready" || item.state === "served";
export const isVoided = (item: Item): boolean => item.state === "voided";
const isUnmade = (item: Item): boolean => !isMade(item) && !isVoided(item);

/** The next step of a ticket in a stage, as one view has it; none where others have to act first. */
export function bumpOf(stage: Stage, view: View): Bump | undefined {
  if (view.kind !== "station" || stage === "placed") return NEXT[stage];
  return stage === "ready" ? undefined : "stationReady";
}

export function actOf(bump: Bump, view: View): Act {
  if (bump !== "stationReady" || view.kind !== "station") return { path: bump, pinned: true };
  return { path: `stations/${view.station}/ready`, pinned: false };
}

export function recallOf(view: View): Act {
  return { path: view.kind === "station" ? `stations/${view.station}/recall` : "recall", pinned: false };
}

/** A scheduled order comes to the kitchen now; where it has come by itself meanwhile, that is what was meant. */
export const RELEASE: Act = { path: "release", pinned: false };

/** Tick a line, or take the tick back. */
export function tickOf(line: string, item: Item): Act {
  return { path: `items/${line}/${isMade(item) ? "recall" : "ready"}`, pinned: false };
}

export const rushOf = (order: Order): Act => ({ path: "priority", body: { priority: order.priority ? 0 : 5 }, pinned: false });

/** What a ticket says to a kitchen: as long as this is the same, a bump means the same. */
export function essence(order: Order): string {
  return JSON.stringify([order.status, order.items, order.notes ?? null, order.allergens ?? []]);
}

function withStates(order: Order, wanted: (item: Item, line: string) => boolean, state: string): Order {
  const items = Object.entries(order.items).map(([line, item]) => [line, wanted(item, line) ? { ...item, state } : item] as const);
  return { ...order, items: Object.fromEntries(items) };
}

/** The status follows the lines: ready once all live ones are made, preparing before. */
function following(order: Order): Order {
  const live = Object.values(order.items).filter((item) => !isVoided(item));
  return { ...order, status: live.every(isMade) ? "ready" : "preparing" };
}

/** What an order will look like once an act is done: shown at once, and forgotten when order-api answers. */
export function foreseen(order: Order, act: Act): Order {
  const [place = "", name = "", step = ""] = act.path.split("/");
  const fired = (item: Item): boolean => isUnmade(item) && item.state !== "held";
  switch (place) {
    case "release": return { ...order, status: "placed" };
    case "accept": return { ...order, status: "accepted" };
    case "start": return { ...withStates(order, (item) => item.state === "new", "preparing"), status: "preparing" };
    case "ready": return following(withStates(order, fired, "ready"));
    case "complete": return { ...order, status: "completed" };
    case "recall": return following(withStates(order, isMade, "preparing"));
    case "priority": return { ...order, ...(act.body as { priority: number }) };
    case "items": {
      const state = step === "ready" ? "ready" : "preparing";
      return following(withStates(order, (_, line) => line === name, state));
    }
    case "stations": {
      const [from, state] = step === "ready" ? [fired, "ready"] as const : [isMade, "preparing"] as const;
      return following(withStates(order, (item) => item.station === name && from(item), state));
    }
    default: return order;
  }
}

const RANK: Record<string, number> = { placed: 0, accepted: 1, preparing: 2, ready: 3, completed: 4 };
const LEADS_TO: Record<string, number> = { release: 0, accept: 1, start: 2, ready: 3, complete: 4 };

/** Whether an order is where an act would have led it: somebody else was quicker. */
export function isDone(order: Order, act: Act): boolean {
  const [place = "", name = "", step] = act.path.split("/");
  if (place === "items") return isMade(order.items[name] ?? ({} as Item)) === (step === "ready");
  if (place === "stations") {
    const mine = Object.values(order.items).filter((item) => item.station === name && !isVoided(item));
    return mine.every((item) => isMade(item) === (step === "ready"));
  }
  return (RANK[order.status] ?? -1) >= (LEADS_TO[place] ?? Infinity);
}
