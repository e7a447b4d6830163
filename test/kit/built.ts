/**
 * The programs as `make build` made them. Whoever imports this runs what is in src now or does not run: a
 * build that is missing or older than the sources ends the suite with one sentence.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = new URL('../../', import.meta.url).pathname;

/** Another build by a variable, taken as it is: POLICYD_DIST=/tmp/before test/run ... */
export const DIST: string = process.env.POLICYD_DIST ? resolve(process.env.POLICYD_DIST) : checked();

export const POLICYCTL: string = join(DIST, 'bin/policyctl');
export const POLICYD: string = join(DIST, 'policyd.js');
export const LAB_POD: string = join(DIST, 'lab-pod.js');

function checked(): string {
  const dist = join(ROOT, 'dist');
  const changed = changedSince(dist);
  if (changed === null) throw new Error(`${dist} was not built; run: make build`);
  const [first] = changed;
  if (first === undefined) return dist;
  const more = changed.length > 1 ? ` and ${changed.length - 1} more` : '';
  throw new Error(`${dist} is older than ${first}${more}; run: make build`);
}

/** Files that are not what they were when this was built; null: there is no whole build. */
function changedSince(dist: string): readonly string[] | null {
  const record = join(dist, 'sources.json');
  // Written last.
  if (!existsSync(record)) return null;
  const digests = Object.entries(JSON.parse(readFileSync(record, 'utf8')) as Record<string, string>);
  return digests.filter(([file, digest]) => digestOf(join(ROOT, file)) !== digest).map(([file]) => file);
}

function digestOf(file: string): string {
  if (!existsSync(file)) return 'gone';
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
