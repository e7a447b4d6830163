import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadKubeconfig } from './kubeconfig.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  for (const name of ['one', 'two']) {
    const text = `apiVersion: v1
kind: Config
clusters: [{ name: ${name}, cluster: { server: 'http://${name}:6443' } }]
users: [{ name: ${name}, user: {} }]
contexts: [{ name: ${name}, context: { cluster: ${name}, user: ${name} } }]
current-context: ${name}
`;
    await writeFile(join(directory, name), text);
  }
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test('the files of KUBECONFIG are merged, and the first decides the context', () => {
  const KUBECONFIG = `${join(directory, 'one')}:${join(directory, 'two')}`;
  const config = loadKubeconfig({ env: { KUBECONFIG } });
  expect(config.getCurrentCluster()?.server).toBe('http://one:6443');
  expect(config.contexts.map(({ name }) => name)).toEqual(['one', 'two']);
  expect(loadKubeconfig({ env: { KUBECONFIG }, context: 'two' }).getCurrentCluster()?.name).toBe('two');
});

test('an unreadable file of KUBECONFIG is named', () => {
  const KUBECONFIG = join(directory, 'nowhere');
  expect(() => loadKubeconfig({ env: { KUBECONFIG } })).toThrow(/cannot read the kubeconfig .*nowhere/);
});
