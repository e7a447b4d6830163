/**
 * Semantics A8 over random policies: with broken parts put between its peers, ports and rules a policy means
 * what it means without them. It never opens, and it takes nothing from what is well formed.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { familyOf } from '../../src/model/address.ts';
import type { Snapshot } from '../../src/model/cluster.ts';
import type { Flow } from '../../src/model/verdict.ts';
import { parseAddress } from '../../src/net/address.ts';
import { decodeNamespace } from '../../src/policy/decode/namespace.ts';
import { decodeNetworkPolicy } from '../../src/policy/decode/network-policy.ts';
import { decodeNode } from '../../src/policy/decode/node.ts';
import { decodePod } from '../../src/policy/decode/pod.ts';
import { decodeService } from '../../src/policy/decode/service.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import { cluster, EXTERNAL } from '../kit/arbitraries.ts';
import { AMPLE, cases } from '../kit/cases.ts';
import type { Raw } from '../kit/objects.ts';
import { snapshotOf } from '../kit/snapshot.ts';

interface Rule {
  readonly from?: readonly unknown[];
  readonly to?: readonly unknown[];
  readonly ports?: readonly unknown[];
}
interface Spec {
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}

const scalar = fc.constantFrom<unknown>(null, 7, 'x', true, []);
const brokenPeer = fc.oneof(
  scalar,
  fc.constantFrom<unknown>(
    {},
    { podSelector: 'all' },
    { podSelector: [] },
    { podSelector: { matchLabels: [] } },
    { podSelector: { matchLabels: { app: 7 } } },
    { podSelector: { matchLabels: { app: 'a b' } } },
    { podSelector: { matchLabels: { '': 'x' } } },
    { podSelector: { matchExpressions: [{ key: 'app', operator: 'In' }] } },
    { podSelector: { matchExpressions: [{ key: 'app', operator: 'NotExists' }] } },
    { podSelector: { matchExpressions: ['app'] } },
    { podSelector: { labels: { app: 'web' } } },
    { podSelector: {}, namespaceSelector: { matchExpressions: {} } },
    { ipBlock: {} },
    { ipBlock: '0.0.0.0/0' },
    { ipBlock: { cidr: '0.0.0.0' } },
    { ipBlock: { cidr: '0.0.0.0/0', except: 'none' } },
    { ipBlock: { cidr: '0.0.0.0/0', except: [null] } },
    { ipBlock: { cidr: '::/0', except: ['10.0.0.0/40'] } },
    { ipBlock: { cidr: '0.0.0.0/0' }, podSelector: {} },
    { serviceAccounts: ['x'] },
  ),
);
const brokenPort = fc.oneof(
  scalar,
  fc.constantFrom<unknown>(
    { port: 0 },
    { port: -1 },
    { port: 65536 },
    { port: 80.5 },
    { port: [] },
    { port: '' },
    { port: 'UPPER' },
    { port: '80' },
    { protocol: 'icmp' },
    { protocol: 6 },
    { endPort: 90 },
    { port: 80, endPort: 79 },
    { port: 80, endPort: 65536 },
    { port: 80, endPort: '90' },
    { port: 'http', endPort: 90 },
    { icmpType: 8 },
  ),
);
const brokenRule = fc.oneof(
  scalar,
  fc.constantFrom<unknown>({ from: 'all', to: 'all' }, { ports: 80 }, { peers: [] }, { from: {}, to: {} }),
);

const damage = fc.record({
  peer: brokenPeer,
  port: brokenPort,
  rule: brokenRule,
  seed: fc.nat({ max: 9999 }),
});

function inserted(list: readonly unknown[] | undefined, item: unknown, seed: number): readonly unknown[] {
  const given = list ?? [];
  const at = seed % (given.length + 1);
  return [...given.slice(0, at), item, ...given.slice(at)];
}

/** In a list that was empty or absent, which means everything, a broken item leaves nothing that matches. */
function damagedRule(
  rule: Rule,
  peers: 'from' | 'to',
  { peer, port, seed }: Damage,
): { broken: Rule; mended: Rule | null } {
  const hitPeers = seed % 2 === 0;
  const field = hitPeers ? peers : 'ports';
  const broken = { ...rule, [field]: inserted(rule[field], hitPeers ? peer : port, seed) };
  return { broken, mended: (rule[field] ?? []).length > 0 ? rule : null };
}

type Damage = typeof damage extends fc.Arbitrary<infer D> ? D : never;

function damagedSpec(spec: Spec, hurt: Damage): { readonly broken: unknown; readonly mended: unknown } {
  const types = spec.policyTypes ?? ((spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress']);
  const direction = (name: 'ingress' | 'egress', peers: 'from' | 'to') => {
    const rules = (spec[name] ?? []).map((rule, index) =>
      damagedRule(rule, peers, { ...hurt, seed: hurt.seed + index }),
    );
    return {
      broken: inserted(
        rules.map(({ broken }) => broken),
        hurt.rule,
        hurt.seed,
      ),
      mended: rules.flatMap(({ mended }) => (mended === null ? [] : [mended])),
    };
  };
  const [ingress, egress] = [direction('ingress', 'from'), direction('egress', 'to')];
  return {
    broken: { ...spec, policyTypes: types, ingress: ingress.broken, egress: egress.broken },
    mended: { ...spec, policyTypes: types, ingress: ingress.mended, egress: egress.mended },
  };
}

function flowsAmong(snapshot: Snapshot, seed: number): readonly Flow[] {
  const pods = [...snapshot.pods.values()].flatMap(({ addresses }) => addresses);
  const outside = EXTERNAL.flatMap((text) => parseAddress(text) ?? []);
  const flows = [...pods, ...outside].flatMap((source) =>
    [...pods, ...outside]
      .filter((destination) => familyOf(source) === familyOf(destination))
      .flatMap((destination): readonly Flow[] => [
        { source, destination, transport: { kind: 'ports', protocol: 'TCP', port: 80 } },
        { source, destination, transport: { kind: 'ports', protocol: 'UDP', port: 53 } },
        { source, destination, transport: { kind: 'other', ipProtocol: 50 } },
      ]),
  );
  const step = Math.max(1, Math.floor(flows.length / 150));
  return flows.filter((_, index) => index % step === seed % step);
}

test('A8 broken rules, peers and ports mean nothing, and what is beside them what it meant', () => {
  const counts = { policies: 0, allowed: 0, denied: 0 };
  fc.assert(
    fc.property(cluster, damage, ({ namespaces, nodes, pods, policies }, hurt) => {
      const damaged = policies.map((policy) => {
        const { broken, mended } = damagedSpec(policy.spec as Spec, hurt);
        return { broken: { ...policy, spec: broken }, mended: { ...policy, spec: mended } };
      });
      const others: readonly Raw[] = [...namespaces, ...nodes, ...pods];
      const broken = snapshotOf([...others, ...damaged.map((each) => each.broken)]);
      const mended = snapshotOf([...others, ...damaged.map((each) => each.mended)]);
      for (const policy of broken.policies.values()) expect(policy.problems).not.toEqual([]);
      for (const policy of mended.policies.values()) expect(policy.problems).toEqual([]);
      counts.policies += damaged.length;
      for (const flow of flowsAmong(broken, hurt.seed)) {
        const wanted = evaluate(mended, flow).allowance;
        expect({ flow, found: evaluate(broken, flow).allowance }).toEqual({ flow, found: wanted });
        counts[wanted === 'allow' ? 'allowed' : 'denied'] += 1;
      }
    }),
    { numRuns: cases(300) },
  );
  process.stdout.write(`broken parts: ${JSON.stringify(counts)}\n`);
  if (AMPLE) expect(Math.min(counts.allowed, counts.denied)).toBeGreaterThan(1000);
});

test('no decoder ever throws, and a strict one gives no value with a problem', () => {
  const anything = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<unknown>;
  const words = fc.constantFrom(
    ...['metadata', 'name', 'namespace', 'labels', 'uid', 'spec', 'status', 'podIPs', 'ip', 'phase', 'ports'],
    ...['containers', 'initContainers', 'restartPolicy', 'hostNetwork', 'nodeName', 'addresses', 'podCIDRs'],
    ...[
      'podSelector',
      'ingress',
      'egress',
      'from',
      'to',
      'ipBlock',
      'cidr',
      'except',
      'policyTypes',
      'selector',
    ],
    ...[
      'matchLabels',
      'matchExpressions',
      'clusterIPs',
      'targetPort',
      '__proto__',
      'constructor',
      'toString',
    ],
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6 },
      anything,
      fc.constantFrom<unknown>('shop', 'web', '10.0.0.1', '10.0.0.0/8', 80, -1, 1e300, 'Always', null),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.array(fc.tuple(words, tie('tree')), { maxLength: 5 }).map((entries) => {
        const json = entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
        return JSON.parse(`{${json.join(',')}}`) as unknown;
      }),
    ),
  }));
  const object = fc.oneof(
    tree,
    fc.record({ metadata: fc.constant({ namespace: 'shop', name: 'x' }), spec: tree, status: tree }),
    fc.record({ metadata: tree, spec: tree, status: tree }),
  );
  const decoders = [decodeNetworkPolicy, decodePod, decodeNamespace, decodeNode, decodeService];
  let values = 0;
  fc.assert(
    fc.property(object, (raw) => {
      for (const decode of decoders) {
        const strict = decode(raw, 'reject');
        expect(strict.problems.length > 0).toBe(strict.value === null);
        if (decode(raw, 'ignore').value !== null) values += 1;
      }
    }),
    { numRuns: cases(2000) },
  );
  expect(values).toBeGreaterThan(AMPLE ? 500 : 0);
});
