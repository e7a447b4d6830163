/** What a verdict says besides yes and no; the meaning itself is in the semantic cases. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { namespace, networkPolicy, node, pod, type Raw } from '../../test/kit/objects.ts';
import { snapshotOf } from '../../test/kit/snapshot.ts';
import type { Snapshot } from '../model/cluster.ts';
import type { FlowVerdict } from '../model/verdict.ts';
import { parseAddress } from '../net/address.ts';
import { evaluate } from './evaluate.ts';

/** Of `shop`, labelled with its name. */
function shopPod(name: string, onNode: string, addresses: readonly string[], deleting = false): Raw {
  return pod({ namespace: 'shop', name, labels: { app: name }, node: onNode, addresses, deleting });
}

function policy(name: string, spec: unknown): Raw {
  return networkPolicy('shop', name, spec);
}

const WEB = '10.244.1.2';
const API = '10.244.2.2';
const NODE_A = '172.18.0.2';
const NODE_B = '172.18.0.3';

const BASE: readonly Raw[] = [
  namespace('shop'),
  node('node-a', [NODE_A], []),
  node('node-b', [NODE_B], []),
  shopPod('web', 'node-a', [WEB]),
  shopPod('api', 'node-b', [API]),
];
const deny = policy('deny', { policyTypes: ['Ingress', 'Egress'] });
const fromWeb = policy('allow-web', {
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
    const picky = policy('picky', { ingress: [{ ports: [{ port: 1 }] }] });
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
    const old = shopPod('old', 'node-a', ['10.244.1.9', WEB], true);
    const snapshot = snapshotOf([...BASE, old, deny]);
    expect(verdict(snapshot, '10.244.1.9', '10.244.1.9').egress.reason).toBe('ALLOWED_SELF');
    expect(verdict(snapshot, '10.244.1.9', WEB).allowance).toBe('deny');
  });

  test('a namespace that is not known matches no selector of namespaces, not even by NotIn', () => {
    const notProd = policy('not-prod', {
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
      shopPod(`p-${index}`, 'node-b', [`10.${100 + (index >> 14)}.${(index >> 6) & 255}.${index & 63}`]),
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
