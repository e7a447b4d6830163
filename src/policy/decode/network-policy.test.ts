import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Policy } from '../../model/policy.ts';
import { decodeNetworkPolicy } from './network-policy.ts';
import { formatProblem } from './problem.ts';

function object(spec: unknown, metadata: unknown = { namespace: 'shop', name: 'p' }): unknown {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec };
}

function messages(raw: unknown, mode: 'reject' | 'ignore' = 'reject'): readonly string[] {
  return decodeNetworkPolicy(raw, mode).problems.map(formatProblem);
}

function watched(spec: unknown): Policy {
  const { value } = decodeNetworkPolicy(object(spec), 'ignore');
  if (value === null) throw new Error('a policy with a name must have a value');
  return value;
}

const SELECTED = { podSelector: { matchLabels: { app: 'web' } } };

describe('in a file', () => {
  test('every problem of an object is found, not only the first', () => {
    const raw = object({ policyTypes: ['x'], ingress: [{ from: [{}], ports: [{ port: 0 }] }], egress: 5 });
    expect(messages(raw)).toHaveLength(4);
  });

  test('a problem with a label points to its key, though the API server names the map', () => {
    const [problem] = decodeNetworkPolicy(
      object({ podSelector: { matchLabels: { app: 'a b' } } }),
      'reject',
    ).problems;
    expect(problem?.at).toEqual(['spec', 'podSelector', 'matchLabels', 'app']);
  });

  test('a name of 253 characters, Unicode annotations and every metadata field are fine', () => {
    const metadata = {
      namespace: 'shop',
      name: 'a'.repeat(253),
      labels: { 'example.com/x': 'y', empty: '' },
      annotations: { note: 'quotes " \' and\nnew lines \u{1F9E9} \u0000' },
      creationTimestamp: null,
      resourceVersion: '1',
      managedFields: [],
    };
    expect(messages(object({}, metadata))).toEqual([]);
  });

  test('__proto__ is a key like any other, and not a legal label', () => {
    const spec = JSON.parse('{"podSelector":{"matchLabels":{"__proto__":"x"}}}');
    expect(messages(object(spec))).toHaveLength(1);
    expect(watched(spec).subject.kind).toBe('nothing');
  });
});

describe('defaults', () => {
  test('A1 a policy without a spec selects every pod and isolates ingress', () => {
    const { value } = decodeNetworkPolicy(object(undefined), 'reject');
    expect(value).toMatchObject({
      subject: { kind: 'requirements', requirements: [] },
      ingress: [],
      egress: null,
    });
  });

  test('A3 duplicate policyTypes are a set', () => {
    expect(watched({ policyTypes: ['Egress', 'Egress'] })).toMatchObject({
      ingress: null,
      egress: [],
      problems: [],
    });
  });

  test('E4 stored prefixes are normalised', () => {
    const from = ['192.168.1.5/24', '010.000.000.000/8', '::ffff:10.0.0.0/104', '2001:DB8:0::/32'];
    const policy = watched({ ingress: [{ from: from.map((cidr) => ({ ipBlock: { cidr } })) }] });
    const peers = policy.ingress?.[0]?.peers;
    expect(peers?.kind === 'some' && peers.peers.map((peer) => peer.kind === 'ipBlock' && peer.cidr)).toEqual(
      ['192.168.1.0/24', '10.0.0.0/8', '10.0.0.0/8', '2001:db8::/32'],
    );
  });
});

const NOBODY = { kind: 'some', peers: [] };
const NO_PORT = { kind: 'some', ports: [] };

describe('from a watch', () => {
  test('an unknown field is passed over', () => {
    const spec = {
      ...SELECTED,
      newField: 1,
      ingress: [{ name: 'x', from: [{ podSelector: {}, newField: 2 }] }],
    };
    expect(watched(spec)).toMatchObject({
      problems: [],
      ingress: [{ peers: { peers: [{ kind: 'pods' }] } }],
    });
  });

  test.each([
    [
      'a peer',
      { ingress: [{ from: [{ serviceSelector: {} }] }] },
      { peers: { peers: [{ kind: 'nothing' }] } },
    ],
    [
      'a port',
      { ingress: [{ ports: [{ icmp: { type: 8 } }] }] },
      { ports: { ports: [{ kind: 'nothing' }] } },
    ],
    ['a rule', { ingress: [{ sources: [] }] }, { peers: NOBODY, ports: NO_PORT }],
    [
      'a selector',
      { ingress: [{ from: [{ podSelector: { matchNames: ['a'] } }] }] },
      { peers: { peers: [{ kind: 'nothing' }] } },
    ],
  ])('what an unknown field leaves empty matches nothing: %s', (_what, spec, rule) => {
    const policy = watched(spec);
    expect(policy.ingress?.[0]).toMatchObject(rule);
    expect(policy.problems).toHaveLength(1);
  });

  test.each(['from', 'ports'])('A8 %s that is no list matches nothing', (field) => {
    const policy = watched({ ingress: [{ [field]: 'all' }] });
    expect(policy.ingress?.[0]).toMatchObject(field === 'from' ? { peers: NOBODY } : { ports: NO_PORT });
  });

  test('A8 one bad except closes the whole block: without it more would be allowed than written', () => {
    const policy = watched({
      ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/33'] } }] }],
    });
    expect(policy.ingress?.[0]?.peers).toMatchObject({ peers: [{ kind: 'nothing' }] });
  });

  test.each([
    ['ingress', { ingress: [null] }],
    ['ingress[0].from', { ingress: [{ from: [null] }] }],
    ['ingress[0].ports', { ingress: [{ ports: [null] }] }],
  ])('A8 a null in %s is no empty object: it matches nothing, and in a file it is an error', (list, spec) => {
    expect(watched(spec).ingress?.[0]).not.toMatchObject({ peers: { kind: 'any' }, ports: { kind: 'any' } });
    expect(messages(object(spec))).toEqual([`spec.${list}[0]: Invalid value: null: must be an object`]);
  });

  test('A8 a broken peer leaves its neighbours alone', () => {
    const policy = watched({ ingress: [{ from: [{ ipBlock: { cidr: 'x' } }, { podSelector: {} }] }] });
    expect(policy.ingress?.[0]?.peers).toMatchObject({ peers: [{ kind: 'nothing' }, { kind: 'pods' }] });
  });

  test.each([[['ingress']], ['Ingress'], [[5]]])('A8 policyTypes %j isolate both ways', (policyTypes) => {
    expect(watched({ policyTypes })).toMatchObject({ ingress: [], egress: [] });
  });

  test('A8 egress that is no list isolates egress', () => {
    expect(watched({ egress: {} })).toMatchObject({ ingress: [], egress: [] });
  });

  test('D5 an invalid subject selects nothing and is reported', () => {
    const policy = watched({ podSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } });
    expect(policy.subject.kind).toBe('nothing');
    expect(policy.problems).toHaveLength(1);
  });

  test('only what cannot be named has no value', () => {
    for (const metadata of [
      null,
      {},
      { name: 'a' },
      { name: 'a/b', namespace: 'c' },
      { name: 5, namespace: 'c' },
    ])
      expect(decodeNetworkPolicy(object({}, metadata), 'ignore').value).toBeNull();
    const odd = { name: 'Odd_Name', namespace: 'c', uid: 5, labels: 'x', annotations: 7 };
    expect(decodeNetworkPolicy(object({}, odd), 'ignore').value).not.toBeNull();
  });

  test('arbitrary JSON anywhere never throws, and what is wrong is said in one line', () => {
    const anything = fc.jsonValue() as fc.Arbitrary<unknown>;
    const spec = fc.record(
      {
        podSelector: fc.oneof(
          anything,
          fc.record({ matchLabels: anything, matchExpressions: fc.array(anything) }),
        ),
        policyTypes: anything,
        ingress: fc.oneof(
          anything,
          fc.array(fc.record({ from: fc.oneof(anything, fc.array(anything)), ports: fc.array(anything) })),
        ),
        egress: fc.oneof(anything, fc.array(fc.record({ to: fc.array(fc.record({ ipBlock: anything })) }))),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(anything, spec), (given) => {
        for (const mode of ['reject', 'ignore'] as const) {
          const { value, problems } = decodeNetworkPolicy(object(given), mode);
          expect(value === null).toBe(mode === 'reject' && problems.length > 0);
          expect(problems.map(formatProblem).join('')).not.toContain('\n');
        }
      }),
      { numRuns: 300 },
    );
  });
});
