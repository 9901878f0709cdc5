// What the board says of itself, from the client's status. Pure.

import type { Status } from "@scanserve/client";
import type { Banner } from "./banner_view.ts";
import type { Words } from "./words.ts";

interface Moment {
  /** Monotonic, as `since` of an offline status. */
  at: number;
  /** Whether there is anything whose age could be told. */
  held: boolean;
  queued: number;
  clock(iso: string): string;
}

export function bannerOf(status: Status, words: Words, { at, held, queued, clock }: Moment): Banner {
  const waiting = queued > 0 ? words.queued(queued) : "";
  const say = (mood: Banner["mood"], text: string, age = ""): Banner => ({ mood, text, age, queued: waiting });
  switch (status.phase) {
    case "live": return waiting ? { ...say("slow", waiting), queued: "" } : say("live", words.phases.live);
    case "loading": return say("loading", words.phases.loading);
    case "resyncing": return say("slow", words.phases.resyncing);
    case "polling": return say("slow", words.phases.polling);
    case "stale": return say("slow", words.staleSince(clock(status.since)));
    case "offline": {
      const age = words.seconds(Math.max(0, Math.round((at - status.since) / 1000)));
      return say("bad", words.phases.offline, held ? words.dataAge(age) : "");
    }
    case "refused": return say("entry", words.phases.refused);
  }
}
