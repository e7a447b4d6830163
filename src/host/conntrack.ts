/** How full the connection tracking table of this network namespace is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ConntrackUse {
  readonly entries: number;
  readonly max: number;
}

/** null: connections are not tracked here (yet), or it cannot be read. */
export function conntrackUse(directory: string = '/proc/sys/net/netfilter'): ConntrackUse | null {
  const read = (name: string): number => {
    try {
      return Number(readFileSync(join(directory, name), 'utf8'));
    } catch {
      return Number.NaN;
    }
  };
  const use = { entries: read('nf_conntrack_count'), max: read('nf_conntrack_max') };
  return Number.isNaN(use.entries) || !(use.max > 0) ? null : use;
}
