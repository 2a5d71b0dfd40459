const FIRST_MS = 250
const MOST_MS = 10_000

/** How long to wait before the next attempt: doubling, and spread out, so that a server that comes back is not met by all its clients at once. */
export function backOff(attempt: number, random = Math.random()): number {
  const most = Math.min(MOST_MS, FIRST_MS * 2 ** attempt)
  return most / 2 + (most / 2) * random
}
