// What this device remembers: how the board looks and sounds, and acts that were not answered before it went off.
// Storage may be forbidden or full: then it forgets, and says nothing.

import { THRESHOLDS, type Thresholds } from "./kitchen.ts";
import type { Command } from "./outbox.ts";
import type { Language } from "./words.ts";
import type { View } from "./acts.ts";

export type Theme = "auto" | "light" | "dark" | "contrast";

export interface Preferences {
  theme: Theme;
  language: Language | "";
  size: number; // per cent
  sound: boolean;
  shortcuts: boolean;
  view: View;
  thresholds: Thresholds;
}

const DEFAULTS: Preferences = {
  theme: "auto", language: "", size: 100, sound: false, shortcuts: true, view: { kind: "all" }, thresholds: THRESHOLDS,
};

function read<T>(name: string): T | undefined {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

function write(name: string, value: unknown): void {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch { /* forbidden or full */ }
}

export const readPreferences = (venue: string): Preferences => ({ ...DEFAULTS, ...read<Partial<Preferences>>(`board:${venue}`) });
export const keepPreferences = (venue: string, preferences: Preferences): void => write(`board:${venue}`, preferences);

/** Acts that nobody answered, of today: those of yesterday mean nothing to anybody. */
export function readOutbox(venue: string, now: number): Command[] {
  const kept = read<{ at: number; commands: Command[] }>(`outbox:${venue}`);
  return kept && now - kept.at < 12 * 3_600_000 ? kept.commands : [];
}

export const keepOutbox = (venue: string, commands: readonly Command[], now: number): void =>
  write(`outbox:${venue}`, { at: now, commands });
