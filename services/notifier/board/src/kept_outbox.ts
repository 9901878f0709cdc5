// The outbox as a device keeps it, the same for all tabs of a venue: an entry a command, so that no tab writes over what
// another has put there. Storage may be forbidden or full: then this tab remembers by itself, and no reload does.

import type { Command, Kept } from "./outbox.ts";

const KEPT_MS = 12 * 3_600_000; // what was tapped yesterday means nothing to anybody

export class KeptOutbox implements Kept {
  readonly #prefix: string;
  readonly #stop = new AbortController();
  #commands: Command[] = [];

  /** `changed` is called when another tab has. */
  constructor(venue: string, now: number, changed: () => void) {
    this.#prefix = `outbox:${venue}/`;
    this.refresh();
    for (const { key, at } of this.#commands) if (now - at > KEPT_MS) this.drop(key);
    const heard = ({ key }: StorageEvent): void => {
      if (key !== null && !key.startsWith(this.#prefix)) return;
      this.refresh();
      changed();
    };
    addEventListener("storage", heard, { signal: this.#stop.signal });
  }

  get commands(): readonly Command[] {
    return this.#commands;
  }

  put(command: Command): void {
    this.#commands = inOrder([...this.#commands.filter(({ key }) => key !== command.key), command]);
    try {
      localStorage.setItem(this.#prefix + command.key, JSON.stringify(command));
    } catch { /* forbidden or full */ }
  }

  drop(key: string): void {
    this.#commands = this.#commands.filter((command) => command.key !== key);
    try {
      localStorage.removeItem(this.#prefix + key);
    } catch { /* forbidden */ }
  }

  /** Read what all tabs have put there. */
  refresh(): void {
    try {
      const names = Object.keys(localStorage).filter((name) => name.startsWith(this.#prefix));
      this.#commands = inOrder(names.map((name) => JSON.parse(localStorage.getItem(name) as string) as Command));
    } catch { /* forbidden: what this tab remembers stays */ }
  }

  stop(): void {
    this.#stop.abort();
  }
}

const inOrder = (commands: Command[]): Command[] => commands.sort((one, other) => one.at - other.at);
