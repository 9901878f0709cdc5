// How an answer over HTTP is read, whoever gave it.

const PATIENCE_MS = 10_000;

/** `stop`, or patience that has run out. AbortSignal.any would say so, but is younger than many a phone. */
export function patient(stop: AbortSignal): AbortSignal {
  const either = new AbortController();
  const timer = setTimeout(() => either.abort(), PATIENCE_MS);
  const end = (): void => {
    clearTimeout(timer);
    either.abort();
  };
  if (stop.aborted) end();
  stop.addEventListener("abort", end, { once: true });
  return either.signal;
}

export const isRefusal = (answer: Response): boolean => answer.status === 401 || answer.status === 403;

export function numberIn(answer: Response, header: string): number | undefined {
  const value = Number(answer.headers.get(header) ?? Number.NaN);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** A Retry-After, in milliseconds. */
export function retryAfter(answer: Response): number | undefined {
  const seconds = numberIn(answer, "Retry-After");
  return seconds === undefined ? undefined : seconds * 1000;
}

/** A problem's code and words; words of our own where it says none. */
export async function problemOf(answer: Response): Promise<{ code: string; detail: string }> {
  const { code, detail } = ((await answer.json().catch(() => undefined)) ?? {}) as { code?: unknown; detail?: unknown };
  return {
    code: typeof code === "string" ? code : "",
    detail: typeof detail === "string" ? detail : `the server answered ${answer.status}`,
  };
}
