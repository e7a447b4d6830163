/** Machines that lack the tools: they are fetched from Debian, which takes its time. */
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { identities, installFor, type Programs } from './launch-programs.ts';

const hidden: ReadonlySet<string> = new Set(['nft', 'kubectl', 'conntrack']);

/** A PATH with everything this machine has but what is hidden. */
async function hide(programs: Programs, alsoHidden: readonly string[] = []): Promise<string> {
  const place = join(programs.directory, `path-${alsoHidden.join('-')}`);
  await mkdir(place);
  for (const directory of (programs.env.PATH ?? '').split(delimiter)) {
    for (const name of await readdir(directory).catch(() => [])) {
      if (hidden.has(name) || alsoHidden.includes(name)) continue;
      await symlink(join(directory, name), join(place, name)).catch(() => undefined);
    }
  }
  return place;
}

describe.each(identities)('policyctl lab tools as $name, with an empty home', (identity) => {
  let programs: Programs;
  let path: string;
  beforeAll(async () => {
    programs = await installFor(identity);
    path = await hide(programs);
  });
  afterAll(async () => await programs.remove());

  test('what is missing is fetched, even by two at once, works, and is kept for the next time', async () => {
    const both = await Promise.all(
      [1, 2].map(async () => await programs.run(['lab', 'tools'], { env: { PATH: path } })),
    );
    for (const result of both)
      expect([result.exitCode, result.stderr]).toEqual([0, expect.stringContaining('fetching nft')]);
    const store = join(programs.home, '.cache/policyd/tools');
    const directories = both[0]?.stdout.split('\n') ?? [];
    expect(directories).toHaveLength(3);
    for (const directory of directories) expect(directory.startsWith(store)).toBe(true);
    expect((await readdir(store)).filter((name) => name.startsWith('.'))).toEqual([]);
    const env = { PATH: [...directories, path].join(delimiter) };
    expect((await execa('nft', ['--version'], { env })).stdout).toMatch(/nftables v1\./);
    expect((await execa('kubectl', ['version', '--client'], { env })).stdout).toMatch(/v1\.(29|[3-9]\d)/);
    const again = await programs.run(['lab', 'tools'], { env: { PATH: path } });
    expect([again.stdout, again.stderr]).toEqual([both[0]?.stdout, '']);
  });

  test('a lab runs with what was fetched', async () => {
    const script =
      'command -v nft; nft list ruleset; kubectl get nodes -o name; ip netns exec node-a nft list tables';
    const result = await programs.run(['lab', 'run', '-q', '--', 'sh', '-c', script], {
      env: { PATH: path },
    });
    expect(result.all?.split('\n')).toEqual([
      expect.stringContaining('.cache/policyd/tools/nft-'),
      'node/node-a',
      'table inet lab_proxy',
      'table inet policyd',
      'table inet policyd_revision',
    ]);
  });

  test('a kept tool that broke is fetched again', async () => {
    const store = join(programs.home, '.cache/policyd/tools');
    const [kept = ''] = (await readdir(store)).filter((name) => name.startsWith('conntrack-'));
    await writeFile(join(store, kept, 'bin/conntrack'), '#!/bin/sh\nexit 1\n');
    const result = await programs.run(['lab', 'tools'], { env: { PATH: path } });
    expect(result.stderr).toMatch(/^lab: fetching conntrack from Debian \w+ into \S+$/);
    expect(result.exitCode).toBe(0);
  });

  test('an old tool on PATH is not used', async () => {
    const place = join(programs.directory, 'old');
    await mkdir(place);
    await writeFile(join(place, 'nft'), '#!/bin/sh\necho "nftables v1.0.2 (Lester Gooch)"\n', {
      mode: 0o755,
    });
    const result = await programs.run(['lab', 'tools'], { env: { PATH: `${place}:${path}` } });
    expect(result.stdout).toContain('tools/nft-');
  });

  test('what can be neither found nor fetched is named, with the commands to get it', async () => {
    const env = { PATH: await hide(programs, ['apt-get']), XDG_CACHE_HOME: join(programs.home, 'other') };
    const result = await programs.run(['lab', 'tools'], { env });
    expect(result.exitCode).toBe(125);
    expect(result.stderr).toContain(
      'error: nft 1.0.6 or later is missing: not found on PATH; fetching it failed: ',
    );
    expect(result.stderr).toContain('kubectl 1.29 or later is missing');
    expect(result.stderr).toContain('hint: sudo apt-get install nftables conntrack\n');
  });
});
