// The server's time, from the stamps on what it sends: a tablet's own clock may be hours off. Pure: `at` is monotonic.

const JUMP_MS = 2_000;

export class ServerClock {
  #offset: number | undefined;

  /** Take a stamp. The quickest message tells best, so the greatest offset is kept, until it is off by a jump. */
  observe(stamp: string, at: number): void {
    const server = Date.parse(stamp);
    if (!Number.isFinite(server)) return;
    const offset = server - at;
    const held = this.#offset;
    this.#offset = held === undefined || offset > held || held - offset > JUMP_MS ? offset : held;
  }

  /** Milliseconds since 1970 by the server's clock; by `fallback` before anything was heard. */
  now(at: number, fallback: number): number {
    return this.#offset === undefined ? fallback : at + this.#offset;
  }
}
