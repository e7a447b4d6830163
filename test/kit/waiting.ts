/**
 * Waiting for progress. On an idle machine everything comes at once, on a busy one it comes late: the end is
 * far away and only for what never comes. Nothing here says how fast something must be.
 */

import { inspect } from 'node:util';

/** The far end of a wait. */
export const FAR_MS = 240_000;

const POLL_MS = 20;

/**
 * What `look` sees as soon as `holds` says yes of it. An error of `look` is one more thing that was seen; the
 * last of them is in the message when the end comes.
 */
export async function untilSeen<Seen>(
  what: string,
  look: () => Promise<Seen> | Seen,
  holds: (seen: Seen) => boolean,
): Promise<Seen> {
  const end = performance.now() + FAR_MS;
  for (;;) {
    let last: string;
    try {
      const seen = await look();
      if (holds(seen)) return seen;
      last = inspect(seen, { depth: 6 });
    } catch (error) {
      last = String(error);
    }
    if (performance.now() > end) throw new Error(`not within ${FAR_MS / 1000} s: ${what}; last: ${last}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The same where there is only yes or no to see. */
export async function eventually(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  await untilSeen(what, holds, (yes) => yes);
}

/** For `once` and the like. */
export function farEnd(): AbortSignal {
  return AbortSignal.timeout(FAR_MS);
}
