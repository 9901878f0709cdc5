// A diner's page: whose order the link is, and that order from then on; drawn when something has changed.

import { followOrder, ORDER_NOT_FOUND, orderOf, type OrderProgress, type RoomFollower, type Status } from "@scanserve/client";
import { render } from "lit-html";
import { addresses } from "../addresses.ts";
import { languageOf, type Language } from "../language.ts";
import { newsOf } from "./journey.ts";
import { headlineOf, labelOf, orderView, troubleView, waitingView, type Shown } from "./order_view.ts";
import { dinerWordsOf, type Trouble } from "./words.ts";

const root = document.getElementById("page") as HTMLElement;
const announcements = document.getElementById("announcements") as HTMLElement;
let language: Language = languageOf(navigator.languages);
let follower: RoomFollower | undefined;
let progress: OrderProgress | undefined;
let status: Status = { phase: "loading" };
let trouble: Trouble | undefined;
let frame = 0;

/** The token of the link: `/order#eyJ…`, or as a staff page has it, `#token=eyJ…`. */
function linkIn(hash: string): string {
  const text = hash.slice(1).trim();
  return new URLSearchParams(text).get("token") ?? text;
}

async function begin(): Promise<void> {
  follower?.stop();
  [follower, progress, status, trouble] = [undefined, undefined, { phase: "loading" }, undefined];
  const link = linkIn(location.hash);
  if (!orderOf(link)) {
    trouble = link ? "refused" : "noLink";
    return draw();
  }
  draw();
  const { order_api_url } = await addresses();
  if (link !== linkIn(location.hash)) return; // another link was opened meanwhile
  follower = followOrder({ url: location.origin, orderApi: order_api_url, link, onProgress, onStatus });
}

function onProgress(newer: OrderProgress, live: boolean): void {
  if (progress && live) announce(progress, newer);
  progress = newer;
  draw();
}

function onStatus(newer: Status): void {
  status = newer;
  if (status.phase === "refused") trouble = status.expired ? "expired" : status.why === ORDER_NOT_FOUND ? "missing" : "refused";
  draw();
}

function announce(before: OrderProgress, after: OrderProgress): void {
  const words = dinerWordsOf(language);
  const { stage, made, struck } = newsOf(before, after);
  const all = ["ready", "completed"].includes(after.status); // then the lines are said with it
  const told = [...(stage ? [headlineOf(after, words)] : []), ...(all ? [] : made.map(words.lineReady)), ...struck.map(words.lineStruck)];
  if (told.length > 0) announcements.textContent = told.join(". ");
}

function choose(chosen: Language): void {
  language = chosen;
  draw();
}

/** A time of day, with the day where it is another one. */
function timeOf(moment: Date): string {
  const today = moment.toDateString() === new Date().toDateString();
  const day = today ? {} : { weekday: "short", day: "numeric", month: "short" } as const;
  return moment.toLocaleString(language, { ...day, hour: "numeric", minute: "2-digit" });
}

function draw(): void {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    const words = dinerWordsOf(language);
    Object.assign(document.documentElement, { lang: language, dir: words.direction });
    const shown: Shown = {
      words, language, status, choose, at: performance.now(), now: follower?.serverNow() ?? Date.now(),
      time: (iso) => timeOf(new Date(iso)),
    };
    document.title = progress && !trouble ? `${labelOf(progress)} · ${headlineOf(progress, words)}` : words.trouble.noLink.title;
    render(trouble ? troubleView(trouble, shown) : progress ? orderView(progress, shown) : waitingView(shown), root);
  });
}

addEventListener("hashchange", () => void begin());
addEventListener("online", () => follower?.nudge());
addEventListener("offline", () => follower?.lost());
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && follower?.nudge());
setInterval(draw, 1000);
void begin();
