// The words of a diner's page in each of its languages.

import type { Language } from "../language.ts";
import type { LineState, Stage } from "./journey.ts";
import { AR } from "./words_ar.ts";
import { EN } from "./words_en.ts";

/** Why there is no order to be seen. */
export type Trouble = "expired" | "refused" | "missing" | "noLink";

export interface DinerWords {
  direction: "ltr" | "rtl";
  itself: string;
  order(label: string): string;
  loading: string;
  steps: Record<Stage, string>;
  headlines: Record<Stage, string>;
  /** Ready, for those who fetch it and for those who sit. */
  ready: { fetched: string; served: string };
  ended: string;
  inProgress: string;
  stepsLabel: string;
  done: string;
  since(time: string): string;
  placedAt(time: string): string;
  promised(time: string): string;
  late(time: string): string;
  scheduled(time: string): string;
  items: string;
  made(made: number, of: number): string;
  states: Record<LineState, string>;
  lineReady(name: string): string;
  lineStruck(name: string): string;
  phases: { live: string; resyncing: string; polling: string; loading: string };
  stale(time: string): string;
  offline: string;
  offlineFirst: string;
  /** Follows the offline text; changes by the second. */
  age(seconds: number): string;
  trouble: Record<Trouble, { title: string; what: string }>;
  language: string;
}

const LANGUAGES: Record<Language, DinerWords> = { en: EN, ar: AR };
export const dinerWordsOf = (language: Language): DinerWords => LANGUAGES[language];
export const dinerLanguages = Object.entries(LANGUAGES) as [Language, DinerWords][];
