// Keys of a keyboard or a bump bar, which is a keyboard to the tablet. Never while somebody types or chooses.

export interface KeyDeeds {
  /** Do what a ticket's own button does, where it has one. */
  press(ticket: Element, act: "bump" | "recall" | "rush"): void;
  toggle(what: "allDay" | "later" | "recent" | "sound"): void;
}

const LETTERS: Record<string, "allDay" | "later" | "recent" | "sound"> = { a: "allDay", l: "later", d: "recent", s: "sound" };
const tickets = (within: ParentNode): HTMLElement[] => [...within.querySelectorAll<HTMLElement>("[data-ticket]")];

/** The columns that are not empty, each with its tickets. */
const columns = (): HTMLElement[][] => [...document.querySelectorAll("main section")].map(tickets).filter((column) => column.length > 0);

/** Where the focus is among the tickets: column and row; the very first where it is nowhere. */
function spot(all: HTMLElement[][]): { column: number; row: number; nowhere: boolean } {
  const focused = document.activeElement?.closest("[data-ticket]");
  const column = all.findIndex((one) => one.some((ticket) => ticket === focused));
  if (column < 0) return { column: 0, row: 0, nowhere: true };
  return { column, row: (all[column] as HTMLElement[]).findIndex((ticket) => ticket === focused), nowhere: false };
}

function move(key: string): boolean {
  const all = columns();
  if (all.length === 0) return false;
  const { column, row, nowhere } = spot(all);
  const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  const [aside, down] = nowhere ? [0, 0] : key === "ArrowUp" ? [0, -1] : key === "ArrowDown" ? [0, 1] : [key === forward ? 1 : -1, 0];
  const next = all[Math.min(all.length - 1, Math.max(0, column + aside))] as HTMLElement[];
  const ticket = next[Math.min(next.length - 1, Math.max(0, row + down))];
  ticket?.focus({ preventScroll: true });
  ticket?.scrollIntoView({ block: "nearest" });
  return true;
}

function take(key: string, deeds: KeyDeeds): boolean {
  if (key.startsWith("Arrow")) return move(key);
  const focused = document.activeElement?.closest("[data-ticket]");
  if (/^[1-9]$/.test(key)) {
    const all = columns();
    const ticket = all[spot(all).column]?.[Number(key) - 1];
    if (ticket) deeds.press(ticket, "bump");
    return ticket !== undefined;
  }
  const act = { Enter: "bump", r: "recall", u: "rush" }[key] as "bump" | "recall" | "rush" | undefined;
  if (act && focused && (key !== "Enter" || document.activeElement === focused)) {
    deeds.press(focused, act);
    return true;
  }
  const what = LETTERS[key];
  if (what) deeds.toggle(what);
  return what !== undefined;
}

export function listenToKeys(wanted: () => boolean, deeds: KeyDeeds): void {
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof Element && event.target.closest("input, select, textarea, dialog[open]");
    if (!wanted() || typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat && !event.key.startsWith("Arrow")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (take(key, deeds)) event.preventDefault();
  });
}
