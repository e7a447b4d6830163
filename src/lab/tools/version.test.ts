import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findAll, searchDirectories } from './search.ts';
import { type Tool, tools } from './tool.ts';
import { checkTool } from './version.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tools-'));
});
afterAll(async () => await rm(directory, { recursive: true }));

async function program(name: string, says: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, `#!/bin/sh\n${says}\n`);
  await chmod(path, 0o755);
  return path;
}

function tool(name: Tool['name']): Tool {
  const found = tools.find((one) => one.name === name);
  if (found === undefined) throw new Error(name);
  return found;
}

test('a tool is good, old or broken by what it says itself', async () => {
  const good = await program('good', 'echo "nftables v1.1.3 (Commodore)"');
  expect(await checkTool(tool('nft'), good)).toEqual({ kind: 'good', version: '1.1.3' });
  const old = await program('old', `echo '{"clientVersion": {"gitVersion": "v1.20.2"}}'`);
  expect(await checkTool(tool('kubectl'), old)).toEqual({ kind: 'old', version: '1.20.2' });
  const failing = await program('failing', 'echo "cannot open shared object file" >&2; exit 127');
  expect(await checkTool(tool('nft'), failing)).toEqual({
    kind: 'broken',
    reason: 'cannot open shared object file',
  });
  expect(await checkTool(tool('nft'), join(directory, 'absent'))).toMatchObject({ kind: 'broken' });
});

test('the version of kubectl is asked without the kubeconfig of the caller', async () => {
  const path = await program(
    'asked',
    `echo "\\"gitVersion\\": \\"v1.30.0\\""; [ "$KUBECONFIG" = /dev/null ]`,
  );
  expect(await checkTool(tool('kubectl'), path)).toEqual({ kind: 'good', version: '1.30.0' });
});

test('sbin is looked at only beside a bin that PATH has', () => {
  expect(searchDirectories('/usr/bin:/home/me/bin')).toEqual(['/usr/bin', '/home/me/bin', '/usr/sbin']);
  expect(searchDirectories('/opt/tools')).toEqual(['/opt/tools']);
  expect(searchDirectories('relative::.')).toEqual([]);
  expect(searchDirectories(undefined)).toEqual([]);
});

test('only executable files are found', async () => {
  await program('tool-a', 'true');
  await writeFile(join(directory, 'tool-b'), 'not executable');
  expect(await findAll('tool-a', ['/nowhere', directory])).toEqual([join(directory, 'tool-a')]);
  expect(await findAll('tool-b', [directory])).toEqual([]);
});
