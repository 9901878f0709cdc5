// Keeps the focus where the work is: a ticket that was bumped leaves its column, and the next one takes its place.

interface Spot {
  element: Element;
  column: string;
  row: number;
  act: string | undefined;
}

const rows = (column: string): HTMLElement[] =>
  [...document.querySelectorAll<HTMLElement>(`section[data-stage="${column}"] [data-ticket]`)];

/** Where the focus is among the tickets; undefined where it is elsewhere. */
export function focusSpot(): Spot | undefined {
  const element = document.activeElement;
  const ticket = element?.closest<HTMLElement>("[data-ticket]");
  const column = ticket?.closest<HTMLElement>("section")?.dataset.stage;
  if (!element || !ticket || column === undefined) return undefined;
  return { element, column, row: rows(column).indexOf(ticket), act: (element as HTMLElement).dataset.act };
}

/** After drawing: if what had the focus is gone, its neighbour gets it. */
export function restoreFocus(spot: Spot | undefined): void {
  if (!spot || (spot.element.isConnected && document.activeElement === spot.element)) return;
  if (document.activeElement !== document.body && document.activeElement !== null) return;
  const left = rows(spot.column);
  const ticket = left[Math.min(spot.row, left.length - 1)];
  const same = spot.act && ticket?.querySelector<HTMLElement>(`[data-act="${spot.act}"]`);
  const target = same || ticket || document.querySelector<HTMLElement>(`section[data-stage="${spot.column}"] h2`);
  target?.focus({ preventScroll: true });
}
