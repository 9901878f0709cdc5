// The manager's page: whose organization it is, its orders from then on, and what is made of them, once a frame.

import { claimsOf, followOrganization, type Follower, type Status } from "@scanserve/client";
import { render } from "lit-html";
import { addresses, type Addresses } from "../addresses.ts";
import { bannerOf } from "../banner.ts";
import { entryView } from "../entry_view.ts";
import { languageOf } from "../language.ts";
import { Speaker } from "../speaker.ts";
import { wordsOf } from "../words.ts";
import { managerView } from "./manager_view.ts";
import { overviewOf } from "./overview.ts";
import { managerWordsOf } from "./words.ts";

const element = (id: string): HTMLElement => document.getElementById(id) as HTMLElement;
const speaker = new Speaker(element("announcements"), element("notices"));
const language = languageOf(navigator.languages);
const [words, own] = [wordsOf(language), managerWordsOf(language)];

interface Session {
  token: string;
  organization: string;
  at: Addresses;
  follower: Follower;
  /** Venues that have had orders, open ones or not: a row stays when its last order is done. */
  known: Set<string>;
  status: Status;
  late: number;
}

let session: Session | undefined;
let frame = 0;

function askForToken(why = ""): void {
  session?.follower.stop();
  session = undefined;
  const given = (token: string): void => {
    const wanted = new URLSearchParams({ token }).toString();
    if (location.hash.slice(1) === wanted) void begin();
    else location.hash = wanted;
  };
  render(entryView(words, { title: own.entry, why, asksVenue: false, given }), element("page"));
  element("token").focus();
}

async function begin(): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get("token")?.trim() ?? "";
  const organization = claimsOf(token).org;
  document.title = organization ? `${organization} · ${own.title}` : own.title;
  if (!organization) return askForToken(token ? own.noToken : "");
  const at = await addresses();
  session?.follower.stop();
  const begun: Session = { token, organization, at, known: new Set(), status: { phase: "loading" }, late: 0, follower: undefined as never };
  session = begun;
  begun.follower = followOrganization({
    url: location.origin, queryUrl: at.query_api_url, token, organization,
    onOrders: draw,
    onStatus: (status) => onStatus(begun, status),
    onNotice: ({ text }) => speaker.notice(text),
  });
}

function onStatus(of: Session, status: Status): void {
  of.status = status;
  if (status.phase === "refused") {
    const { expired, refused } = words.entry.why;
    return askForToken(status.expired ? expired : `${refused} (${status.why})`);
  }
  if (status.phase === "live") void readVenues(of);
  draw();
}

/** A quiet venue has a row too. Where this fails, it gets one with its next order. */
async function readVenues(of: Session): Promise<void> {
  const address = `${of.at.query_api_url}/v1/organizations/${encodeURIComponent(of.organization)}/venues`;
  const answer = await fetch(address, { headers: { Authorization: `Bearer ${of.token}` } }).catch(() => undefined);
  if (!answer?.ok) return;
  const { venues } = (await answer.json()) as { venues: { venue_id: string }[] };
  for (const { venue_id } of venues) of.known.add(venue_id);
  draw();
}

function draw(): void {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    if (session) drawNow(session);
  });
}

function drawNow(of: Session): void {
  const { follower, organization, status, at, token } = of;
  const overview = overviewOf(follower.orders.values(), of.known, follower.serverNow());
  for (const { venue } of overview.venues) of.known.add(venue);
  if (overview.late.length > of.late) speaker.announce(own.lateNow(overview.late.length));
  of.late = overview.late.length;
  const clock = (iso: string): string => new Date(iso).toLocaleTimeString(language, { timeStyle: "short" });
  const hash = (venue?: string): string => `#${new URLSearchParams(venue === undefined ? { token } : { token, venue })}`;
  const held = follower.position !== undefined;
  render(managerView({
    organization, overview, words, own, held,
    banner: bannerOf(status, words, { at: performance.now(), held, queued: 0, clock }),
    board: (venue) => `./${hash(venue)}`,
    charts: (venue) => `${at.query_api_url}/charts${hash(venue)}`,
  }), element("page"));
}

Object.assign(document.documentElement, { lang: language, dir: words.direction });
addEventListener("hashchange", () => void begin());
addEventListener("online", () => session?.follower.nudge());
addEventListener("offline", () => session?.follower.lost());
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && session?.follower.nudge());
setInterval(draw, 1000);
void begin();
