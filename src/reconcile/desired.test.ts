import { expect, test } from 'vitest';
import { Compiler } from '../compile/compiler.ts';
import { rangeSet } from '../compile/names.ts';
import type { Address, Cidr } from '../model/address.ts';
import { type Change, podKey } from '../model/cluster.ts';
import type { Ruleset } from '../nft/objects.ts';
import { Desired, type IncrementalCompiler } from './desired.ts';

const RANGE = '10.1.0.0/24' as Cidr;

const POD: Change = {
  kind: 'pod',
  key: podKey('ns', 'p'),
  value: {
    namespace: 'ns',
    name: 'p',
    uid: 'u',
    labels: new Map(),
    node: 'a',
    addresses: ['10.1.0.5' as Address],
    hostNetwork: false,
    phase: 'Running',
    deleting: false,
    created: 0,
    ports: [],
  },
};
const NODE: Change = {
  kind: 'node',
  key: 'a',
  value: { name: 'a', labels: new Map(), addresses: [], podCidrs: [RANGE] },
};

/** The real compiler, with `sabotage` before each update. */
function desired(sabotage: (change: Change) => void): { desired: Desired; built: () => number } {
  let built = 0;
  const subject = new Desired({
    node: 'a',
    configured: [],
    contents: () => [NODE, POD],
    createCompiler: (options): IncrementalCompiler => {
      built += 1;
      const compiler = new Compiler(options);
      return {
        update: (change) => {
          sabotage(change);
          compiler.update(change);
        },
        setPodRanges: (ranges) => compiler.setPodRanges(ranges),
        setBlind: (blind) => compiler.setBlind(blind),
        result: () => compiler.result(),
      };
    },
  });
  return { desired: subject, built: () => built };
}

test('tells the compiler the pod range when the node object comes after the pods', () => {
  const { desired: subject } = desired(() => {});
  subject.update([POD]);
  const without = subject.compile().ruleset;
  subject.update([NODE]);
  const ruleset = subject.compile().ruleset;
  const range = (compiled: Ruleset): readonly string[] => [
    ...(compiled.sets.get(rangeSet(4))?.elements ?? []),
  ];
  expect(range(ruleset)).toEqual(['10.1.0.0-10.1.0.255 . 0.0.0.0-255.255.255.255']);
  expect(range(without)).toEqual([]);
});

test('a compiler that threw is replaced by one built from everything that is known', () => {
  let broken = true;
  const { desired: subject, built } = desired((change) => {
    if (broken && change.kind === 'pod') throw new Error('defect');
  });
  subject.update([NODE, POD]);
  expect(() => subject.compile()).toThrow('defect');
  broken = false;
  const compiled = subject.compile();
  expect([...compiled.endpoints.keys()]).toEqual(['ns/p']);
  expect(built()).toBe(3);
});

test('without a change the compiled ruleset is the same object', () => {
  const { desired: subject } = desired(() => {});
  subject.update([NODE, POD]);
  expect(subject.compile()).toBe(subject.compile());
});
