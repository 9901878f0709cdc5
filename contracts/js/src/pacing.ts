// How long to wait before the next attempt. Pure: chance is an argument, between 0 and 1.

const RECONNECT = { first: 300, most: 20_000 };
const SOONEST_REFRESH = 5_000; // whoever signs tokens that are old already is not to be asked without end
const POLL = { quick: 2_000, slow: 15_000, growth: 1.5 };

/** Full jitter around an exponential: many screens that lost one replica must not come back in step. */
export function reconnectAfter(attempt: number, chance: number): number {
  const ceiling = Math.min(RECONNECT.most, RECONNECT.first * 2 ** Math.min(attempt, 16));
  return Math.round(ceiling / 2 + (ceiling / 2) * chance);
}

/** What a server said, and up to half of it more, a second at most where it said nothing to speak of. */
export function afterAsked(milliseconds: number, chance: number): number {
  const asked = Math.max(0, Math.min(milliseconds, 600_000));
  return Math.round(asked + Math.max(asked / 2, 250) * chance);
}

/** The next polling interval: quick after news, slower while nothing comes, never quicker than the server's hint. */
export function pollAfter(before: number, news: boolean, hint: number | undefined, chance: number): number {
  const own = news ? POLL.quick : Math.min(POLL.slow, Math.max(POLL.quick, before) * POLL.growth);
  return Math.round(Math.max(own, hint ?? 0) * (0.9 + 0.2 * chance));
}

/** When to ask for a new token: before the last tenth of its life, a minute at most, spread over as much again. */
export function refreshAfter(lifetime: number, chance: number): number {
  const lead = Math.min(60_000, lifetime / 10);
  return Math.max(SOONEST_REFRESH, Math.round(lifetime - lead - lead * chance));
}
