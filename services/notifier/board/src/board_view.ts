// The whole page as it is drawn: bar, banner, columns, what is open beside them, or the form that asks for a token.

import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { Stage, View } from "./acts.ts";
import { bannerView, isTroubled, statusView, type Banner } from "./banner_view.ts";
import type { Column, Ticket } from "./kitchen.ts";
import type { Panel } from "./panels.ts";
import type { Words } from "./words.ts";

const SHAPES: Record<Stage, string> = { placed: "●", accepted: "◆", preparing: "▲", ready: "✔" };

export interface BoardDeeds {
  view(view: View): void;
  panel(panel: Panel): void;
  sound(): void;
  settings(): void;
  more(stage: Stage): void;
}

export interface Board {
  venue: string;
  words: Words;
  banner: Banner;
  view: View;
  stations: readonly string[];
  panel: Panel | undefined;
  panelView: unknown;
  sound: "on" | "off" | "tap";
  /** Whether anything was ever read: nothing is not the same as not knowing. */
  held: boolean;
  columns: readonly Column[];
  shown: ReadonlyMap<Stage, number>;
  ticket(ticket: Ticket, place: number): unknown;
  deeds: BoardDeeds;
}

export function boardView(board: Board): TemplateResult {
  const { words, columns, banner } = board;
  const empty = columns.every(({ tickets }) => tickets.length === 0);
  return html`
    <header ?data-banner=${isTroubled(banner)}>
      ${bar(board)}
      ${bannerView(banner)}
    </header>
    <div class="body">
      <main id="board" aria-label=${words.board} data-columns=${columns.length} ?data-loading=${banner.mood === "loading" && empty}>
        ${columns.map((column) => columnView(column, board))}
        ${empty && banner.mood !== "loading" ? html`<p class="empty"><strong>${board.held ? words.none : words.unknown}</strong>${board.held ? words.noneMore : words.unknownMore}</p>` : nothing}
      </main>
      ${board.panelView ?? nothing}
    </div>`;
}

function columnView({ stage, tickets }: Column, board: Board): TemplateResult {
  const { words } = board;
  const most = board.shown.get(stage) ?? tickets.length;
  return html`
    <section data-stage=${stage} ?data-empty=${tickets.length === 0} aria-labelledby=${`column-${stage}`}>
      <h2 id=${`column-${stage}`} tabindex="-1"><span class="shape" aria-hidden="true">${SHAPES[stage]}</span>
        ${words.stages[stage]} <span class="count">${board.held ? tickets.length : "–"}</span></h2>
      <ol>${repeat(tickets.slice(0, most), ({ id }) => id, (ticket, place) => html`<li>${board.ticket(ticket, place)}</li>`)}${
        tickets.length > most ? html`<li class="rest"><button type="button" class="quiet wide" @click=${() => board.deeds.more(stage)}>${
          words.more(tickets.length - most)}</button></li>` : nothing}</ol>
    </section>`;
}

function bar(board: Board): TemplateResult {
  const { words, deeds, banner } = board;
  const toggle = (panel: Panel, text: string): TemplateResult => html`
    <button type="button" class="tool" aria-expanded=${board.panel === panel} @click=${() => deeds.panel(panel)}>${text}</button>`;
  return html`
    <div class="bar">
      <h1 dir="auto">${board.venue}</h1>
      ${statusView(banner)}
      <div class="tools" role="group" aria-label=${words.tools}>
        ${viewChoice(board)}
        ${toggle("allDay", words.allDay)}
        ${toggle("later", words.later)}
        ${toggle("recent", words.recent)}
        <button type="button" class="tool" aria-pressed=${board.sound === "on"} data-sound=${board.sound} @click=${deeds.sound}>
          <span aria-hidden="true">♪</span><span class="text">${words.sound[board.sound]}</span></button>
        <button type="button" class="tool" @click=${deeds.settings}><span aria-hidden="true">⚙</span><span class="text">${words.settings}</span></button>
      </div>
    </div>`;
}

function viewChoice({ view, stations, words, deeds }: Board): TemplateResult {
  const value = view.kind === "station" ? `station:${view.station}` : view.kind;
  const known = view.kind === "station" && !stations.includes(view.station) ? [view.station, ...stations] : stations;
  const option = (name: string, text: string): TemplateResult => html`<option value=${name} ?selected=${name === value}>${text}</option>`;
  const choose = (event: Event): void => {
    const [kind = "all", station] = (event.target as HTMLSelectElement).value.split(/:(.*)/);
    deeds.view(station === undefined ? { kind: kind === "expo" ? "expo" : "all" } : { kind: "station", station });
  };
  return html`<select class="tool" aria-label=${words.views.label} @change=${choose}>
    ${option("all", words.views.all)}${option("expo", words.views.expo)}
    ${known.map((station) => option(`station:${station}`, words.views.station(station)))}</select>`;
}
