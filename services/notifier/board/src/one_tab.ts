// Work that one tab of this device does at a time.

/**
 * Do it once no other tab does. Browsers have locks on https only; without them it is done at once, and what is sent
 * twice is done once all the same, since both requests carry one Idempotency-Key.
 */
export function inOneTab(name: string, work: () => Promise<void>): Promise<void> {
  return "locks" in navigator ? navigator.locks.request(name, work) : work();
}
