import { expect, test } from 'vitest';
import { policiesOf } from '../../test/kit/desired.ts';
import { rangeSet } from '../compile/names.ts';
import { NodeCompiler } from '../compile/node-compiler.ts';
import type { Address, Cidr } from '../model/address.ts';
import { type Change, podKey } from '../model/cluster.ts';
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

/** The real compiler, with `sabotage` before each update; what it threw is kept. */
function desired(sabotage: (change: Change) => void): {
  readonly desired: Desired;
  readonly built: () => number;
  readonly broken: readonly string[];
} {
  let built = 0;
  const broken: string[] = [];
  const subject = new Desired({
    contents: () => [NODE, POD],
    createCompiler: (blind): IncrementalCompiler => {
      built += 1;
      const compiler = new NodeCompiler({ node: 'a', configured: [], blind });
      const update = compiler.update.bind(compiler);
      compiler.update = (change) => {
        sabotage(change);
        update(change);
      };
      return compiler;
    },
    broken: (error, rebuilds) => broken.push(`${rebuilds} ${String(error)}`),
  });
  return { desired: subject, built: () => built, broken };
}

const rangesIn = (subject: Desired): readonly string[] => [
  ...(policiesOf(subject).ruleset.sets.get(rangeSet(4))?.elements ?? []),
];

test('tells the compiler the pod range when the node object comes after the pods', () => {
  const { desired: subject } = desired(() => {});
  subject.update([POD]);
  expect(rangesIn(subject)).toEqual([]);
  subject.update([NODE]);
  expect(rangesIn(subject)).toEqual(['10.1.0.0-10.1.0.255 . 0.0.0.0-255.255.255.255']);
});

test('a compiler that threw is told of, and replaced by one built from everything that is known', () => {
  let defect = true;
  const {
    desired: subject,
    built,
    broken,
  } = desired((change) => {
    if (defect && change.kind === 'pod') throw new Error('defect');
  });
  subject.updateMachine([
    {
      kind: 'link',
      key: 'cni0',
      value: {
        name: 'cni0',
        kind: 'closed',
        ports: ['veth0'],
        addresses: [{ address: '10.1.0.1' as Address, subnet: RANGE }],
      },
    },
  ]);
  subject.update([NODE, POD]);
  expect(broken).toEqual(['1 Error: defect']);
  expect(() => subject.compile()).toThrow('defect');
  defect = false;
  expect([...policiesOf(subject).endpoints.keys()]).toEqual(['ns/p']);
  expect(subject.compile().settings.map(({ bridge }) => bridge)).toEqual(['cni0', 'cni0']);
  expect(built()).toBe(3);
});

test('without a change everything that was compiled is the same object', () => {
  const { desired: subject } = desired(() => {});
  subject.update([NODE, POD]);
  expect(subject.compile()).toBe(subject.compile());
  subject.updateMachine([{ kind: 'switch', key: 'namespace 4', value: 'on' }]);
  expect(subject.compile()).toBe(subject.compile());
});
