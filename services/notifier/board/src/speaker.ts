// What is said without a ticket: to ears, to screen readers, and in a line at the bottom.

import { Sounds } from "./sounds.ts";

const NOTICE_MS = 7_000;

export class Speaker {
  readonly sounds = new Sounds();
  readonly #announcements: HTMLElement;
  readonly #notices: HTMLElement;

  constructor(announcements: HTMLElement, notices: HTMLElement) {
    [this.#announcements, this.#notices] = [announcements, notices];
  }

  /** For screen readers alone. */
  announce(text: string): void {
    this.#announcements.textContent = text;
  }

  /** For everybody, for a while. */
  notice(text: string): void {
    const line = document.createElement("p");
    line.textContent = text;
    this.#notices.append(line);
    while (this.#notices.childElementCount > 3) this.#notices.firstElementChild?.remove();
    setTimeout(() => line.remove(), NOTICE_MS);
  }
}
