// What is put into words beside the tickets: news as it is read out, and why a tap was taken back. Pure.

import type { Event, Order } from "@scanserve/client";
import { isDone } from "./acts.ts";
import { labelOf } from "./kitchen.ts";
import { toReadOut } from "./news.ts";
import type { Command } from "./outbox.ts";
import type { Words } from "./words.ts";

const MOST_READ_OUT = 4;

/** What a batch says to somebody who listens; nothing where it says nothing to a kitchen. */
export function newsText(events: readonly Event[], orders: ReadonlyMap<string, Order>, words: Words): string {
  const { told, more } = toReadOut(events, MOST_READ_OUT);
  const parts = told.flatMap(({ kind, event }) => {
    const order = orders.get(event.order_id);
    if (!order) return [];
    const table = order.table ? `, ${words.table(order.table.label, "")}` : "";
    return [`${words.news[kind]}: ${labelOf(order)}${table}`];
  });
  return [...parts, ...(parts.length > 0 && more > 0 ? [words.moreNews(more)] : [])].join(". ");
}

/** Why a tap was taken back: `order` as it is now, `actor` who touched it last, `self` who this screen is. */
export function refusalText(
  command: Command, order: Order | undefined, actor: string | undefined, self: string | undefined, words: Words,
): string {
  if (!order) return words.refused.gone(command.label);
  const who = actor === undefined ? words.someone : actor === self ? words.anotherScreen : actor;
  return isDone(order, command.act) ? words.refused.already(command.label, who) : words.refused.changed(command.label, who);
}
