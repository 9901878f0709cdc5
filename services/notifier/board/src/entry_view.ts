// The form that asks for a token, and where the page is a venue's, for the venue.

import { html, nothing, type TemplateResult } from "lit-html";
import type { Words } from "./words.ts";

export interface Entry {
  title: string;
  /** Why it is asked. */
  why: string;
  asksVenue: boolean;
  given(token: string, venue: string): void;
}

export function entryView(words: Words, { title, why, asksVenue, given }: Entry): TemplateResult {
  const submit = (event: Event): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    given(String(form.get("token")).trim(), String(form.get("venue") ?? "").trim());
  };
  return html`
    <main class="entry"><form @submit=${submit} aria-labelledby="entry-title">
      <h1 id="entry-title">${title}</h1>
      ${why ? html`<p id="entry-why" role="alert">${why}</p>` : nothing}
      <label for="token">${words.entry.token}</label>
      <textarea id="token" name="token" rows="4" required autocomplete="off" spellcheck="false" dir="ltr" aria-describedby="token-hint"></textarea>
      <p class="hint" id="token-hint">${words.entry.hint}</p>
      ${asksVenue ? venueField(words) : nothing}
      <button class="bump">${words.entry.show}</button>
    </form></main>`;
}

function venueField(words: Words): TemplateResult {
  return html`<label for="venue">${words.entry.venue}</label>
    <input id="venue" name="venue" autocomplete="off" spellcheck="false" dir="ltr" aria-describedby="venue-hint">
    <p class="hint" id="venue-hint">${words.entry.venueHint}</p>`;
}
