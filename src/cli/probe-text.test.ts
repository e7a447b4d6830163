import { expect, test } from 'vitest';
import { decodeService } from '../policy/decode/service.ts';
import { assembleWorld, decodeAll } from '../world/gather.ts';
import type { End } from '../world/place.ts';
import type { Target } from '../world/target.ts';
import type { World } from '../world/world.ts';
import { probeText } from './probe-text.ts';

const raw = (clusterIP: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'api' },
  spec: { clusterIP, selector: { app: 'api' }, ports: [{ port: 80, nodePort: 30080 }] },
});

function worldWith(clusterIP: string): World {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'shop', name: 'api', labels: { app: 'api' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  };
  const decoded = decodeAll(
    [
      { kind: 'Node', raw: node, locate: null },
      { kind: 'Pod', raw: pod, locate: null },
      { kind: 'Service', raw: raw(clusterIP), locate: null },
    ],
    'ignore',
  );
  return assembleWorld(decoded, { kind: 'files', cluster: null, files: [], missing: [] });
}

const world = worldWith('10.96.0.1');
const empty: World = { ...world, snapshot: { ...world.snapshot, pods: new Map() } };
const ends = (of: readonly End[]): Target => ({ kind: 'ends', name: 'end', ends: of });
const pod = ends([...world.snapshot.pods.values()].map((each): End => ({ kind: 'pod', pod: each })));
const node = ends([...world.snapshot.nodes.values()].map((each): End => ({ kind: 'node', node: each })));

function service(more: object = {}): Target {
  const object = raw('10.96.0.1');
  const { value } = decodeService({ ...object, spec: { ...object.spec, ...more } }, 'ignore');
  if (value === null) throw new Error('a Service with a name must have a value');
  return { kind: 'service', name: 'end', service: value };
}

test.each([
  ['a pod', world, pod, 80, 'reached, and nothing listens there'],
  [
    'a Service without pods',
    empty,
    service(),
    80,
    'the Service has no endpoints, no live pod matches its selector',
  ],
  ['a Service without endpoints', world, service({ selector: null }), 80, 'the Service has no endpoints'],
  ['a Service', world, service(), 80, 'nothing listens there, or the Service has no ready endpoints'],
  [
    'a pod of a headless Service',
    world,
    service({ clusterIP: 'None' }),
    80,
    'reached, and nothing listens there',
  ],
  ['a port of a node', world, node, 22, 'reached, and nothing listens there'],
  [
    'a NodePort',
    world,
    node,
    30080,
    'nothing listens there, or the Service of this NodePort has no ready endpoints',
  ],
] as const)('%s that refuses is not said to be reached unless it was', (_, of, target, port, words) => {
  const probed = { source: 'web', target, dialled: { port, protocol: 'TCP' as const }, address: '10.0.0.1' };
  const report = { outcome: 'refused' as const, milliseconds: 1, detail: '' };
  const line = probeText(report, probed, of);
  expect(line).toBe(`web -> end:${port}/TCP (10.0.0.1)  refused in 1.0 ms: ${words}`);
});

test('a port after an IPv6 address has the address in brackets', () => {
  const address = '2001:db8:113::10';
  const target: Target = { kind: 'ends', name: address, ends: [] };
  const probed = { source: 'web', target, dialled: { port: 443, protocol: 'TCP' as const }, address };
  const report = { outcome: 'connected' as const, milliseconds: 1, detail: '' };
  expect(probeText(report, probed, world)).toBe('web -> [2001:db8:113::10]:443/TCP  connected in 1.0 ms');
});
