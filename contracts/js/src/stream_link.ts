// An event stream, read by fetch, turned into inputs of `Following`: connecting and subscribing are one request.
// Reconnecting is decided there, not here. A tenth the size of a Socket.IO client, for pages that a phone loads once.

import { isRefusal, problemOf, retryAfter } from "./answers.ts";
import { EventStreamParser, type ServerEvent } from "./event_stream.ts";
import type { Link } from "./follow_room.ts";
import type { Input } from "./signals.ts";

const SILENCE_MS = 25_000; // a comment comes every 10 s

export class StreamLink implements Link {
  readonly #address: string;
  readonly #heard: (input: Input) => void;
  #token = "";
  #stream: AbortController | undefined;

  /** `address` is the room's, on a notifier. */
  constructor(address: string, heard: (input: Input) => void) {
    [this.#address, this.#heard] = [address, heard];
  }

  connect(token: string): void {
    this.hangUp();
    this.#token = token;
    this.#heard({ kind: "connected" }); // whether anybody is there turns out at the subscribe
  }

  subscribe(position: string, attempt: number): void {
    this.hangUp();
    const stream = (this.#stream = new AbortController());
    void this.#follow(stream, position, attempt);
  }

  /** A stream ends with its token: the next one begins with the new one. */
  present(token: string): void {
    this.#token = token;
    this.#heard({ kind: "presented", taken: false });
  }

  hangUp(): void {
    this.#stream?.abort();
    this.#stream = undefined;
  }

  #let(stream: AbortController): void {
    if (this.#stream === stream) this.hangUp();
  }

  async #follow(stream: AbortController, position: string, attempt: number): Promise<void> {
    let silence = 0 as unknown as ReturnType<typeof setTimeout>;
    const alive = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => stream.abort(), SILENCE_MS);
    };
    const tell = (input: Input): void => {
      if (this.#stream === stream) this.#heard(input); // one that was hung up on has nothing to say
    };
    alive();
    try {
      const headers = { Authorization: `Bearer ${this.#token}`, Accept: "text/event-stream" };
      const address = `${this.#address}?position=${encodeURIComponent(position)}`;
      const answer = await fetch(address, { headers, cache: "no-store", signal: stream.signal });
      if (!answer.ok || !answer.body) return tell(await refusalOf(answer));
      const [reader, parser] = [answer.body.getReader(), new EventStreamParser()];
      let joined = false;
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        alive();
        for (const event of parser.take(part.value)) {
          const input = inputOf(event, attempt, joined);
          joined ||= event.name === "joined";
          if (input) tell(input);
          if (event.name === "resync") return this.#let(stream); // it ends here, and that is no trouble
        }
      }
      tell({ kind: "disconnected", byServer: false });
    } catch {
      tell({ kind: "connectFailed", refused: undefined }); // no network, or silence
    } finally {
      clearTimeout(silence);
      stream.abort();
    }
  }
}

async function refusalOf(answer: Response): Promise<Input> {
  const refused = isRefusal(answer) ? (await problemOf(answer)).detail : undefined;
  return { kind: "connectFailed", refused, retryAfter: retryAfter(answer) };
}

/** What an event means to `Following`; undefined for one that it has no use for. */
function inputOf({ name, data }: ServerEvent, attempt: number, joined: boolean): Input | undefined {
  const body = JSON.parse(data);
  switch (name) {
    case "batchOrderUpdates": {
      const { events, ...meta } = body;
      return { kind: "batch", events, meta };
    }
    case "joined": return { kind: "joined", attempt, answer: body };
    case "resync": return joined ? { kind: "cut" } : { kind: "joined", attempt, answer: { resync: true } };
    case "feedStatus": return { kind: "feed", status: body };
    case "draining": return { kind: "draining", retryAfter: body.retry_after_ms };
    case "signedOut": return { kind: "signedOut", reason: body.reason };
    default: return undefined;
  }
}
