/** What a rule costs follows what it matches, and not the product of its lists. */
import { describe, expect, test } from 'vitest';
import { everythingExcept, manyPeers, portsTimesPeers } from '../../test/kit/hostile.ts';
import { namespace, networkPolicy, pod, type Raw } from '../../test/kit/objects.ts';
import { changesOf, snapshotOf } from '../../test/kit/snapshot.ts';
import type { Address } from '../model/address.ts';
import type { Peers, PolicyRule } from '../model/policy.ts';
import { firstPacket } from '../nft/packet.ts';
import { walk, walkableFromRuleset } from '../nft/walk.ts';
import { BUDGET, type Budget } from './budget.ts';
import { compile } from './compile.ts';
import { Compiler } from './compiler.ts';

const SUBJECT = pod({ namespace: 'shop', name: 'web', node: 'a', addresses: ['10.0.0.1', 'fd00::1'] });
const OPTIONS = { node: 'a', podRanges: [] };

function count(spec: unknown): { readonly sets: number; readonly rules: number } {
  const objects = [namespace('shop'), SUBJECT, networkPolicy('shop', 'much', spec)];
  const { ruleset, origins } = compile(snapshotOf(objects), OPTIONS);
  return {
    sets: [...ruleset.sets.keys()].filter((name) => /^(peer|port|net|ports)\d*_/.test(name)).length,
    rules: [...origins.values()].flat().filter((each) => each.length > 0).length,
  };
}

test('named ports and peers are a set for each protocol and family, however many they are', () => {
  expect(count(portsTimesPeers(300, 300))).toEqual({ sets: 4, rules: 4 });
  expect(count(portsTimesPeers(2, 4))).toEqual({ sets: 16, rules: 16 });
});

test('many peers are a set for each family', () => {
  expect(count(manyPeers(10_000))).toEqual({ sets: 2, rules: 2 });
  expect(count(manyPeers(8))).toEqual({ sets: 16, rules: 16 });
});

test('exceptions are one set more, and no ranges', () => {
  expect(count(everythingExcept(8_000))).toEqual({ sets: 2, rules: 1 });
  expect(count(everythingExcept(3))).toEqual({ sets: 1, rules: 1 });
});

describe('pods with the same policies', () => {
  test('share what is made of them', () => {
    const pods = ['10.0.0.2', '10.0.0.3'].map((address, index) =>
      pod({ namespace: 'shop', name: `p${index}`, node: 'a', addresses: [address] }),
    );
    const { pods: decoded, policies } = snapshotOf([...pods, networkPolicy('shop', 'much', manyPeers(20))]);
    const compiler = new Compiler(OPTIONS);
    for (const [key, value] of decoded) compiler.update({ kind: 'pod', key, value });
    for (const value of policies.values()) compiler.update({ kind: 'policy', ref: value, value });
    const { chains } = compiler.result().ruleset;
    expect([...chains.keys()].filter((name) => name.startsWith('rout_'))).toHaveLength(1);
  });
});

describe('a policy that cannot be had', () => {
  const spec = (app: string) => ({
    podSelector: {},
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ podSelector: { matchLabels: { app } } }] }],
  });
  const PEERS = ['a', 'b', 'c'].map((app, index) =>
    pod({ namespace: 'shop', name: app, labels: { app }, node: 'b', addresses: [`10.0.1.${index + 1}`] }),
  );

  function compilerOf(objects: readonly Raw[], budget?: Budget): Compiler {
    const snapshot = snapshotOf([namespace('shop'), namespace('other'), ...PEERS, ...objects]);
    const compiler = new Compiler({ ...OPTIONS, ...(budget ? { budget } : {}) });
    for (const change of changesOf(snapshot)) compiler.update(change);
    return compiler;
  }

  function verdict(compiler: Compiler, source: string): string {
    const { ruleset } = compiler.result();
    const transport = { kind: 'ports', protocol: 'TCP', port: 80 } as const;
    const flow = { source: source as Address, destination: '10.0.0.1' as Address, transport };
    return walk([walkableFromRuleset(ruleset)], firstPacket(flow)).verdict;
  }

  test('since compiling it throws isolates without its rules; all else is compiled', () => {
    const compiler = compilerOf([
      SUBJECT,
      networkPolicy('shop', 'good', spec('a')),
      networkPolicy('shop', 'bad', spec('b')),
    ]);
    expect(['10.0.1.1', '10.0.1.2', '10.0.1.3'].map((source) => verdict(compiler, source))).toEqual([
      'accept',
      'accept',
      'drop',
    ]);
    const ref = { kind: 'NetworkPolicy', namespace: 'shop', name: 'bad' } as const;
    const peers = { kind: 'some', peers: null } as unknown as Peers;
    const rule: PolicyRule = { index: 0, peers, ports: { kind: 'any' } };
    const subject = { kind: 'requirements', requirements: [] } as const;
    compiler.update({
      kind: 'policy',
      ref,
      value: { ...ref, subject, ingress: [rule], egress: null, problems: [] },
    });
    expect(['10.0.1.1', '10.0.1.2', '10.0.1.3'].map((source) => verdict(compiler, source))).toEqual([
      'accept',
      'drop',
      'drop',
    ]);
    expect(compiler.refused()).toEqual([
      { policy: ref, message: expect.stringMatching(/^closed instead: policyd failed to compile it.*null/) },
    ]);
    compiler.update({ kind: 'policy', ref, value: null });
    expect(verdict(compiler, '10.0.1.3')).toBe('drop');
    expect(compiler.refused()).toEqual([]);
  });

  test('within the budget is whole again as soon as there is room', () => {
    const node = { ...BUDGET.node, elements: 2 };
    const compiler = compilerOf(
      [SUBJECT, networkPolicy('shop', 'one', spec('a')), networkPolicy('shop', 'two', spec('b'))],
      { ...BUDGET, node },
    );
    expect([verdict(compiler, '10.0.1.1'), verdict(compiler, '10.0.1.2')]).toEqual(['accept', 'accept']);
    expect(compiler.refused()).toEqual([]);
    // A pod more, of the first policy's peers: that one is now the largest.
    const [more] = snapshotOf([
      pod({ namespace: 'shop', name: 'more', labels: { app: 'a' }, node: 'b', addresses: ['10.0.1.9'] }),
    ]).pods;
    if (more === undefined) throw new TypeError('a pod');
    compiler.update({ kind: 'pod', key: more[0], value: more[1] });
    expect([verdict(compiler, '10.0.1.1'), verdict(compiler, '10.0.1.2')]).toEqual(['drop', 'accept']);
    expect(compiler.refused().map(({ policy, message }) => [policy.name, message])).toEqual([
      ['one', 'closed instead: with all of this node it comes to 3 elements, and may come to 2'],
    ]);
    expect(compiler.result().ruleset.sets.size).toBe(
      compilerOf([SUBJECT, networkPolicy('shop', 'two', spec('b'))]).result().ruleset.sets.size,
    );
    compiler.update({ kind: 'pod', key: more[0], value: null });
    expect([verdict(compiler, '10.0.1.1'), verdict(compiler, '10.0.1.2')]).toEqual(['accept', 'accept']);
    expect(compiler.refused()).toEqual([]);
  });

  test('whose rules are too many ends early, and closes its subjects alone', () => {
    const policy = { ...BUDGET.policy, rules: 3 };
    const many = { ...spec('a'), ingress: [0, 1, 2, 3].map((port) => ({ ports: [{ port: port + 1 }] })) };
    const compiler = compilerOf([SUBJECT, networkPolicy('shop', 'many', many)], { ...BUDGET, policy });
    expect(verdict(compiler, '10.0.1.1')).toBe('drop');
    expect(compiler.refused().map(({ message }) => message)).toEqual([
      'closed instead: it comes to 4 rules, and may come to 3',
    ]);
  });
});
