// What a screen may say of itself. Pure.

import type { Knowledge } from "./signals.ts";

/**
 * `stale`: connected, and the server itself hears nothing from the log since `since`. `polling`: no live connection;
 * what is shown is asked for every few seconds. `offline` since a monotonic time. `refused`: another token is needed.
 */
export type Status =
  | { phase: "loading" | "resyncing" | "live" | "polling" }
  | { phase: "stale"; since: string }
  | { phase: "offline"; since: number }
  | { phase: "refused"; expired: boolean; why: string };

export function statusOf(known: Knowledge): Status {
  if (known.refused !== undefined) return { phase: "refused", expired: known.expired, why: known.refused };
  if (known.joined && known.feedStaleSince !== undefined) return { phase: "stale", since: known.feedStaleSince };
  if (known.joined) return { phase: "live" };
  if (known.polling && known.pollAnswered) return { phase: "polling" };
  if (known.quietSince !== undefined) return { phase: "offline", since: known.quietSince };
  return { phase: known.begun ? "resyncing" : "loading" };
}
