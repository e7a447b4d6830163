/** What a verdict says besides yes and no; the meaning itself is in the semantic cases. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Namespace, type Node, type Pod, podKey, type Snapshot } from '../model/cluster.ts';
import type { Policy } from '../model/policy.ts';
import { policyKey } from '../model/policy-ref.ts';
import type { FlowVerdict } from '../model/verdict.ts';
import { parseAddress } from '../net/address.ts';
import { decodeNamespace } from './decode/namespace.ts';
import { decodeNetworkPolicy } from './decode/network-policy.ts';
import { decodeNode } from './decode/node.ts';
import { decodePod } from './decode/pod.ts';
import { evaluate } from './evaluate.ts';

type Item = Namespace | Node | Pod | Policy;

function must<T>({ value }: { readonly value: T | null }): T {
  if (value === null) throw new TypeError('an object of the test is invalid');
  return value;
}

function namespace(name: string): Item {
  return must(decodeNamespace({ metadata: { name } }, 'reject'));
}

function node(name: string, address: string): Item {
  const status = { addresses: [{ type: 'InternalIP', address }] };
  return must(decodeNode({ metadata: { name }, status }, 'reject'));
}

interface PodShape {
  readonly name: string;
  readonly node: string;
  readonly addresses: readonly string[];
  readonly deleting?: boolean;
}

/** A pod of `shop`, labelled with its name. */
function pod({ name, node: nodeName, addresses, deleting = false }: PodShape): Item {
  const deletionTimestamp = deleting ? '2026-01-01T00:00:00Z' : undefined;
  const metadata = { namespace: 'shop', name, labels: { app: name }, deletionTimestamp };
  const status = { phase: 'Running', podIPs: addresses.map((ip) => ({ ip })) };
  const containers = [{ name: 'main', image: 'main' }];
  return must(decodePod({ metadata, spec: { nodeName, containers }, status }, 'reject'));
}

function networkPolicy(name: string, spec: unknown): Item {
  return must(decodeNetworkPolicy({ metadata: { namespace: 'shop', name }, spec }, 'reject'));
}

function snapshotOf(items: readonly Item[]): Snapshot {
  const namespaces = new Map<string, Namespace>();
  const nodes = new Map<string, Node>();
  const pods = new Map<ReturnType<typeof podKey>, Pod>();
  const policies = new Map<ReturnType<typeof policyKey>, Policy>();
  for (const item of items) {
    if ('subject' in item) policies.set(policyKey(item), item);
    else if ('phase' in item) pods.set(podKey(item.namespace, item.name), item);
    else if ('podCidrs' in item) nodes.set(item.name, item);
    else namespaces.set(item.name, item);
  }
  return { namespaces, pods, policies, nodes };
}

const WEB = '10.244.1.2';
const API = '10.244.2.2';
const NODE_A = '172.18.0.2';
const NODE_B = '172.18.0.3';

const BASE: readonly Item[] = [
  namespace('shop'),
  node('node-a', NODE_A),
  node('node-b', NODE_B),
  pod({ name: 'web', node: 'node-a', addresses: [WEB] }),
  pod({ name: 'api', node: 'node-b', addresses: [API] }),
];
const deny = networkPolicy('deny', { policyTypes: ['Ingress', 'Egress'] });
const fromWeb = networkPolicy('allow-web', {
  podSelector: { matchLabels: { app: 'api' } },
  ingress: [
    { from: [{ podSelector: { matchLabels: { app: 'nobody' } } }] },
    { from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 8080 }] },
    {},
  ],
});

function verdict(snapshot: Snapshot, from: string, to: string, port = 8080): FlowVerdict {
  const source = parseAddress(from);
  const destination = parseAddress(to);
  if (source === null || destination === null) throw new TypeError(`${from} or ${to} is no address`);
  return evaluate(snapshot, { source, destination, transport: { kind: 'ports', protocol: 'TCP', port } });
}

describe('a verdict', () => {
  test('B3 has both directions, and allows only when both do', () => {
    const found = verdict(snapshotOf([...BASE, fromWeb, deny]), WEB, API);
    expect(found.ingress.allowance).toBe('allow');
    expect(found.egress).toMatchObject({
      allowance: 'deny',
      subject: 'shop/web',
      reason: 'ISOLATED_NO_RULES',
    });
    expect(found.allowance).toBe('deny');
  });

  test('B2 names every rule that admits the flow and every policy that isolates, by name', () => {
    const { ingress } = verdict(snapshotOf([...BASE, fromWeb, deny]), WEB, API);
    const allowWeb = { kind: 'NetworkPolicy', namespace: 'shop', name: 'allow-web' };
    expect(ingress).toMatchObject({
      subject: 'shop/api',
      reason: 'ALLOWED_BY_RULE',
      isolatedBy: [allowWeb, { ...allowWeb, name: 'deny' }],
      admittedBy: [
        { policy: allowWeb, direction: 'ingress', index: 1 },
        { policy: allowWeb, direction: 'ingress', index: 2 },
      ],
    });
  });

  test('tells no rule at all from no rule that matched', () => {
    const picky = networkPolicy('picky', { ingress: [{ ports: [{ port: 1 }] }] });
    expect(verdict(snapshotOf([...BASE, picky]), WEB, API).ingress.reason).toBe('NO_RULE_MATCHED');
    expect(verdict(snapshotOf([...BASE, deny]), WEB, API).ingress.reason).toBe('ISOLATED_NO_RULES');
    expect(verdict(snapshotOf(BASE), WEB, API).ingress.reason).toBe('ALLOWED_NOT_ISOLATED');
  });

  test('an end that is no pod has no subject, and nothing is judged there', () => {
    const { egress } = verdict(snapshotOf([...BASE, deny]), '203.0.113.10', API);
    expect(egress).toMatchObject({ subject: null, allowance: 'allow', reason: 'ALLOWED_NOT_ISOLATED' });
  });

  test('H1 H2 the own node reaches the pod and is reached by it, another node is an address like any other', () => {
    const snapshot = snapshotOf([...BASE, deny]);
    expect(verdict(snapshot, NODE_A, WEB).ingress.reason).toBe('ALLOWED_NODE_LOCAL');
    expect(verdict(snapshot, WEB, NODE_A).egress.reason).toBe('ALLOWED_NODE_LOCAL');
    expect(verdict(snapshot, NODE_B, WEB).allowance).toBe('deny');
    expect(verdict(snapshot, WEB, NODE_B).allowance).toBe('deny');
  });

  test('H4 I2 a pod reaches itself, but not by an address that another live pod has taken over', () => {
    const old = pod({
      name: 'old',
      node: 'node-a',
      addresses: ['10.244.1.9', WEB],
      deleting: true,
    });
    const snapshot = snapshotOf([...BASE, old, deny]);
    expect(verdict(snapshot, '10.244.1.9', '10.244.1.9').egress.reason).toBe('ALLOWED_SELF');
    expect(verdict(snapshot, '10.244.1.9', WEB).allowance).toBe('deny');
  });

  test('a namespace that is not known matches no selector of namespaces, not even by NotIn', () => {
    const notProd = networkPolicy('not-prod', {
      ingress: [
        {
          from: [
            {
              namespaceSelector: { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['prod'] }] },
            },
          ],
        },
      ],
    });
    const known = verdict(snapshotOf([...BASE, notProd]), WEB, API);
    const unknown = verdict(snapshotOf([...BASE.slice(1), notProd]), WEB, API);
    expect([known.allowance, unknown.allowance]).toEqual(['allow', 'deny']);
  });

  test('the order in which objects came makes no difference', () => {
    const objects = [...BASE, deny, fromWeb];
    const expected = verdict(snapshotOf(objects), WEB, API);
    fc.assert(
      fc.property(fc.shuffledSubarray(objects, { minLength: objects.length }), (shuffled) => {
        expect(verdict(snapshotOf(shuffled), WEB, API)).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  test('ten thousand pods are gone through once, not once per flow', () => {
    const pods = Array.from({ length: 10_000 }, (_, index) =>
      pod({
        name: `p-${index}`,
        node: 'node-b',
        addresses: [`10.${100 + (index >> 14)}.${(index >> 6) & 255}.${index & 63}`],
      }),
    );
    const counted = new CountedMap(snapshotOf([...BASE, ...pods, deny, fromWeb]).pods);
    const snapshot = { ...snapshotOf([...BASE, deny, fromWeb]), pods: counted };
    verdict(snapshot, WEB, API);
    const first = counted.scans;
    expect(first).toBeGreaterThan(0);
    for (let count = 0; count < 1000; count += 1) verdict(snapshot, WEB, API);
    expect(counted.scans).toBe(first);
  });
});

/** Knows how often somebody began to go through it. */
class CountedMap<Key, Value> extends Map<Key, Value> {
  scans = 0;

  override [Symbol.iterator](): MapIterator<[Key, Value]> {
    this.scans += 1;
    return super[Symbol.iterator]();
  }

  override entries(): MapIterator<[Key, Value]> {
    this.scans += 1;
    return super.entries();
  }

  override values(): MapIterator<Value> {
    this.scans += 1;
    return super.values();
  }

  override keys(): MapIterator<Key> {
    this.scans += 1;
    return super.keys();
  }

  override forEach(callback: (value: Value, key: Key, map: Map<Key, Value>) => void): void {
    this.scans += 1;
    super.forEach(callback);
  }
}
