// Four sounds that can be told apart over a fan: made here, so that nothing is loaded. Browsers want one tap before.

import type { Kind } from "./news.ts";

type Note = [hertz: number, from: number, seconds: number];
const TUNES: Record<Kind, { shape: OscillatorType; notes: Note[] }> = {
  placed: { shape: "triangle", notes: [[784, 0, 0.16], [1047, 0.17, 0.3]] }, // two up: something new
  changed: { shape: "triangle", notes: [[659, 0, 0.1], [659, 0.16, 0.1], [659, 0.32, 0.1]] }, // three alike: look again
  voided: { shape: "sawtooth", notes: [[392, 0, 0.22], [262, 0.24, 0.4]] }, // two down, rough: stop
  ready: { shape: "sine", notes: [[1319, 0, 0.5]] }, // one bell
};
const LOUDNESS = 0.25;

export class Sounds {
  #context: AudioContext | undefined;

  /** Whether a sound would be heard now. */
  get awake(): boolean {
    return this.#context?.state === "running";
  }

  /** Call it from a tap: browsers let no page make noise before one. */
  async wake(): Promise<void> {
    this.#context ??= new AudioContext();
    await this.#context.resume();
  }

  play(kind: Kind): void {
    const context = this.#context;
    if (!context || context.state !== "running") return;
    const { shape, notes } = TUNES[kind];
    for (const [hertz, from, seconds] of notes) {
      const [begin, end] = [context.currentTime + from, context.currentTime + from + seconds];
      const gain = context.createGain();
      gain.gain.setValueAtTime(0, begin);
      gain.gain.linearRampToValueAtTime(LOUDNESS, begin + 0.01);
      gain.gain.exponentialRampToValueAtTime(0.001, end);
      const tone = new OscillatorNode(context, { type: shape, frequency: hertz });
      tone.connect(gain).connect(context.destination);
      tone.start(begin);
      tone.stop(end);
    }
  }
}
