/**
 * Addresses of a node's pod range that no known pod has (semantics I1, I2, I6): denied while a pod that
 * waits for its address there could be isolated, else anybody's. What the policies mean and what the
 * ruleset does are asked separately.
 */
import { describe, expect, test } from 'vitest';
import { Compiler } from '../../src/compile/compiler.ts';
import { quarantineSet } from '../../src/compile/names.ts';
import type { Address, Family } from '../../src/model/address.ts';
import { type Change, changedObject, podKey } from '../../src/model/cluster.ts';
import type { Flow, Reason } from '../../src/model/verdict.ts';
import { parseAddress } from '../../src/net/address.ts';
import { applyPlan, plan } from '../../src/nft/plan.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import { usableRanges } from '../../src/policy/quarantine.ts';
import { type PodSpec, pod, type Raw } from '../kit/objects.ts';
import { changesOf, snapshotOf } from '../kit/snapshot.ts';
import { compare, compileAll } from '../kit/walking.ts';
import { WEB } from './case.ts';
import { INTERNET, NODE_A, policy, world } from './world.ts';

const FAMILIES: readonly Family[] = [4, 6];
const UNKNOWN: Readonly<Record<Family, string>> = { 4: '10.244.1.200', 6: 'fd00:10:244:1::c8' };

function address(text: string | undefined): Address {
  const parsed = parseAddress(text ?? '');
  if (parsed === null) throw new TypeError(`no address: ${text}`);
  return parsed;
}

const outside = (family: Family): Address => address(family === 4 ? INTERNET[0] : INTERNET[1]);
const unknown = (family: Family): Address => address(UNKNOWN[family]);

function tcp(source: Address, destination: Address): Flow {
  return { source, destination, transport: { kind: 'ports', protocol: 'TCP', port: 80 } };
}

/** A pod of shop on node a that has no address. */
function waiting(more: Partial<PodSpec> = {}): Raw {
  return pod({
    namespace: 'shop',
    name: 'late',
    labels: { app: 'web' },
    node: 'node-a',
    addresses: [],
    phase: 'Pending',
    ...more,
  });
}

const ISOLATING = policy('web', { podSelector: WEB });

/** By meaning and ruleset, in both directions; they have to agree, or the answer is nobody's. */
function answers(objects: readonly Raw[], family: Family): readonly string[] {
  const snapshot = snapshotOf(objects);
  const walkables = compileAll(snapshot);
  return [tcp(outside(family), unknown(family)), tcp(unknown(family), outside(family))].map((flow) => {
    const { meaning, kernel, reply } = compare(snapshot, walkables, flow);
    return meaning === kernel && kernel === reply ? meaning : `${meaning}, but ${kernel} and ${reply}`;
  });
}

const CLOSED: readonly { readonly because: string; readonly objects: readonly Raw[] }[] = [
  { because: 'a pod that waits is isolated on its way in', objects: world(ISOLATING, waiting()) },
  {
    because: 'a pod that waits is isolated on its way out',
    objects: world(policy('web', { podSelector: WEB, policyTypes: ['Egress'] }), waiting()),
  },
  {
    because: 'one of several that wait is isolated',
    objects: world(ISOLATING, waiting(), waiting({ name: 'other', labels: { app: 'other' } })),
  },
  {
    because: 'one of two policies selects it',
    objects: world(ISOLATING, policy('db', { podSelector: { matchLabels: { app: 'db' } } }), waiting()),
  },
  {
    because: 'it is being deleted and may run already',
    objects: world(ISOLATING, waiting({ deleting: true })),
  },
  { because: 'its phase is unknown', objects: world(ISOLATING, waiting({ phase: 'Unknown' })) },
  {
    because: 'of its namespace nothing is known, so neither are the policies',
    objects: world(waiting({ namespace: 'new' })),
  },
];

const OPEN: readonly { readonly because: string; readonly objects: readonly Raw[] }[] = [
  { because: 'nobody waits', objects: world(ISOLATING) },
  { because: 'no policy selects the pod that waits', objects: world(ISOLATING, waiting({ labels: {} })) },
  {
    because: 'policies of other namespaces select it',
    objects: world(ISOLATING, waiting({ namespace: 'other' })),
  },
  { because: 'it waits on another node', objects: world(ISOLATING, waiting({ node: 'node-b' })) },
  { because: 'it has no node yet', objects: world(ISOLATING, waiting({ node: '' })) },
  { because: 'it has the network of its node', objects: world(ISOLATING, waiting({ hostNetwork: true })) },
  { because: 'it is over', objects: world(ISOLATING, waiting({ phase: 'Succeeded' })) },
  { because: 'it has failed', objects: world(ISOLATING, waiting({ phase: 'Failed' })) },
  {
    because: 'it has an address, in one family only',
    objects: world(ISOLATING, waiting({ addresses: ['10.244.1.77'] })),
  },
  {
    because: 'the policy’s own selector is invalid, and it isolates nobody',
    objects: world(
      policy('web', { podSelector: { matchExpressions: [{ key: 'app', operator: 'Like' }] } }),
      waiting(),
    ),
  },
];

describe.each(FAMILIES)('I1, I6: an address of the pod range that no known pod has, IPv%i', (family) => {
  test.each(CLOSED)('is denied while $because', ({ objects }) => {
    expect(answers(objects, family)).toEqual(['deny', 'deny']);
  });

  test.each(OPEN)('is anybody’s while $because', ({ objects }) => {
    expect(answers(objects, family)).toEqual(['allow', 'allow']);
  });

  test('is denied for this reason alone, and never between it and its own node', () => {
    const snapshot = snapshotOf(world(ISOLATING, waiting()));
    const reasons = (flow: Flow): readonly Reason[] => {
      const { egress, ingress } = evaluate(snapshot, flow);
      return [egress.reason, ingress.reason];
    };
    const node = address(NODE_A.find((text) => text.includes(':') === (family === 6)));
    expect(reasons(tcp(outside(family), unknown(family)))).toEqual(['ALLOWED_NOT_ISOLATED', 'QUARANTINED']);
    expect(reasons(tcp(unknown(family), outside(family)))).toEqual(['QUARANTINED', 'ALLOWED_NOT_ISOLATED']);
    expect(reasons(tcp(node, unknown(family)))).toEqual(['ALLOWED_NOT_ISOLATED', 'ALLOWED_NODE_LOCAL']);
  });

  test('I2: the address of a pod that is over is nobody’s, and denied while an isolated pod waits', () => {
    const over = waiting({ name: 'over', phase: 'Succeeded', addresses: [UNKNOWN[family]] });
    expect(answers(world(ISOLATING, over), family)).toEqual(['allow', 'allow']);
    expect(answers(world(ISOLATING, over, waiting()), family)).toEqual(['deny', 'deny']);
  });

  test('is never denied where the range does not tell pods of this node from others', () => {
    const stranger = pod({
      namespace: 'shop',
      name: 'stranger',
      node: 'node-b',
      addresses: ['10.244.1.150', 'fd00:10:244:1::96'],
    });
    expect(answers(world(ISOLATING, waiting()), family)).toEqual(['deny', 'deny']);
    expect(answers(world(ISOLATING, waiting(), stranger), family)).toEqual(['allow', 'allow']);
  });
});

describe('event by event', () => {
  const options = { node: 'node-a', podRanges: usableRanges(snapshotOf(world()), 'node-a') };
  const closed = (compiler: Compiler): readonly boolean[] =>
    FAMILIES.map(
      (family) => (compiler.result().ruleset.sets.get(quarantineSet(family))?.elements.size ?? 0) > 0,
    );
  const of = (kind: Change['kind'], key: string, objects: readonly Raw[]): Change => {
    const found = changesOf(snapshotOf(objects)).find((change) => changedObject(change) === `${kind} ${key}`);
    if (found === undefined) throw new TypeError(`no ${kind} ${key}`);
    return found;
  };

  test('closes with the pod and its policy, whichever comes first, and opens with either’s end', () => {
    const everything = world(ISOLATING, waiting());
    const late = of('pod', 'shop/late', everything);
    const isolating = of('policy', 'shop/web', everything);
    for (const events of [
      [late, isolating],
      [isolating, late],
    ]) {
      const compiler = new Compiler(options);
      for (const change of changesOf(snapshotOf(world()))) compiler.update(change);
      expect(closed(compiler)).toEqual([false, false]);
      for (const change of events) compiler.update(change);
      expect(closed(compiler)).toEqual([true, true]);
      compiler.update({ ...isolating, value: null } as Change);
      expect(closed(compiler)).toEqual([false, false]);
      compiler.update(isolating);
      compiler.update({ kind: 'pod', key: podKey('shop', 'late'), value: null });
      expect(closed(compiler)).toEqual([false, false]);
    }
  });

  test('closes for a pod whose namespace is not known, until it is', () => {
    const compiler = new Compiler(options);
    for (const change of changesOf(snapshotOf(world(waiting()))))
      if (change.kind !== 'namespace') compiler.update(change);
    expect(closed(compiler)).toEqual([true, true]);
    compiler.update(of('namespace', 'shop', world()));
    expect(closed(compiler)).toEqual([false, false]);
  });

  test('closes while the cluster cannot be followed, policies or not', () => {
    const compiler = new Compiler(options);
    for (const change of changesOf(snapshotOf(world()))) compiler.update(change);
    compiler.setBlind(true);
    expect(closed(compiler)).toEqual([true, true]);
    compiler.setBlind(false);
    expect(closed(compiler)).toEqual([false, false]);
  });

  test('to close and to open is one element a family, and no chain is rewritten', () => {
    const compiler = new Compiler(options);
    for (const change of changesOf(snapshotOf(world(ISOLATING)))) compiler.update(change);
    const open = applyPlan(plan(compiler.result().ruleset, null), null);
    compiler.update(of('pod', 'shop/late', world(ISOLATING, waiting())));
    const closing = plan(compiler.result().ruleset, open);
    expect(closing.batches.map(({ purpose, commands }) => [purpose, commands.map(Object.keys)])).toEqual([
      ['switch', [['add'], ['add']]],
    ]);
    const shut = applyPlan(closing, open);
    compiler.update({ kind: 'pod', key: podKey('shop', 'late'), value: null });
    expect(
      plan(compiler.result().ruleset, shut).batches.map(({ commands }) => commands.map(Object.keys)),
    ).toEqual([[['delete'], ['delete']]]);
  });
});
