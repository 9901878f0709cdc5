// What opens beside the columns: all-day counts, what comes later and what was done lately; and the settings before them.

import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import type { Order } from "@scanserve/client";
import { STAGES, type Stage } from "./acts.ts";
import { labelOf, type AllDay, type Thresholds } from "./kitchen.ts";
import type { Preferences, Theme } from "./preferences.ts";
import type { Language } from "./language.ts";
import { languages, type Words } from "./words.ts";

export type Panel = "allDay" | "later" | "recent";

function panelView(title: string, words: Words, close: () => void, content: unknown): TemplateResult {
  return html`<aside aria-labelledby="panel-title">
    <header><h2 id="panel-title" tabindex="-1">${title}</h2>
      <button type="button" class="quiet" aria-label=${words.close} @click=${close}><span aria-hidden="true">✕</span></button></header>
    ${content}</aside>`;
}

export function allDayPanel(counts: readonly AllDay[], words: Words, close: () => void): TemplateResult {
  const list = counts.length
    ? html`<ul class="counts">${counts.map(({ name, quantity }) => html`<li><span dir="auto">${name}</span><b>${quantity}</b></li>`)}</ul>`
    : html`<p class="hint">${words.allDayNone}</p>`;
  return panelView(words.allDay, words, close, list);
}

/** A list of orders that are on no ticket, each with its time and what can be done about it. */
export interface Aside {
  title: string;
  none: string;
  orders: readonly Order[];
  time(order: Order): string;
  deed: { text: string; named(label: string): string; done(order: Order): void };
}

export function asidePanel({ title, none, orders, time, deed }: Aside, words: Words, close: () => void): TemplateResult {
  const list = orders.length
    ? html`<ul class="recent">${orders.map((order) => html`<li>
        <span><b dir="auto">${labelOf(order)}</b> <span class="hint">${time(order)}</span><br>
          <span class="hint" dir="auto">${Object.values(order.items).map((item) => `${item.quantity} × ${item.name}`).join(", ")}</span></span>
        <button type="button" class="quiet" aria-label=${deed.named(labelOf(order))} @click=${() => deed.done(order)}>${deed.text}</button>
      </li>`)}</ul>`
    : html`<p class="hint">${none}</p>`;
  return panelView(title, words, close, list);
}

export function settingsView(
  preferences: Preferences, words: Words, language: Language, change: (part: Partial<Preferences>) => void,
): TemplateResult {
  const themes: Theme[] = ["auto", "light", "dark", "contrast"];
  const value = (event: Event): string => (event.target as HTMLInputElement).value;
  return html`
    <h2 id="settings-title">${words.settings}</h2>
    <div class="pair"><label>${words.theme.label}
      <select @change=${(event: Event) => change({ theme: value(event) as Theme })}>
        ${themes.map((theme) => html`<option value=${theme} ?selected=${theme === preferences.theme}>${words.theme[theme]}</option>`)}</select></label>
    <label>${words.language}
      <select @change=${(event: Event) => change({ language: value(event) as Language })}>
        ${languages.map(([name, its]) => html`<option value=${name} lang=${name} ?selected=${name === language}>${its.itself}</option>`)}</select></label></div>
    <label>${words.size} <output>${preferences.size} %</output>
      <input type="range" min="70" max="160" step="10" .value=${live(String(preferences.size))}
        @input=${(event: Event) => change({ size: Number(value(event)) })}></label>
    <fieldset><legend>${words.thresholds}</legend>
      <div class="thresholds" aria-hidden="true"><span></span><span class="hint">${words.slow}</span><span class="hint">${words.late}</span></div>
      ${STAGES.map((stage) => thresholdRow(stage, preferences.thresholds, words, change))}</fieldset>
    <label class="check"><input type="checkbox" .checked=${live(preferences.shortcuts)}
      @change=${(event: Event) => change({ shortcuts: (event.target as HTMLInputElement).checked })}> ${words.shortcuts}</label>
    ${preferences.shortcuts ? html`<dl class="keys">${words.keys.map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl>` : nothing}
    <form method="dialog"><button class="bump">${words.close}</button></form>`;
}

function thresholdRow(
  stage: Stage, thresholds: Thresholds, words: Words, change: (part: Partial<Preferences>) => void,
): TemplateResult {
  const field = (at: 0 | 1, word: string): TemplateResult => html`
    <input type="number" min="1" max="240" required aria-label=${words.thresholdOf(words.stages[stage], word)}
      .value=${live(String(thresholds[stage][at]))} @change=${(event: Event) => {
        const minutes = Math.min(240, Math.max(1, Number((event.target as HTMLInputElement).value) || 1));
        const [slow, late] = thresholds[stage];
        const pair: [number, number] = at === 0 ? [minutes, Math.max(minutes, late)] : [Math.min(slow, minutes), minutes];
        change({ thresholds: { ...thresholds, [stage]: pair } });
      }}>`;
  return html`<div class="thresholds"><span>${words.stages[stage]}</span>${field(0, words.slow)}${field(1, words.late)}</div>`;
}
