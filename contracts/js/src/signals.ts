// What `Following` can be told, and what it can ask for. Types only, but for the names of its timers.

import type { BatchMeta, Event, FeedStatus, Order, SubscribeAck } from "./schema.ts";
import type { Status } from "./status.ts";

export interface Snapshot {
  position: string;
  server_time: string;
  orders: Order[];
}

export const TIMERS = ["connect", "snapshot", "order", "poll", "refresh"] as const;
export type Timer = (typeof TIMERS)[number];

export type Input =
  | { kind: "started" }
  | { kind: "connected" }
  | { kind: "disconnected"; byServer: boolean }
  | { kind: "connectFailed"; refused: string | undefined; retryAfter?: number | undefined }
  | { kind: "joined"; attempt: number; answer: SubscribeAck | undefined }
  | { kind: "batch"; events: Event[]; meta: BatchMeta }
  | { kind: "cut" } // `resync` from the server
  | { kind: "feed"; status: FeedStatus }
  | { kind: "draining"; retryAfter: number }
  | { kind: "signedOut"; reason: string } // not to come back with this token
  | { kind: "snapshot"; attempt: number; snapshot: Snapshot; hint?: number | undefined }
  | { kind: "changes"; attempt: number; changes: Snapshot; hint?: number | undefined } // since what is held
  | { kind: "snapshotFailed"; attempt: number; refused: string | undefined; retryAfter?: number | undefined }
  | { kind: "order"; order: Order }
  | { kind: "orderFailed"; id: string }
  | { kind: "answered"; order: Order } // by order-api, to a command of this screen
  | { kind: "token"; expiresIn: number | undefined } // a token is in hand; `expiresIn` milliseconds, where it says so
  | { kind: "tokenFailed"; why: string }
  | { kind: "presented"; taken: boolean } // the server's answer to a new token on an open connection
  | { kind: "nudged" } // the network or the page is back
  | { kind: "timer"; timer: Timer };

export type Effect =
  | { kind: "connect" }
  | { kind: "hangUp" }
  | { kind: "subscribe"; attempt: number; position: string }
  | { kind: "fetchSnapshot"; attempt: number; since: string | undefined } // `since`: what is held is whole up to there
  | { kind: "fetchOrder"; id: string }
  | { kind: "askToken"; refusal: string | undefined } // why the present one was not taken; none when it is to be renewed
  | { kind: "present" }
  | { kind: "wait"; timer: Timer; ms: number }
  | { kind: "cancel"; timer: Timer }
  | { kind: "changed"; orders: Order[]; events: Event[]; whole: boolean }
  | { kind: "status"; status: Status };

/** What is known of the link, the data and the token. Read by `statusOf`. */
export interface Knowledge {
  link: "down" | "connecting" | "up";
  data: "none" | "fetching" | "held";
  joined: boolean;
  polling: boolean;
  pollAnswered: boolean;
  feedStaleSince: string | undefined;
  refused: string | undefined;
  expired: boolean;
  quietSince: number | undefined;
  begun: boolean; // whether it was ever whole
}
