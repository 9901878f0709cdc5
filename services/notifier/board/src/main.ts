// The page's beginning: who is asked for, where the services are, and a screen on them; or the form that asks.

import { venueOf } from "@scanserve/client";
import { render } from "lit-html";
import { addresses } from "./addresses.ts";
import { entryView } from "./entry_view.ts";
import { listenToKeys } from "./keys.ts";
import { Screen } from "./screen.ts";
import { Speaker } from "./speaker.ts";
import { stayAwake } from "./wake_lock.ts";
import { languageOf } from "./language.ts";
import { wordsOf } from "./words.ts";

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const [root, dialog] = [element("page"), element<HTMLDialogElement>("settings")];
const speaker = new Speaker(element("announcements"), element("notices"));
let screen: Screen | undefined;

function askForToken(why = ""): void {
  screen?.stop();
  const words = screen?.words ?? wordsOf(languageOf(navigator.languages));
  screen = undefined;
  document.body.dataset.asks = "";
  const { lang, dir } = document.documentElement;
  if (!lang || !dir) Object.assign(document.documentElement, { lang: languageOf(navigator.languages), dir: words.direction });
  const given = (token: string, venue: string): void => {
    const wanted = new URLSearchParams(venue ? { token, venue } : { token }).toString();
    if (location.hash.slice(1) === wanted) void begin();
    else location.hash = wanted;
  };
  render(entryView(words, { title: words.entry.title, why, asksVenue: true, given }), root);
  element("token").focus();
}

// The installed app begins without a link: it goes on with the one that it was opened with last. A browser's tab does
// not, since whoever opens the address on somebody else's device should be asked.
const KEPT = "board:link";
const installed = (): boolean => matchMedia("(display-mode: standalone)").matches;

function keptLink(): string {
  return installed() ? localStorage.getItem(KEPT) ?? "" : "";
}

function keepLink(link: string): void {
  if (installed() && link) localStorage.setItem(KEPT, link);
}

async function begin(): Promise<void> {
  const given = new URLSearchParams(location.hash.slice(1) || keptLink());
  const token = given.get("token")?.trim() ?? "";
  const venue = given.get("venue")?.trim() || venueOf(token);
  document.title = venue ? `${venue} · orders` : "Orders";
  if (!token) return askForToken();
  keepLink(location.hash.slice(1));
  if (!venue) return askForToken(wordsOf(languageOf(navigator.languages)).entry.why.venue);
  const { order_api_url, query_api_url, images_url: pictures } = await addresses();
  screen?.stop();
  delete document.body.dataset.asks;
  const api = `${order_api_url}/v1/venues/${encodeURIComponent(venue)}`;
  const session = { token, venue, notifier: location.origin, orderApi: api, queryApi: query_api_url, pictures };
  screen = new Screen(session, root, dialog, speaker, askForToken);
}

listenToKeys(() => screen?.shortcuts ?? false, {
  press: (ticket, act) => ticket.querySelector<HTMLElement>(`[data-act="${act}"]`)?.click(),
  toggle: (what) => (what === "sound" ? screen?.sound() : screen?.panel(what)),
});
addEventListener("hashchange", () => void begin());
addEventListener("online", () => screen?.nudge());
addEventListener("offline", () => screen?.lost());
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && screen?.nudge());
document.addEventListener("pointerdown", () => screen?.touched());
setInterval(() => screen?.draw(), 1000);
stayAwake();
// Only over https is there one. Never asked of a cache itself: an upgrade is noticed at the next load.
navigator.serviceWorker?.register("service_worker.js", { updateViaCache: "none" }).catch(() => undefined);
void begin();
