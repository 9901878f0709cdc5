// One venue's board: holds what is shown, does what is tapped, and draws at most once a frame.

import { followVenue, isOpen, claimsOf, type Change, type Follower, type Order, type Status } from "@scanserve/client";
import { html, render } from "lit-html";
import { actOf, bumpOf, RELEASE, recallOf, rushOf, tickOf, type Act, type Stage } from "./acts.ts";
import { boardView, type Board, type BoardDeeds } from "./board_view.ts";
import { bannerOf } from "./banner.ts";
import { focusSpot, restoreFocus } from "./focus.ts";
import { History } from "./history.ts";
import { KeptOutbox } from "./kept_outbox.ts";
import { allDay, columnsOf, laterOf, labelOf, stationsOf, type Column, type Ticket } from "./kitchen.ts";
import { loudest } from "./news.ts";
import { Outbox } from "./outbox.ts";
import { allDayPanel, asidePanel, settingsView, type Aside, type Panel } from "./panels.ts";
import { keepPreferences, readPreferences, type Preferences } from "./preferences.ts";
import { Sender, type Refusal } from "./sender.ts";
import type { Speaker } from "./speaker.ts";
import { newsText, refusalText } from "./telling.ts";
import { ticketView, type TicketDeeds } from "./ticket_view.ts";
import { languageOf, type Language } from "./language.ts";
import { wordsOf, type Words } from "./words.ts";

const PAGE = 24; // tickets a column, and more at a tap: a cheap tablet draws no hundreds that nobody can see
const FIRST = 4; // at first, and as many more with each frame until a page is there: no frame has to draw it all
const RECENT = 20;
const LATER = 200; // as many as are held of orders that are not open

export interface Session {
  token: string;
  venue: string;
  notifier: string;
  orderApi: string;
  queryApi: string;
  /** What the address of a picture that is shown begins with; null where none is. */
  pictures: string | null;
}

export class Screen implements TicketDeeds, BoardDeeds {
  readonly #session: Session;
  readonly #root: HTMLElement;
  readonly #dialog: HTMLDialogElement;
  readonly #speaker: Speaker;
  readonly #refusedToken: (why: string) => void;
  readonly #history = new History();
  readonly #kept: KeptOutbox;
  readonly #outbox: Outbox;
  readonly #tabs: BroadcastChannel; // of this venue on this device
  readonly #follower: Follower;
  readonly #sender: Sender;
  #preferences: Preferences;
  #status: Status = { phase: "loading" };
  #panel: Panel | undefined;
  #shown = new Map<Stage, number>();
  #columns: Column[] = [];
  #frame = 0;
  #page = 0; // tickets a column that are drawn so far
  #ended = false;

  constructor(session: Session, root: HTMLElement, dialog: HTMLDialogElement, speaker: Speaker, refused: (why: string) => void) {
    [this.#session, this.#root, this.#dialog, this.#speaker, this.#refusedToken] = [session, root, dialog, speaker, refused];
    this.#preferences = readPreferences(session.venue);
    this.#kept = new KeptOutbox(session.venue, Date.now(), () => this.draw());
    this.#outbox = new Outbox(this.#kept);
    this.#tabs = new BroadcastChannel(`board:${session.venue}`);
    this.#tabs.addEventListener("message", ({ data }) => speaker.notice(String(data)));
    this.#follower = followVenue({
      url: session.notifier, queryUrl: session.queryApi, token: session.token, venue: session.venue,
      onOrders: (change) => this.#take(change),
      onStatus: (status) => this.#onStatus(status),
      onNotice: ({ text }) => speaker.notice(text),
    });
    this.#sender = new Sender({
      outbox: this.#outbox, api: session.orderApi, follower: this.#follower, newKey: keyOf,
      changed: () => this.draw(), refused: (refusal) => this.#onRefused(refusal),
    });
    this.#sender.send();
    this.#applyPreferences();
  }

  get words(): Words {
    return wordsOf(this.#language);
  }

  get shortcuts(): boolean {
    return this.#preferences.shortcuts;
  }

  stop(): void {
    this.#ended = true;
    cancelAnimationFrame(this.#frame);
    this.#follower.stop();
    this.#sender.stop();
    this.#kept.stop();
    this.#tabs.close();
  }

  nudge(): void {
    this.#follower.nudge();
    this.#sender.send();
  }

  /** The device says that it has no network: a dead connection would show that only after its next ping. */
  lost(): void {
    this.#follower.lost();
  }

  /** A tap anywhere: lets a board that should make sounds make them. */
  touched(): void {
    if (this.#preferences.sound && !this.#speaker.sounds.awake) void this.#speaker.sounds.wake().then(() => this.draw());
  }

  // --- what is tapped ---------------------------------------------------------------------------------------------

  bump(ticket: Ticket): void {
    const bump = bumpOf(ticket.stage, this.#preferences.view);
    if (bump) this.#act(ticket.order, actOf(bump, this.#preferences.view));
  }

  recall(ticket: Ticket): void {
    this.#act(ticket.order, recallOf(this.#preferences.view));
  }

  rush(ticket: Ticket): void {
    this.#act(ticket.order, rushOf(ticket.order));
  }

  tick(ticket: Ticket, line: { id: string; item: Ticket["lines"][number]["item"] }): void {
    this.#act(ticket.order, tickOf(line.id, line.item));
  }

  acknowledge(ticket: Ticket): void {
    this.#history.acknowledge(ticket.order);
    this.draw();
  }

  view(view: Preferences["view"]): void {
    this.#change({ view });
  }

  panel = (panel: Panel): void => {
    this.#panel = this.#panel === panel ? undefined : panel;
    if (this.#panel === "recent") void this.#follower.lookBack("completed", RECENT);
    if (this.#panel === "later") void this.#follower.lookBack("scheduled", LATER);
    this.draw();
  };

  sound = (): void => {
    const on = this.#preferences.sound && this.#speaker.sounds.awake;
    if (!on) void this.#speaker.sounds.wake().then(() => this.#speaker.sounds.play("ready")).then(() => this.draw());
    this.#change({ sound: !on });
  };

  settings = (): void => {
    this.#dialog.showModal();
    this.draw();
  };

  more(stage: Stage): void {
    this.#shown = new Map(this.#shown).set(stage, (this.#shown.get(stage) ?? PAGE) + PAGE);
    this.draw();
  }

  #act(shown: Order, act: Act): void {
    this.#history.unmark(shown.order_id);
    this.#outbox.add(keyOf(), Date.now(), shown, labelOf(shown), act);
    this.draw();
    this.#sender.send();
  }

  #change(part: Partial<Preferences>): void {
    this.#preferences = { ...this.#preferences, ...part };
    if (part.view) [this.#shown, this.#page] = [new Map(), 0];
    keepPreferences(this.#session.venue, this.#preferences);
    this.#applyPreferences();
  }

  // --- what is heard ----------------------------------------------------------------------------------------------

  #take(change: Change): void {
    this.#history.take(change);
    if (change.events.length > 0) this.#tell(change);
    this.draw();
  }

  #tell({ events }: Change): void {
    const sound = loudest(events);
    if (sound && this.#preferences.sound) this.#speaker.sounds.play(sound);
    const text = newsText(events, this.#follower.orders, this.words);
    if (text) this.#speaker.announce(text);
  }

  #onStatus(status: Status): void {
    const before = this.#status.phase;
    this.#status = status;
    if (status.phase === "refused") {
      const { expired, refused } = this.words.entry.why;
      return this.#refusedToken(status.expired ? expired : `${refused} (${status.why})`);
    }
    if (status.phase === "live" && before !== "live") this.#sender?.send();
    this.draw();
  }

  #onRefused({ command }: Refusal): void {
    const { orderId } = command;
    const [order, actor] = [this.#follower.orders.get(orderId), this.#history.actorOf(orderId)];
    const text = refusalText(command, order, actor, claimsOf(this.#session.token).sub, this.words);
    this.#speaker.notice(text);
    this.#tabs.postMessage(text); // it may have been tapped in another one
  }

  // --- what is drawn ----------------------------------------------------------------------------------------------

  get #language(): Language {
    return this.#preferences.language || languageOf(navigator.languages);
  }

  #applyPreferences(): void {
    const { documentElement: page } = document;
    page.lang = this.#language;
    page.dir = this.words.direction;
    page.dataset.theme = this.#preferences.theme;
    page.dataset.size = String(this.#preferences.size);
    this.draw();
  }

  /** Ask to be drawn with the next frame: twenty updates a second are not twenty drawings. */
  draw(): void {
    if (!this.#ended) this.#frame ||= requestAnimationFrame(() => this.#drawNow());
  }

  #drawNow(): void {
    this.#frame = 0;
    if (this.#follower.orders.size > 0) this.#page = Math.min(PAGE, this.#page + FIRST);
    const spot = focusSpot();
    this.#columns = columnsOf(this.#orders(), {
      view: this.#preferences.view, now: this.#follower.serverNow(), thresholds: this.#preferences.thresholds,
      cancelled: this.#history.cancelled, acknowledged: this.#history.acknowledged,
    });
    render(boardView(this.#board()), this.#root);
    if (this.#dialog.open) {
      render(html`${settingsView(this.#preferences, this.words, this.#language, (part) => this.#change(part))}`, this.#dialog);
    }
    restoreFocus(spot);
    if (this.#page < PAGE && this.#columns.some(({ tickets }) => tickets.length > this.#page)) this.draw();
  }

  /** Open orders as they will be once what was tapped is done, and those called off that nobody has seen. */
  #orders(): Order[] {
    return this.#foreseen().filter((order) => isOpen(order) || this.#history.cancelled.has(order.order_id));
  }

  #foreseen(): Order[] {
    return [...this.#follower.orders.values()].map((order) => (this.#outbox.has(order.order_id) ? this.#outbox.foresee(order) : order));
  }

  #board(): Board {
    const { words } = this;
    const { view, shortcuts, sound } = this.#preferences;
    const shown = new Map(this.#columns.map(({ stage }) => [stage, this.#shown.get(stage) ?? this.#page]));
    return {
      venue: this.#session.venue, held: this.#follower.position !== undefined, words, view, shown, panel: this.#panel, panelView: this.#panelView(), deeds: this,
      banner: bannerOf(this.#status, words, {
        at: performance.now(), held: this.#follower.position !== undefined, queued: this.#sender.waiting ? this.#outbox.commands.length : 0,
        clock: (iso) => this.#time(iso),
      }),
      stations: stationsOf([...this.#follower.orders.values()].filter(isOpen)),
      sound: !sound ? "off" : this.#speaker.sounds.awake ? "on" : "tap",
      columns: this.#columns,
      ticket: (ticket, place) => ticketView(ticket, {
        view, words, deeds: this, marks: this.#history.marksOf(ticket.id), pending: this.#outbox.has(ticket.id),
        digit: shortcuts && place < 9 ? place + 1 : undefined, pictures: this.#session.pictures,
      }),
    };
  }

  #panelView(): unknown {
    const close = (): void => this.panel(this.#panel as Panel);
    if (this.#panel === "allDay") return allDayPanel(allDay(this.#columns), this.words, close);
    if (this.#panel === "later") return asidePanel(this.#later(), this.words, close);
    return this.#panel === "recent" ? asidePanel(this.#recent(), this.words, close) : undefined;
  }

  #recent(): Aside {
    const { recent: title, recentNone: none, recall: text, recallOrder: named } = this.words;
    const done = [...this.#follower.orders.values()].filter(({ status }) => status === "completed");
    done.sort((one, other) => (one.status_since < other.status_since ? 1 : -1));
    const recall = (order: Order): void => this.#act(order, { path: "recall", pinned: false });
    const time = (order: Order): string => this.#time(order.status_since);
    return { title, none, orders: done.slice(0, RECENT), time, deed: { text, named, done: recall } };
  }

  #later(): Aside {
    const { later: title, laterNone: none, release: text, releaseOrder: named } = this.words;
    const orders = laterOf(this.#foreseen());
    const release = (order: Order): void => this.#act(order, RELEASE);
    return { title, none, orders, time: (order) => this.#moment(order.scheduled_for as string), deed: { text, named, done: release } };
  }

  /** A time today, with its day otherwise. */
  #moment(iso: string): string {
    const [then, today] = [new Date(iso), new Date(this.#follower.serverNow())];
    const day = then.toLocaleDateString(this.#language, { weekday: "short", day: "numeric", month: "short" });
    return then.toDateString() === today.toDateString() ? this.#time(iso) : `${day}, ${this.#time(iso)}`;
  }

  #time(iso: string): string {
    return new Date(iso).toLocaleTimeString(this.#language, { timeStyle: "short" });
  }
}

/** Not crypto.randomUUID: a tablet may reach the board by plain http, where that is missing. */
function keyOf(): string {
  return `board-${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
