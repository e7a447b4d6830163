import { expect, test } from 'vitest';
import { createApiServer } from '../apiserver/api-server.ts';
import type { Store } from '../apiserver/store.ts';
import { planLab } from '../network/plan.ts';
import { ServiceProxy } from './proxy.ts';

const serviceRanges = ['10.96.0.0/16', 'fd00:10:96::/112'];
const plan = planLab({ nodes: 2, ipFamily: 'dual' });

function proxyWith(commit: (node: string, table: string) => Promise<void>): {
  readonly store: Store;
  readonly proxy: ServiceProxy;
  readonly warnings: string[];
} {
  const { store } = createApiServer({ serviceRanges });
  const warnings: string[] = [];
  const report = { progress: () => undefined, warning: (message: string) => void warnings.push(message) };
  return { store, proxy: new ServiceProxy({ plan, store, serviceRanges, commit, report }), warnings };
}

function addService(store: Store, name: string): void {
  const spec = { selector: { app: name }, ports: [{ port: 80 }] };
  store.create('services', { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec });
}

test('a node is waited for until it has committed what was stored, and commits only what changed', async () => {
  const commits: string[] = [];
  const { store, proxy } = proxyWith(async (node) => void commits.push(node));
  proxy.start();
  await expect.poll(() => proxy.waitedFor('node-b', proxy.versions())).toBeNull();
  expect(commits).toEqual(['node-a', 'node-b']);
  addService(store, 'api');
  expect(proxy.waitedFor('node-a', proxy.versions())).toBe('Services on node-a are not forwarded yet');
  await expect.poll(() => proxy.waitedFor('node-a', proxy.versions())).toBeNull();
  expect(commits).toHaveLength(4);
  store.edit('services', { namespace: 'default', name: 'api' }, (service) => ({
    ...service,
    metadata: { ...service.metadata, labels: { any: 'label' } },
  }));
  expect(proxy.waitedFor('node-a', proxy.versions())).not.toBeNull();
  await expect.poll(() => proxy.waitedFor('node-a', proxy.versions())).toBeNull();
  expect(commits).toHaveLength(4);
});

test('a kernel that refuses is reported once, named while it lasts, tried again, and holds up no other node', async () => {
  let broken = true;
  let tries = 0;
  const { proxy, warnings } = proxyWith((node) => {
    if (node === 'node-b' || !broken) return Promise.resolve();
    tries += 1;
    return Promise.reject(new Error('no room'));
  });
  proxy.start();
  await expect.poll(() => proxy.waitedFor('node-b', proxy.versions())).toBeNull();
  expect(proxy.waitedFor('node-a', proxy.versions())).toBe(
    'Services on node-a are not forwarded yet: no room',
  );
  await expect.poll(() => tries).toBeGreaterThan(1);
  expect(warnings).toEqual(['Services on node-a: no room']);
  broken = false;
  await expect.poll(() => proxy.waitedFor('node-a', proxy.versions())).toBeNull();
});
