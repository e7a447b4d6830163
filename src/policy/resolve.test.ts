import { describe, expect, test } from 'vitest';
import { modelPod } from '../../test/kit/model-pod.ts';
import type { ContainerPort, Pod } from '../model/cluster.ts';
import type { StageRule } from '../model/endpoint.ts';
import type { Policy } from '../model/policy.ts';
import { policyKey } from '../model/policy-ref.ts';
import { decodeNetworkPolicy } from './decode/network-policy.ts';
import { resolveEndpoint } from './resolve.ts';

const PORTS: readonly ContainerPort[] = [
  { name: 'http', protocol: 'TCP', port: 80 },
  { name: 'http', protocol: 'TCP', port: 81 },
  { name: 'http', protocol: 'UDP', port: 90 },
];

function pod(over: Partial<Pod> = {}): Pod {
  return modelPod('web', { uid: 'u', ports: PORTS, ...over });
}

function policy(name: string, spec: unknown, namespace = 'shop'): Policy {
  const { value } = decodeNetworkPolicy({ metadata: { namespace, name }, spec }, 'ignore');
  if (value === null) throw new TypeError('a policy with a name must have a value');
  return value;
}

function ingressRules(...policies: readonly Policy[]): readonly StageRule[] {
  return resolveEndpoint(pod(), policies).ingress.stages.flatMap(({ rules }) => rules);
}

describe('the policies of one pod', () => {
  test('B1 none of them in a direction: no stage, which is allowed', () => {
    const found = resolveEndpoint(pod(), [policy('a', { policyTypes: ['Egress'] })]);
    expect(found.ingress.stages).toEqual([]);
    expect(found.egress.stages).toEqual([{ rules: [], otherwise: 'deny' }]);
  });

  test('B5 those of other namespaces and those that select others are left out', () => {
    const others = [
      policy('a', {}, 'other'),
      policy('b', { podSelector: { matchLabels: { app: 'api' } } }),
      policy('c', { podSelector: { matchExpressions: [{ key: 'x', operator: 'In' }] } }),
    ];
    expect(resolveEndpoint(pod(), others).ingress.stages).toEqual([]);
  });

  test('H3 a host-network pod is never a subject', () => {
    expect(resolveEndpoint(pod({ hostNetwork: true }), [policy('a', {})]).ingress.stages).toEqual([]);
  });

  test('B2 the order of the policies makes no difference, and each rule keeps its origin', () => {
    const a = policy('a', { ingress: [{}, { ports: [{ port: 1 }] }] });
    const b = policy('b', { ingress: [{}] });
    expect(ingressRules(b, a)).toEqual(ingressRules(a, b));
    expect(ingressRules(b, a).map(({ origin }) => `${policyKey(origin.policy)}[${origin.index}]`)).toEqual([
      'shop/a[0]',
      'shop/a[1]',
      'shop/b[0]',
    ]);
  });

  test('F4 F6 F7 a named port of ingress is the numbers of this pod, of name and protocol', () => {
    const [rule] = ingressRules(
      policy('a', { ingress: [{ ports: [{ port: 'http' }, { port: 'nowhere' }] }] }),
    );
    expect(rule?.ports).toEqual({
      kind: 'some',
      ranges: [{ protocol: 'TCP', first: 80, last: 81 }],
      named: [],
    });
  });

  test('F5 a named port of egress stays a name, once', () => {
    const ports = [{ port: 'http' }, { port: 'http' }, { port: 'http', protocol: 'UDP' }];
    const { egress } = resolveEndpoint(pod(), [policy('a', { egress: [{ ports }] })]);
    expect(egress.stages[0]?.rules[0]?.ports).toEqual({
      kind: 'some',
      ranges: [],
      named: [
        { protocol: 'TCP', name: 'http' },
        { protocol: 'UDP', name: 'http' },
      ],
    });
  });

  test('A8 what is broken leaves an empty list behind, never `any`', () => {
    const [rule] = ingressRules(
      policy('a', { ingress: [{ from: [{ ipBlock: { cidr: 'x' } }], ports: [{ port: 0 }] }] }),
    );
    expect(rule).toMatchObject({
      peers: { kind: 'some', peers: [] },
      ports: { kind: 'some', ranges: [], named: [] },
    });
  });
});
