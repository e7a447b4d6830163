/** Which rulesets are asked about a flow, and as what each of them sees it. */
import { expect, test } from 'vitest';
import { resolveDestination, resolveSource } from '../world/ends.ts';
import { assembleWorld, decodeAll } from '../world/gather.ts';
import type { World } from '../world/world.ts';
import { askedFlows } from './asked-flows.ts';
import { judgeFlow } from './flow.ts';

type Raw = Readonly<Record<string, unknown>>;

function pod(name: string, nodeName: string | null, addresses: readonly string[], more: Raw = {}): Raw {
  const spec = { containers: [{ name: 'c', image: 'i' }], ...(nodeName && { nodeName }), ...more };
  const status = { phase: 'Running', podIPs: addresses.map((ip) => ({ ip })) };
  return { kind: 'Pod', metadata: { namespace: 'shop', name, labels: { app: name } }, spec, status };
}

function node(name: string, number: number): Raw {
  const status = { addresses: [{ type: 'InternalIP', address: `172.18.0.${number + 1}` }] };
  return { kind: 'Node', metadata: { name }, spec: { podCIDRs: [`10.244.${number}.0/24`] }, status };
}

const OBJECTS: readonly Raw[] = [
  node('node-a', 1),
  node('node-b', 2),
  pod('web', 'node-a', ['10.244.1.2', 'fd00:1::2']),
  pod('near', 'node-a', ['10.244.1.3']),
  pod('far', 'node-b', ['10.244.2.2', 'fd00:2::2']),
  pod('host', 'node-b', ['172.18.0.3'], { hostNetwork: true }),
  pod('waiting', 'node-b', []),
  {
    kind: 'Service',
    metadata: { namespace: 'shop', name: 'web' },
    spec: {
      clusterIP: '10.96.0.9',
      selector: { app: 'web' },
      ports: [{ port: 80, targetPort: 8080 }],
    },
  },
];

const world: World = assembleWorld(
  decodeAll(
    OBJECTS.map((raw) => ({ kind: String(raw.kind), raw, locate: null })),
    'ignore',
  ),
  { kind: 'files', cluster: null, files: [], missing: [] },
);

/** Per family: `node-a sees 10.244.1.2 > 10.244.2.2:80, ...`; or why none does. */
function sights(source: string, destination: string): readonly string[] {
  const context = { world, namespace: 'shop' };
  const { target, port } = resolveDestination(destination, context);
  return resolveSource(source, context)
    .ends.flatMap((end) => askedFlows(world, end, target, port).flat())
    .flatMap((flow) => judgeFlow(world, flow))
    .flatMap(({ routes, unseen }) =>
      unseen === null
        ? routes.map(({ crossings }) =>
            crossings
              .map(({ node: at, flow: { source: from, destination: to, transport } }) => {
                const number = transport.kind === 'ports' ? transport.port : 0;
                return `${at} sees ${from} > ${to} ${number}`;
              })
              .join(', '),
          )
        : [unseen],
    );
}

test.each([
  [
    'another node: both nodes, in each family',
    'web',
    'far:80',
    [
      'node-a sees 10.244.1.2 > 10.244.2.2 80, node-b sees 10.244.1.2 > 10.244.2.2 80',
      'node-a sees fd00:1::2 > fd00:2::2 80, node-b sees fd00:1::2 > fd00:2::2 80',
    ],
  ],
  ['the same node, once', 'web', 'near:80', ['node-a sees 10.244.1.2 > 10.244.1.3 80']],
  [
    "a host-network pod elsewhere: the pod's own node alone",
    'web',
    'host:80',
    ['node-a sees 10.244.1.2 > 172.18.0.3 80'],
  ],
  ['the own node', 'web', 'node/node-a:80', ['traffic with the own node does not pass the forward hook']],
  ['itself', 'web', 'web:80', ['a pod reaches itself without passing the hook']],
  ['itself through its Service', 'web', 'svc/web:80', ['node-a sees 10.244.1.2 > 10.244.1.2 8080']],
  ['no pod at all', 'internet', 'node/node-a:80', ['no pod with a node on either end']],
  ['a pod without an address', 'web', 'waiting:80', ['shop/waiting has no known address']],
  ['somewhere on the internet', 'internet', 'near:80', ['internet has no known address']],
  [
    'an address of a pod range that no pod has: that node too',
    'near',
    '10.244.2.77:80',
    ['node-a sees 10.244.1.3 > 10.244.2.77 80, node-b sees 10.244.1.3 > 10.244.2.77 80'],
  ],
])('%s', (_what, source, destination, expected) => {
  expect(sights(source, destination)).toEqual(expected);
});
