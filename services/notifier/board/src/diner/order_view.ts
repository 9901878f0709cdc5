// A diner's page as it is drawn: how the connection is, how far the order is, what is in it; or why there is nothing.

import { html, nothing, type TemplateResult } from "lit-html";
import type { OrderProgress, Status } from "@scanserve/client";
import type { Language } from "../language.ts";
import { isEnding, journeyOf, linesOf, madeOf, promiseOf, stageOf, type Line, type Stage, type Step } from "./journey.ts";
import { dinerLanguages, type DinerWords, type Trouble } from "./words.ts";

const SHAPES = { done: "✓", now: "●", next: "" } as const;

export interface Shown {
  words: DinerWords;
  language: Language;
  status: Status;
  /** Monotonic, as `since` of an offline status. */
  at: number;
  /** By the server's clock. */
  now: number;
  time(iso: string): string;
  choose(language: Language): void;
}

export const labelOf = (progress: OrderProgress): string => progress.display_number ?? progress.order_id.slice(0, 4).toUpperCase();

/** The stage in a sentence. */
export function headlineOf(progress: OrderProgress, words: DinerWords): string {
  const stage = stageOf(progress.status);
  return stage === undefined ? words.inProgress : words.headlines[stage];
}

export function orderView(progress: OrderProgress, shown: Shown): TemplateResult {
  const { words } = shown;
  const stage = stageOf(progress.status);
  return html`
    ${connection(shown, true)}
    <main data-stage=${stage ?? ""} data-end=${isEnding(stage)}>
      <p class="label">${words.order("")}<b dir="auto">${labelOf(progress)}</b></p>
      <h1>${headlineOf(progress, words)}</h1>
      ${underneath(progress, stage, shown)}
      <ol class="steps" aria-label=${words.stepsLabel}>${journeyOf(progress.status).map((step) => stepView(step, progress, shown))}</ol>
      ${items(linesOf(progress), stage, words)}
    </main>
    ${foot(shown)}`;
}

/** Nothing is held yet. */
export function waitingView(shown: Shown): TemplateResult {
  return html`${connection(shown, false)}<main data-waiting><h1>${shown.words.loading}</h1><div class="blank" aria-hidden="true"></div></main>${foot(shown)}`;
}

export function troubleView(trouble: Trouble, shown: Shown): TemplateResult {
  const { title, what } = shown.words.trouble[trouble];
  return html`<main class="trouble" data-trouble=${trouble}><p class="sign" aria-hidden="true">${trouble === "noLink" ? "☰" : "⚠"}</p>
    <h1>${title}</h1><p>${what}</p></main>${foot(shown)}`;
}

function connection(shown: Shown, held: boolean): TemplateResult {
  const { words, status } = shown;
  const line = (mood: "live" | "slow" | "bad" | "loading", text: string, age = ""): TemplateResult => html`
    <header class="connection" data-mood=${mood}><span class="mark" aria-hidden="true"></span>
      <span><span role="status">${text}</span>${age}</span></header>`;
  switch (status.phase) {
    case "live": return line("live", words.phases.live);
    case "stale": return line("slow", words.stale(shown.time(status.since)));
    case "polling": return line("slow", words.phases.polling);
    case "resyncing": return line("slow", words.phases.resyncing);
    case "offline": {
      const seconds = Math.max(0, Math.round((shown.at - status.since) / 1000));
      return held ? line("bad", words.offline, words.age(seconds)) : line("bad", words.offlineFirst);
    }
    default: return line("loading", words.phases.loading);
  }
}

function underneath(progress: OrderProgress, stage: Stage | undefined, { words, now, time }: Shown): unknown {
  if (stage === "ready") return html`<p class="hint">${progress.dining_option === "dine_in" ? words.ready.served : words.ready.fetched}</p>`;
  if (isEnding(stage)) return html`<p class="hint">${words.ended}</p>`;
  const promise = promiseOf(progress, now);
  if (!promise) return nothing;
  if (stage === "scheduled") return html`<p class="promise">${words.scheduled(time(promise.at))}</p>`;
  return promise.passed ? html`<p class="promise" data-late>${words.late(time(promise.at))}</p>` : html`<p class="promise">${words.promised(time(promise.at))}</p>`;
}

function stepView({ stage, state }: Step, progress: OrderProgress, { words, time }: Shown): TemplateResult {
  const when = state === "now" ? words.since(time(progress.status_since)) : stage === "placed" && state === "done" ? words.placedAt(time(progress.placed_at)) : "";
  const shape = isEnding(stage) ? "✕" : stage === "ready" && state === "now" ? "✓" : SHAPES[state];
  return html`<li data-state=${state} aria-current=${state === "now" ? "step" : nothing}>
    <span class="dot" aria-hidden="true">${shape}</span>
    <span class="step">${words.steps[stage]}${state === "done" ? html`<span class="unseen">, ${words.done}</span>` : nothing}</span>
    ${when ? html`<span class="hint">${when}</span>` : nothing}</li>`;
}

function items(lines: readonly Line[], stage: Stage | undefined, words: DinerWords): TemplateResult {
  const { made, of } = madeOf(lines);
  const telling = stage === "preparing" && of > 1;
  const begun = lines.some(({ state }) => state !== "new"); // before that there is nothing to say of each
  const told = ({ state }: Line): boolean => state === "voided" || begun && stage !== "completed" && !isEnding(stage);
  return html`<section aria-labelledby="items"><h2 id="items">${words.items}</h2>
    ${telling ? html`<p class="made">${words.made(made, of)}</p>` : nothing}
    <ul>${lines.map((line) => lineView(line, told(line), words))}</ul></section>`;
}

function lineView({ item, state }: Line, told: boolean, words: DinerWords): TemplateResult {
  const made = state === "ready" || state === "served";
  return html`<li data-state=${state}>
      <span class="quantity">${item.quantity}<span aria-hidden="true"> ×</span></span> <span class="name" dir="auto">${item.name}</span>
      ${told ? html`<span class="state">${made ? html`<span aria-hidden="true">✓ </span>` : nothing}${words.states[state]}</span>` : nothing}</li>`;
}

function foot({ words, language, choose }: Shown): TemplateResult {
  return html`<footer><div role="group" aria-label=${words.language}>${dinerLanguages.map(([name, its]) => html`
    <button type="button" class="quiet" lang=${name} aria-pressed=${name === language} @click=${() => choose(name)}>${its.itself}</button>`)}</div></footer>`;
}
