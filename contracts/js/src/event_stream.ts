// Server-sent events as they arrive in pieces (WHATWG HTML, section 9.2.6), for streams that are read by fetch: an
// EventSource sends no token, hides the comments that say "still here", and does not tell why it was refused. Pure.

export interface ServerEvent {
  name: string;
  data: string;
}

export class EventStreamParser {
  readonly #decoder = new TextDecoder();
  #rest = ""; // a line that has not ended yet
  #name = "";
  #data: string[] = [];

  /** Take the next bytes; gives the events that they complete. Our servers end lines with a line feed alone. */
  take(bytes: Uint8Array): ServerEvent[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() as string;
    return lines.flatMap((line) => this.#line(line.endsWith("\r") ? line.slice(0, -1) : line));
  }

  #line(line: string): ServerEvent[] {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon); // "" is a comment
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "event") this.#name = value;
    if (field === "data") this.#data.push(value);
    return [];
  }

  #dispatch(): ServerEvent[] {
    const event = { name: this.#name || "message", data: this.#data.join("\n") };
    const complete = this.#data.length > 0;
    [this.#name, this.#data] = ["", []];
    return complete ? [event] : [];
  }
}
