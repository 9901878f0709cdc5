// The outbox as a device keeps it, the same for all tabs of a venue: an entry a command, so that no tab writes over what
// another has put there. Storage may be forbidden or full: then this tab remembers by itself, and no reload does.

import type { Command, Kept } from "./outbox.ts";

const KEPT_MS = 12 * 3_600_000; // what was tapped yesterday means nothing to anybody

export class KeptOutbox implements Kept {
  readonly #prefix: string;
  readonly #stop = new AbortController();
  readonly #unkept = new Map<string, Command>(); // what there was no room for: this tab's alone
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
    try {
      localStorage.setItem(this.#prefix + command.key, JSON.stringify(command));
    } catch {
      this.#unkept.set(command.key, command);
    }
    this.#commands = inOrder([...this.#commands.filter(({ key }) => key !== command.key), command]);
  }

  drop(key: string): void {
    try {
      localStorage.removeItem(this.#prefix + key);
    } catch { /* forbidden */ }
    this.#unkept.delete(key);
    this.#commands = this.#commands.filter((command) => command.key !== key);
  }

  /** Read what all tabs have put there. */
  refresh(): void {
    this.#commands = inOrder([...stored(this.#prefix), ...this.#unkept.values()]);
  }

  stop(): void {
    this.#stop.abort();
  }
}

const inOrder = (commands: Command[]): Command[] => commands.sort((one, other) => one.at - other.at);

function stored(prefix: string): Command[] {
  try {
    const names = Object.keys(localStorage).filter((name) => name.startsWith(prefix));
    return names.map((name) => JSON.parse(localStorage.getItem(name) as string) as Command);
  } catch {
    return []; // forbidden
  }
}
