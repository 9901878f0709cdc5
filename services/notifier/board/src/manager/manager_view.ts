// The manager's page as it is drawn: figures, what is late, and the venues with the ways to their boards and reports.

import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { STAGES } from "../acts.ts";
import { bannerView, isTroubled, statusView, type Banner } from "../banner_view.ts";
import type { Words } from "../words.ts";
import type { LateOrder, Overview, VenueRow } from "./overview.ts";
import type { ManagerWords } from "./words.ts";

const MOST_LATE = 30;

export interface Shown {
  organization: string;
  /** Whether anything was ever read. */
  held: boolean;
  overview: Overview;
  banner: Banner;
  words: Words;
  own: ManagerWords;
  board(venue: string): string;
  /** The address of the reports of a venue, or of all. */
  charts(venue?: string): string;
}

export function managerView(shown: Shown): TemplateResult {
  const { words, own, banner, overview, held } = shown;
  return html`
    <header ?data-banner=${isTroubled(banner)}>
      <div class="bar"><h1 dir="auto">${shown.organization}</h1>${statusView(banner)}
        <a class="tool" href=${shown.charts()}>${own.charts}</a></div>
      ${bannerView(banner)}
    </header>
    ${held ? html`<main>
      <dl class="figures" aria-label=${words.board}>
        ${figure("open", own.open, overview.open)}
        ${STAGES.map((stage) => figure(stage, words.stages[stage], overview.totals[stage]))}
        ${figure(overview.late.length ? "late" : "calm", own.late, overview.late.length)}
      </dl>
      ${lateOrders(shown)}${venues(shown)}</main>`
      : html`<main data-waiting aria-busy=${banner.mood === "loading"}><p class="hint">${banner.mood === "loading" ? words.phases.loading : own.noData}</p></main>`}`;
}

function figure(kind: string, name: string, count: number): TemplateResult {
  return html`<div data-kind=${kind}><dt>${kind === "late" ? html`<span aria-hidden="true">‼ </span>` : nothing}${name}</dt><dd>${count}</dd></div>`;
}

function lateOrders({ overview, words, own, board }: Shown): TemplateResult {
  const { late } = overview;
  return html`<section aria-labelledby="late"><h2 id="late">${own.late}</h2>
    ${late.length === 0 ? html`<p class="calm"><span aria-hidden="true">✓ </span>${own.noneLate}</p>` : html`
    <ul class="late">${repeat(late.slice(0, MOST_LATE), ({ id }) => id, (order) => html`<li>
      <b dir="auto">${order.label}</b>
      <a href=${board(order.venue)} dir="auto">${order.venue}</a>
      <span class="how">${words.stages[order.stage]} ${own.stays(order.minutesHere)}${overdue(order, own)}</span></li>`)}</ul>
    ${late.length > MOST_LATE ? html`<p class="hint">${own.moreLate(late.length - MOST_LATE)}</p>` : nothing}`}
  </section>`;
}

const overdue = ({ overdue }: LateOrder, own: ManagerWords): unknown =>
  overdue === undefined ? nothing : html` · <strong>${own.overdue(overdue)}</strong>`;

/** A table, by its roles too: on a phone its rows are laid out as grids, for which some browsers forget what they are. */
function venues({ overview, words, own, board, charts }: Shown): TemplateResult {
  const row = ({ venue, counts, late, oldest }: VenueRow): TemplateResult => html`<tr role="row" ?data-late=${late > 0}>
    <th scope="row" role="rowheader"><a href=${board(venue)} aria-label=${own.boardOf(venue)} dir="auto">${venue}</a></th>
    ${STAGES.map((stage) => html`<td role="cell" data-none=${counts[stage] === 0}>${counts[stage]}</td>`)}
    <td role="cell" class="how-late" data-none=${late === 0}>${late > 0 ? html`<span aria-hidden="true">‼ </span>` : nothing}${late}</td>
    <td role="cell" class="wide">${oldest === undefined ? "–" : words.age(oldest)}</td>
    <td role="cell"><a class="charts" href=${charts(venue)} aria-label=${own.chartsOf(venue)}><span aria-hidden="true">▥</span></a></td></tr>`;
  return html`<section aria-labelledby="venues"><h2 id="venues">${own.venues}</h2>
    ${overview.venues.length === 0 ? html`<p class="hint">${own.noVenues}</p>` : html`<table role="table">
      <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">${own.venue}</th>${STAGES.map((stage) => html`<th scope="col" role="columnheader">${words.stages[stage]}</th>`)}
        <th scope="col" role="columnheader">${own.late}</th><th scope="col" role="columnheader" class="wide">${own.oldest}</th>
        <th scope="col" role="columnheader"><span class="unseen">${own.charts}</span></th></tr></thead>
      <tbody role="rowgroup">${repeat(overview.venues, ({ venue }) => venue, row)}</tbody></table>`}</section>`;
}
