/** The bundled program, run as a user runs it. */
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, type Options } from 'execa';
import { expect, test } from 'vitest';
import { DIST, POLICYCTL } from '../kit/built.ts';
import { createSandbox } from '../kit/sandbox.ts';
import { FAR_MS } from '../kit/waiting.ts';

const FILES = ['-f', 'test/cli/manifests/cluster.yaml', '-f', 'test/cli/manifests/policies.yaml'];

const OPTIONS = { reject: false, stripFinalNewline: false, timeout: FAR_MS } as const satisfies Options;

test('prints its version without loading anything else', async () => {
  const { stdout, exitCode } = await execa(POLICYCTL, ['--version'], OPTIONS);
  expect({ stdout, exitCode }).toEqual({
    stdout: expect.stringMatching(/^policyctl \d+\.\d+\.\d+\n$/),
    exitCode: 0,
  });
  const main = await readFile(join(DIST, 'policyctl.js'), 'utf8');
  // What main imports at once is what --version costs.
  expect(importsOf(main)).toEqual([]);
  // The control: another program of ours imports chunks at once, and they are found.
  expect(importsOf(await readFile(join(DIST, 'lab-supervisor.js'), 'utf8'))).not.toEqual([]);
});

test('an offline explain loads no Kubernetes client and nothing of the lab', async () => {
  const offline = await reachable(['program', 'explain', 'files-input']);
  // The controls: a cluster's explain does load the one, and a channel to the lab the other.
  for (const [name, entry] of [
    ['KubeConfig', 'cluster-input'],
    ['LabClient', 'client'],
  ] as const) {
    const client = await chunksWith(name);
    expect(client.filter((chunk) => offline.has(chunk))).toEqual([]);
    const online = await reachable([entry]);
    expect(client.filter((chunk) => online.has(chunk))).not.toEqual([]);
  }
});

async function chunksWith(text: string): Promise<readonly string[]> {
  const names = await readdir(join(DIST, 'chunks'));
  const found: string[] = [];
  for (const name of names) {
    const code = await readFile(join(DIST, 'chunks', name), 'utf8');
    if (new RegExp(`class _?${text}\\b|\\b${text} ?= ?class\\b`).test(code)) found.push(name);
  }
  return found;
}

/** Chunks that static imports load with these lazy ones. */
async function reachable(lazy: readonly string[]): Promise<ReadonlySet<string>> {
  const names = await readdir(join(DIST, 'chunks'));
  const queue = names.filter((name) => lazy.some((prefix) => name.startsWith(`${prefix}-`)));
  const seen = new Set<string>();
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    queue.push(...importsOf(await readFile(join(DIST, 'chunks', next), 'utf8')));
  }
  return seen;
}

/** Of `import ... from "./chunks/x.js"` and `import "./x.js"`: the last part. */
function importsOf(code: string): readonly string[] {
  // `import(...)` is lazy and does not count; white space comes and goes with the bundler's settings.
  return [...code.matchAll(/(?:\bfrom|\bimport)\s*["']\.\/(?:chunks\/)?([^"']+\.js)["']/g)].map(
    ([, name]) => name ?? '',
  );
}

test('is usable as kubectl policyctl', async () => {
  const { stdout } = await execa(join(DIST, 'bin/kubectl-policyctl'), ['--help'], OPTIONS);
  expect(stdout).toMatch(/^Usage: kubectl policyctl /);
  const directory = await mkdtemp(join(tmpdir(), 'policyctl-'));
  try {
    const link = join(directory, 'kubectl-policyctl');
    await symlink(join(DIST, 'bin/kubectl-policyctl'), link);
    expect((await execa(link, ['--help'], OPTIONS)).stdout).toMatch(/^Usage: kubectl policyctl /);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('exit codes, results on stdout, errors on stderr', async () => {
  const ask = (...args: string[]) => execa(POLICYCTL, ['explain', ...args, ...FILES], OPTIONS);
  expect(await ask('shop/web', 'shop/api:8080')).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await ask('shop/db', 'shop/api:8080')).toMatchObject({ exitCode: 1, stderr: '' });
  expect(await ask('shop/wen', 'shop/api')).toMatchObject({ exitCode: 2, stdout: '' });
  expect(await ask('internet', 'shop/web:80')).toMatchObject({ exitCode: 3, stderr: '' });
  expect(await execa(POLICYCTL, [], OPTIONS)).toMatchObject({ exitCode: 2, stdout: '' });
  expect(await execa(POLICYCTL, ['nope'], OPTIONS)).toMatchObject({ exitCode: 2, stdout: '' });
});

test('a reader that goes away ends it quietly', async () => {
  const child = execa(POLICYCTL, ['matrix', ...FILES, '-o', 'json'], { ...OPTIONS, buffer: false });
  child.stdout.once('data', () => child.stdout.destroy());
  const errors: string[] = [];
  child.stderr.on('data', (text: Buffer) => errors.push(text.toString()));
  await once(child, 'close');
  expect(errors.join('')).toBe('');
});

test('colour is for terminals only', async () => {
  const { stdout } = await execa(POLICYCTL, ['explain', 'shop/web', 'shop/api:8080', ...FILES], {
    ...OPTIONS,
    env: { FORCE_COLOR: '1', NO_COLOR: undefined },
  });
  expect(stdout).not.toContain('\u001b');
});

test('nft accepts what render prints, as text and as JSON', async () => {
  const sandbox = await createSandbox();
  try {
    for (const [format, flags] of [
      ['text', ['-c', '-f']],
      ['json', ['-j', '-c', '-f']],
    ] as const) {
      const { stdout } = await execa(
        POLICYCTL,
        ['render', ...FILES, '--node', 'node-b', '-o', format],
        OPTIONS,
      );
      const file = join(sandbox.directory, `ruleset.${format}`);
      await writeFile(file, stdout);
      expect(await sandbox.run('nft', [...flags, file])).toMatchObject({ exitCode: 0, stderr: '' });
      // The control: nft does look at it.
      await writeFile(file, stdout.replace('forward_hook', 'no such{'));
      expect((await sandbox.run('nft', [...flags, file])).exitCode).not.toBe(0);
    }
  } finally {
    await sandbox.close();
  }
});

test('a misspelt command is named, with the one that was meant', async () => {
  const { stderr, exitCode } = await execa(POLICYCTL, ['explian'], OPTIONS);
  expect({ stderr, exitCode }).toEqual({
    stderr: 'error: unknown command "explian"\nhint: did you mean explain?\n',
    exitCode: 2,
  });
});

test('output that cannot be written is an error, not a verdict', async () => {
  const { stderr, exitCode } = await execa(
    'sh',
    ['-c', `"$0" matrix ${FILES.join(' ')} >/dev/full`, POLICYCTL],
    OPTIONS,
  );
  expect(stderr).toContain('error: standard output cannot be written');
  expect(exitCode).toBe(2);
});

test('a directory below a directory is not skipped in silence', async () => {
  const { stderr } = await execa(
    POLICYCTL,
    ['explain', '-f', 'examples/shop', 'shop/web', 'shop/api:8080'],
    OPTIONS,
  );
  expect(stderr).toContain('note: examples/shop/policies: a directory, not read without -R');
});
