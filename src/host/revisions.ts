/** Revisions that were handed out and not heard of yet: by them our own transactions are told from others'. */
import { randomBytes } from 'node:crypto';

/** An old one that was never heard of (its transaction was refused) makes room for a new one. */
const MOST = 4_096;
const GROUPS = 8;

export class Revisions {
  readonly #waiting = new Set<string>();
  /** Told of each that is in the kernel by nft's word. */
  onCommitted: (revision: string) => void = () => {};

  /** An IPv6 address that is written in one way only: no group of it is zero or begins with one. */
  next(): string {
    const bytes = randomBytes(2 * GROUPS);
    const groups = Array.from({ length: GROUPS }, (_, index) =>
      (bytes.readUInt16BE(2 * index) | 0x1000).toString(16),
    );
    const revision = groups.join(':');
    this.#waiting.add(revision);
    if (this.#waiting.size > MOST) {
      for (const oldest of this.#waiting) {
        this.#waiting.delete(oldest);
        break;
      }
    }
    return revision;
  }

  /** It was handed out, and has not been heard of. */
  isWaiting(revision: string): boolean {
    return this.#waiting.has(revision);
  }

  /** Whether it was handed out here, once each: who writes it a second time is somebody else. */
  take(revision: string): boolean {
    return this.#waiting.delete(revision);
  }
}
