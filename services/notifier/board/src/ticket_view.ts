// A ticket as it is drawn. Drawn again only when something on it has changed: a busy board has hundreds.

import { html, nothing, type TemplateResult } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import type { Modifier } from "@scanserve/client";
import { bumpOf, isMade, isVoided, type View } from "./acts.ts";
import type { Line, Ticket } from "./kitchen.ts";
import type { Marks } from "./history.ts";
import type { Words } from "./words.ts";

export interface TicketDeeds {
  bump(ticket: Ticket): void;
  recall(ticket: Ticket): void;
  rush(ticket: Ticket): void;
  tick(ticket: Ticket, line: Line): void;
  acknowledge(ticket: Ticket): void;
}

export interface TicketContext {
  view: View;
  words: Words;
  deeds: TicketDeeds;
  marks: Marks | undefined;
  /** Acts under way. */
  pending: boolean;
  /** The digit that bumps it, where there is one. */
  digit: number | undefined;
  pictures: string | null;
}

export function ticketView(ticket: Ticket, context: TicketContext): unknown {
  const { view, words, marks, pending, digit } = context;
  const parts = [
    ticket.order, ticket.stage, ticket.minutes, ticket.urgency && ticket.minutesHere, ticket.lines.length, ticket.cancelled,
    view, words, marks, pending, digit,
  ];
  return guard(parts, () => drawn(ticket, context));
}

function drawn(ticket: Ticket, context: TicketContext): TemplateResult {
  const { order } = ticket;
  const { words } = context;
  const id = `ticket-${ticket.id}`;
  return html`
    <article data-ticket=${ticket.id} data-urgency=${ticket.urgency} ?data-pending=${context.pending}
        ?data-cancelled=${ticket.cancelled} tabindex="-1" aria-labelledby=${id}>
      <header>
        <h3 id=${id} dir="auto">${ticket.label}</h3>
        ${context.digit === undefined ? nothing : html`<kbd aria-hidden="true">${context.digit}</kbd>`}
        ${age(ticket, words)}
      </header>
      <p class="place" dir="auto">${place(ticket, words)}</p>
      ${ticket.cancelled ? html`<p class="stop"><span aria-hidden="true">✕ </span>${words.cancelled}</p>` : nothing}
      ${ticket.rush ? html`<p class="rush"><span aria-hidden="true">⚑ </span>${words.rush}</p>` : nothing}
      ${order.allergens?.length
        ? html`<p class="allergens"><span aria-hidden="true">⚠ </span>${words.allergens(order.allergens.join(", "))}</p>` : nothing}
      <ul class="lines">${ticket.lines.map((line) => html`<li>${lineView(ticket, line, context)}</li>`)}</ul>
      ${order.notes ? html`<p class="note" dir="auto">${order.notes}</p>` : nothing}
      ${ticket.elsewhere.length ? html`<p class="elsewhere">${context.view.kind === "expo" ? words.stations : words.elsewhere}: ${ticket.elsewhere.map(({ station, made, of }, at) =>
        html`${at ? " · " : ""}<span dir="auto">${station} ${made === of ? "✔" : `${made}/${of}`}</span>`)}</p>` : nothing}
      ${buttons(ticket, context)}
    </article>`;
}

function age(ticket: Ticket, words: Words): TemplateResult {
  const shape = { late: "‼", slow: "!", "": "" }[ticket.urgency];
  const here = ticket.minutesHere === ticket.minutes ? "" : `, ${words.here(ticket.minutesHere)}`;
  const word = { late: words.late, slow: words.slow, "": "" }[ticket.urgency];
  return html`<p class="age"><span class="minutes">${shape ? html`<span aria-hidden="true">${shape} </span>` : nothing}${
    words.age(ticket.minutes)}</span>${word ? html`<span class="how">${word}${here}</span>` : nothing}</p>`;
}

function place({ order }: Ticket, words: Words): string {
  const at = order.table ? words.table(order.table.label, order.table.area ?? "") : order.guest?.name ?? "";
  const how = [order.dining_option?.replaceAll("_", " "), order.channel];
  return [at, ...how].filter(Boolean).join(" · ");
}

function lineView(ticket: Ticket, line: Line, { words, marks, deeds, pictures }: TicketContext): TemplateResult {
  const { item } = line;
  const [made, voided, held] = [isMade(item), isVoided(item), item.state === "held"];
  const mark = voided ? undefined : marks?.get(line.id);
  const tickable = !voided && !ticket.cancelled && ticket.order.status !== "placed"; // its box says whether it is made
  const tag = voided ? words.state.voided : made ? !tickable && words.state.ready : held ? words.state.held : mark && words.state[mark];
  const text = html`
    <span class="quantity">${item.quantity}<span aria-hidden="true"> ×</span></span>
    <span class="what"><span class="name" dir="auto">${item.name}</span>${tag
      ? html` <span class="tag" data-tag=${voided ? "voided" : made ? "made" : held ? "held" : "new"}>${made ? "✔ " : ""}${tag}</span>` : nothing}
      ${item.modifiers?.map((modifier) => modifierView(modifier, words))}
      ${item.notes ? html`<span class="note" dir="auto">${item.notes}</span>` : nothing}</span>
    ${pictures && item.image_url?.startsWith(pictures)
      ? html`<img class="picture" src=${item.image_url} alt="" width="48" height="48" loading="lazy" decoding="async">` : nothing}`;
  if (!tickable) return html`<div class="line" ?data-voided=${voided}>${text}</div>`;
  return html`<button type="button" class="line" aria-pressed=${made} @click=${() => deeds.tick(ticket, line)}>${text}</button>`;
}

function modifierView(modifier: Modifier, words: Words): TemplateResult {
  const action = modifier.action === "remove" || modifier.action === "substitute" ? modifier.action : "add";
  const times = (modifier.quantity ?? "1") === "1" ? "" : ` × ${modifier.quantity}`;
  return html`<span class="modifier" data-action=${action}>${words.modifier[action]} <span dir="auto">${modifier.name}</span>${times}</span>`;
}

function buttons(ticket: Ticket, { view, words, deeds }: TicketContext): TemplateResult {
  const { label } = ticket;
  const bump = bumpOf(ticket.stage, view);
  const voided = ticket.cancelled || ticket.lines.some(({ item }) => isVoided(item));
  const recallable = ticket.stage === "ready" && !ticket.cancelled;
  return html`<div class="acts">
    ${ticket.cancelled || !bump ? nothing : html`<button type="button" class="bump" data-act="bump"
      @click=${() => deeds.bump(ticket)}>${words.bumps[bump]}<span class="unseen" dir="auto"> ${label}</span></button>`}
    ${voided ? html`<button type="button" class="quiet wide" data-act="seen" aria-label=${words.acknowledge(label)}
      @click=${() => deeds.acknowledge(ticket)}>${words.seen}</button>` : nothing}
    ${recallable ? html`<button type="button" class="quiet" data-act="recall" aria-label=${words.recallOrder(label)}
      title=${words.recall} @click=${() => deeds.recall(ticket)}><span aria-hidden="true">↩</span></button>` : nothing}
    ${ticket.cancelled ? nothing : html`<button type="button" class="quiet" data-act="rush" aria-pressed=${ticket.rush}
      aria-label=${words.markRush(label)} title=${words.rush} @click=${() => deeds.rush(ticket)}><span aria-hidden="true">⚑</span></button>`}
  </div>`;
}
