// The words of the board in each of its languages.

import type { Bump, Stage } from "./acts.ts";
import type { Language } from "./language.ts";
import type { Kind } from "./news.ts";
import { AR } from "./words_ar.ts";
import { EN } from "./words_en.ts";

export interface Words {
  direction: "ltr" | "rtl";
  itself: string; // the language's own name
  stages: Record<Stage, string>;
  bumps: Record<Bump, string>;
  phases: { loading: string; live: string; resyncing: string; polling: string; offline: string; refused: string };
  staleSince(time: string): string;
  /** Follows the offline text; changes by the second. */
  dataAge(age: string): string;
  queued(count: number): string;
  age(minutes: number): string;
  seconds(seconds: number): string;
  here(minutes: number): string;
  slow: string;
  late: string;
  table(label: string, area: string): string;
  rush: string;
  markRush(label: string): string;
  allergens(list: string): string;
  modifier: Record<"add" | "remove" | "substitute", string>;
  state: { ready: string; voided: string; held: string; added: string; changed: string };
  cancelled: string;
  seen: string;
  acknowledge(label: string): string;
  recall: string;
  recallOrder(label: string): string;
  elsewhere: string;
  stations: string;
  none: string;
  unknown: string;
  unknownMore: string;
  noneMore: string;
  more(count: number): string;
  views: { label: string; all: string; expo: string; station(name: string): string };
  allDay: string;
  allDayNone: string;
  later: string;
  laterNone: string;
  release: string;
  releaseOrder(label: string): string;
  recent: string;
  recentNone: string;
  settings: string;
  close: string;
  sound: { on: string; off: string; tap: string };
  theme: { label: string; auto: string; light: string; dark: string; contrast: string };
  language: string;
  size: string;
  shortcuts: string;
  keys: [key: string, what: string][];
  thresholds: string;
  thresholdOf(stage: string, what: string): string;
  news: Record<Kind, string>;
  moreNews(count: number): string;
  refused: { already(label: string, who: string): string; changed(label: string, who: string): string; gone(label: string): string };
  someone: string;
  anotherScreen: string;
  entry: {
    title: string; why: { expired: string; refused: string; venue: string }; token: string; hint: string;
    venue: string; venueHint: string; show: string;
  };
  board: string;
  tools: string;
  statuses: Record<string, string>;
}

const LANGUAGES: Record<Language, Words> = { en: EN, ar: AR };
export const languages = Object.entries(LANGUAGES) as [Language, Words][];
export const wordsOf = (language: Language): Words => LANGUAGES[language];
