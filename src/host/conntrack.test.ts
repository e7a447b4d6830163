import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { conntrackUse } from './conntrack.ts';

test('the table is read as the kernel shows it; without one there is nothing to say', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'conntrack-'));
  try {
    expect(conntrackUse(directory)).toBeNull();
    await writeFile(join(directory, 'nf_conntrack_count'), '262000\n');
    await writeFile(join(directory, 'nf_conntrack_max'), '262144\n');
    expect(conntrackUse(directory)).toEqual({ entries: 262_000, max: 262_144 });
    await writeFile(join(directory, 'nf_conntrack_max'), '0\n');
    expect(conntrackUse(directory)).toBeNull();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
