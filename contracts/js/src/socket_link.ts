// One Socket.IO connection at a time, turned into inputs of `Following`. Reconnecting is decided there, not here.

import { io, type Socket } from "socket.io-client";
import type { Link } from "./follow_room.ts";
import type { Input } from "./signals.ts";
import type {
  BatchMeta, Draining, Event, FeedStatus, Notice, RefreshAck, Resync, SignedOut, SubscribeAck,
} from "./schema.ts";

const PATIENCE_MS = 10_000;

/** What a refusal may carry beside its words. */
interface Refusal extends Error {
  data?: { retry_after_ms?: number };
}

export class SocketLink implements Link {
  #socket: Socket | undefined;
  readonly #url: string;
  readonly #room: string;
  readonly #transports: string[];
  readonly #heard: (input: Input) => void;
  readonly #noticed: (notice: Notice) => void;

  constructor(
    url: string, room: string, transports: string[], heard: (input: Input) => void, noticed: (notice: Notice) => void,
  ) {
    [this.#url, this.#room, this.#transports, this.#heard, this.#noticed] = [url, room, transports, heard, noticed];
  }

  connect(token: string): void {
    this.hangUp();
    const socket = io(this.#url, {
      auth: { token }, transports: this.#transports, tryAllTransports: true, reconnection: false, forceNew: true,
      timeout: PATIENCE_MS,
    });
    this.#socket = socket;
    const tell = (input: Input): void => {
      if (this.#socket === socket) this.#heard(input); // one that was hung up on has nothing to say
    };
    socket.on("connect", () => tell({ kind: "connected" }));
    socket.on("disconnect", (reason) => tell({ kind: "disconnected", byServer: reason === "io server disconnect" }));
    socket.on("connect_error", (error: Refusal) => {
      const retryAfter = error.data?.retry_after_ms;
      const refused = socket.active || retryAfter !== undefined ? undefined : error.message;
      tell({ kind: "connectFailed", refused, retryAfter });
    });
    socket.on("batchOrderUpdates", (events: Event[], meta: BatchMeta) => {
      if (meta.room === this.#room) tell({ kind: "batch", events, meta });
    });
    socket.on("resync", ({ room }: Resync) => room === this.#room && tell({ kind: "cut" }));
    socket.on("feedStatus", (status: FeedStatus) => tell({ kind: "feed", status }));
    socket.on("notice", this.#noticed);
    socket.on("signedOut", ({ reason }: SignedOut) => tell({ kind: "signedOut", reason }));
    socket.on("draining", ({ retry_after_ms }: Draining) => tell({ kind: "draining", retryAfter: retry_after_ms }));
  }

  /** Enter the room. A callback, not a promise: live batches may follow the answer at once. */
  subscribe(position: string, attempt: number): void {
    const socket = this.#socket;
    socket?.timeout(PATIENCE_MS).emit("subscribe", { room: this.#room, position }, (failure: unknown, answer: SubscribeAck) => {
      if (this.#socket === socket) this.#heard({ kind: "joined", attempt, answer: failure ? undefined : answer });
    });
  }

  /** Show a new token on the open connection. */
  present(token: string): void {
    const socket = this.#socket;
    socket?.timeout(PATIENCE_MS).emit("refresh", { token }, (failure: unknown, answer: RefreshAck | undefined) => {
      if (this.#socket === socket) this.#heard({ kind: "presented", taken: !failure && typeof answer?.error !== "string" });
    });
  }

  hangUp(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.disconnect();
  }
}
