// What a page says of its connection: a word in the bar while all is well, a line across it where it is not.

import { html, nothing, type TemplateResult } from "lit-html";

/** `mood` colours it, the text says it. */
export interface Banner {
  mood: "loading" | "live" | "slow" | "bad" | "entry";
  text: string;
  /** Changes by the second, and is not read out. */
  age: string;
  queued: string;
}

export const isTroubled = ({ mood }: Banner): boolean => mood !== "live" && mood !== "loading";

export function bannerView(banner: Banner): TemplateResult | typeof nothing {
  if (!isTroubled(banner)) return nothing;
  return html`<p class="banner" data-mood=${banner.mood}>
    <span class="mark" aria-hidden="true"></span><span>${banner.text}${banner.age}${banner.queued ? html`<b>${banner.queued}</b>` : nothing}</span></p>`;
}

export function statusView({ mood, text }: Banner): TemplateResult {
  return html`
    <p id="status" data-mood=${mood} aria-hidden="true"><span class="mark"></span>${text}</p>
    <p id="status-text" class="unseen" role="status">${text}</p>`;
}
