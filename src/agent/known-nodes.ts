/** The nodes of the cluster by name: whether there is one of the name that policyd was given, and if not, which there are. */
import type { Change } from '../model/cluster.ts';
import type { Degradation } from '../status/status.ts';

/** So many are named; the others are counted. */
const NAMED = 10;

export class KnownNodes {
  readonly #own: string;
  readonly #names = new Set<string>();

  constructor(own: string) {
    this.#own = own;
  }

  get known(): boolean {
    return this.#names.has(this.#own);
  }

  update(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind !== 'node') continue;
      if (change.value === null) this.#names.delete(change.key);
      else this.#names.add(change.key);
    }
  }

  /** Empty: it is known. `started`: it was, and the kernel is written. */
  degraded(started: boolean): readonly Degradation[] {
    if (this.known) return [];
    const consequence = started
      ? 'it is gone; its policies stay enforced'
      : 'nothing is written, and what is enforced stays as it is, until there is; --node (NODE_NAME) must be the name of the Node';
    const message = `there is no node ${this.#own} in the cluster: ${consequence}; the nodes are: ${this.#listed()}`;
    return [{ code: 'NODE_UNKNOWN', message }];
  }

  #listed(): string {
    const names = [...this.#names].sort();
    if (names.length === 0) return 'none';
    const more = names.length - NAMED;
    return `${names.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  }
}
