// An order as a diner reads it: the steps on its way, its lines, what was promised, and what is news. Pure.

import type { OrderProgress, ProgressItem } from "@scanserve/client";

const WAY = ["placed", "accepted", "preparing", "ready", "completed"] as const;
const ENDINGS = ["cancelled", "rejected", "failed"] as const;
export type Ending = (typeof ENDINGS)[number];
export type Stage = (typeof WAY)[number] | "scheduled" | Ending;

export interface Step {
  stage: Stage;
  state: "done" | "now" | "next";
}

/** The stage of a status; undefined for one that this page does not know yet. */
export function stageOf(status: string): Stage | undefined {
  return [...WAY, "scheduled" as const, ...ENDINGS].find((stage) => stage === status);
}

export const isEnding = (stage: Stage | undefined): stage is Ending => ENDINGS.some((ending) => ending === stage);

/** The steps of the way. Of an order that was called off nobody can say here how far it had come. */
export function journeyOf(status: string): Step[] {
  const stage = stageOf(status);
  if (isEnding(stage)) return [{ stage: "placed", state: "done" }, { stage, state: "now" }];
  const way: readonly Stage[] = stage === "scheduled" ? ["scheduled", ...WAY] : WAY;
  const at = stage === undefined ? 0 : way.indexOf(stage);
  const over = stage === "completed";
  return way.map((one, place) => ({ stage: one, state: place < at || over ? "done" : place === at ? "now" : "next" }));
}

const STATES = ["new", "held", "preparing", "ready", "served", "voided"] as const;
export type LineState = (typeof STATES)[number];

export interface Line {
  id: string;
  item: ProgressItem;
  /** `new` for a state that this page does not know yet: the least that it can promise. */
  state: LineState;
}

const NUMBERED = new Intl.Collator("en", { numeric: true });

export function linesOf(progress: OrderProgress): Line[] {
  const lines = Object.entries(progress.items).map(([id, item]) => ({ id, item, state: STATES.find((one) => one === item.state) ?? "new" }));
  return lines.sort((one, other) => NUMBERED.compare(one.id, other.id));
}

/** How many lines are made, of those that will be. */
export function madeOf(lines: readonly Line[]): { made: number; of: number } {
  const wanted = lines.filter(({ state }) => state !== "voided");
  return { made: wanted.filter(({ state }) => state === "ready" || state === "served").length, of: wanted.length };
}

/** When it was promised for, as long as that means anything; `passed` once it should have been there. */
export function promiseOf(progress: OrderProgress, now: number): { at: string; passed: boolean } | undefined {
  const waits = ["scheduled", "placed", "accepted", "preparing"].includes(progress.status);
  const at = progress.promised_at ?? progress.scheduled_for;
  return waits && at ? { at, passed: Date.parse(at) < now } : undefined;
}

/** What has changed for somebody who waits: another stage, lines that were made or struck. */
export function newsOf(before: OrderProgress, after: OrderProgress): { stage: boolean; made: string[]; struck: string[] } {
  const turned = (...states: LineState[]): string[] =>
    linesOf(after).filter(({ id, state }) => {
      const was = before.items[id]?.state;
      return states.includes(state) && was !== undefined && !states.some((one) => one === was);
    }).map(({ item }) => item.name);
  return { stage: before.status !== after.status, made: turned("ready", "served"), struck: turned("voided") };
}
