// What this device remembers of how the board looks and sounds. Storage may be forbidden or full: then it forgets, and
// says nothing.

import { THRESHOLDS, type Thresholds } from "./kitchen.ts";
import type { Language } from "./language.ts";
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
