import { describe, expect, test } from 'vitest';
import { modelPod } from '../../test/kit/model-pod.ts';
import type { MachineChange } from '../machine/change.ts';
import type { Link } from '../machine/link.ts';
import type { Address, Cidr } from '../model/address.ts';
import { type Change, podKey } from '../model/cluster.ts';
import { DROP_REASONS } from '../model/drop-reason.ts';
import type { Compiled } from './compiled.ts';
import { POD_LINKS, UPLINKS } from './names.ts';
import { NodeCompiler } from './node-compiler.ts';

const CNI0: Link = {
  name: 'cni0',
  kind: 'closed',
  ports: ['veth1', 'veth0'],
  addresses: [{ address: '10.244.1.1' as Address, subnet: '10.244.1.0/24' as Cidr }],
};
const DENY: Change = {
  kind: 'policy',
  ref: { kind: 'NetworkPolicy', namespace: 'shop', name: 'deny' },
  value: {
    ...{ kind: 'NetworkPolicy', namespace: 'shop', name: 'deny', problems: [], ingress: [], egress: null },
    subject: { kind: 'requirements', requirements: [] },
  },
};
const NODE: Change = {
  kind: 'node',
  key: 'a',
  value: { name: 'a', labels: new Map(), addresses: [], podCidrs: ['10.244.1.0/24' as Cidr] },
};

function pod(name: string, address: string): Change {
  const value = modelPod(name, { labels: new Map(), node: 'a', addresses: [address as Address] });
  return { kind: 'pod', key: podKey('shop', name), value };
}

const link = (value: Link): MachineChange => ({ kind: 'link', key: value.name, value });

function compiler(...changes: readonly Change[]): NodeCompiler {
  const made = new NodeCompiler({ node: 'a', configured: [] });
  for (const change of [NODE, ...changes]) made.update(change);
  return made;
}

const ALL = ['inet policyd', 'bridge policyd', 'inet policyd_sources'] as const;

const namesOf = ({ tables }: Compiled): readonly string[] =>
  tables.map(({ ruleset }) => `${ruleset.table.family} ${ruleset.table.name}`);
const rulesOf = ({ tables }: Compiled): string =>
  JSON.stringify(tables.map(({ ruleset }) => [...ruleset.chains.values()]));

describe('bridges with pods', () => {
  test('bring settings as soon as they are known, and rules once somebody is isolated', () => {
    const made = compiler(pod('web', '10.244.1.5'));
    expect(made.result()).toMatchObject({ settings: [], unnameable: [] });
    made.updateMachine(link(CNI0));
    expect(made.result().settings).toEqual([
      { bridge: 'cni0', certain: true, family: 4 },
      { bridge: 'cni0', certain: true, family: 6 },
    ]);
    expect(namesOf(made.result())).toEqual(['inet policyd', 'inet policyd_sources']);
    made.update(DENY);
    expect(namesOf(made.result())).toEqual([...ALL]);
    expect(rulesOf(made.result())).toContain('"names":["veth0","veth1"]');
    made.updateMachine({ kind: 'link', key: 'cni0', value: null });
    expect(namesOf(made.result())).toEqual(['inet policyd']);
    expect(made.result().settings).toEqual([]);
  });

  test('are those that lead to a pod outside of the ranges, too', () => {
    const made = compiler(pod('far', '192.0.2.5'));
    expect(made.strays).toEqual(['192.0.2.5']);
    made.updateMachine(link({ ...CNI0, name: 'br1', addresses: [] }));
    expect(made.result().settings).toEqual([]);
    made.updateMachine({ kind: 'route', key: '192.0.2.5' as Address, value: 'br1' });
    expect(made.result().settings.map(({ bridge }) => bridge)).toEqual(['br1', 'br1']);
  });

  test.each(['br*', 'a"b', 'x;y'])('named %s get into no rule, and neither do such ports', (name) => {
    const made = compiler(pod('web', '10.244.1.5'), DENY);
    made.updateMachine(link({ ...CNI0, name, ports: [name, 'veth0'] }));
    const compiled = made.result();
    expect(compiled.settings.map(({ bridge }) => bridge)).toEqual([name, name]);
    expect(compiled.unnameable).toHaveLength(2);
    for (const message of compiled.unnameable) expect(message).toContain(JSON.stringify(name));
    expect(rulesOf(compiled)).toContain('"names":["veth0"]');
    expect(rulesOf(compiled)).not.toContain(JSON.stringify(name).slice(1, -1));
  });
});

describe('sources', () => {
  const route = (address: string, value: string | null): MachineChange => ({
    kind: 'route',
    key: address as Address,
    value,
  });
  const guarded = (compiled: Compiled): readonly string[] => [
    ...(compiled.tables.at(-1)?.ruleset.sets.get(POD_LINKS)?.elements ?? []),
  ];

  test('are guarded from the moment a route leads to a pod’s address, known or not, isolated or not', () => {
    const made = compiler();
    made.updateMachine({ kind: 'uplink', key: 'eth0', value: true });
    expect(namesOf(made.result())).toEqual(['inet policyd']);
    made.updateMachine(route('10.244.1.5', 'veth5'));
    made.updateMachine(route('198.51.100.7', 'tun0'));
    const compiled = made.result();
    expect(namesOf(compiled)).toEqual(['inet policyd', 'inet policyd_sources']);
    expect(guarded(compiled)).toEqual(['veth5']);
    expect([...(compiled.tables[1]?.ruleset.sets.get(UPLINKS)?.elements ?? [])]).toEqual(['eth0']);
    made.update(pod('web', '10.244.1.5'));
    expect(made.result().tables[1]).toBe(compiled.tables[1]);
    made.updateMachine(route('10.244.1.5', null));
    expect(namesOf(made.result())).toEqual(['inet policyd']);
  });

  test('of a pod that routes for others are free only where its namespace lets it', () => {
    const forwarder = pod('vpn', '10.244.1.5');
    const value =
      forwarder.kind === 'pod' && forwarder.value ? { ...forwarder.value, forwards: true as const } : null;
    const made = compiler({ kind: 'pod', key: podKey('shop', 'vpn'), value }, pod('web', '10.244.1.6'));
    made.updateMachine(route('10.244.1.5', 'veth5'));
    made.updateMachine(route('10.244.1.6', 'veth6'));
    const label = (text: string): Change => ({
      kind: 'namespace',
      key: 'shop',
      value: { name: 'shop', labels: new Map([['policyd.dev/may-forward', text]]) },
    });
    expect(guarded(made.result())).toEqual(['veth5', 'veth6']);
    made.update(label('yes'));
    expect(guarded(made.result())).toEqual(['veth5', 'veth6']);
    made.update(label('true'));
    expect(guarded(made.result())).toEqual(['veth6']);
    expect(made.forwarders.map(({ pod: { name }, allowed }) => [name, allowed])).toEqual([['vpn', true]]);
    made.update({ kind: 'namespace', key: 'shop', value: null });
    expect(guarded(made.result())).toEqual(['veth5', 'veth6']);
  });
});

test('what did not change keeps its identity, down to each table', () => {
  const made = compiler(pod('web', '10.244.1.5'), DENY);
  made.updateMachine(link(CNI0));
  const first = made.result();
  made.updateMachine(link({ ...CNI0, ports: ['veth0', 'veth1'] }));
  made.updateMachine(link({ ...CNI0, name: 'docker0', addresses: [] }));
  made.updateMachine({ kind: 'switch', key: 'bridge cni0 4', value: 'off' });
  expect(made.result()).toBe(first);
  made.update(pod('new', '10.244.1.6'));
  const second = made.result();
  expect(second).not.toBe(first);
  expect(second.tables[1]).toBe(first.tables[1]);
  expect(second.settings).toBe(first.settings);
});

test('where the cluster cannot be followed bridges are closed like ranges', () => {
  const made = compiler(pod('web', '10.244.1.5'));
  made.updateMachine(link(CNI0));
  made.setBlind(true);
  expect(namesOf(made.result())).toEqual([...ALL]);
});

test('every rule that drops says why, counts, and no other rule drops', () => {
  const made = compiler(pod('web', '10.244.1.5'), DENY);
  made.updateMachine(link(CNI0));
  const rules = made
    .result()
    .tables.flatMap(({ ruleset }) => [...ruleset.chains.values()].flatMap((chain) => chain.rules));
  const dropping = rules.filter(({ statements }) => statements.some(({ kind }) => kind === 'drop'));
  expect(dropping.length).toBeGreaterThan(30);
  for (const { note, statements } of dropping) {
    expect(Object.keys(DROP_REASONS)).toContain(note);
    expect(statements.slice(-2).map(({ kind }) => kind)).toEqual(['counter', 'drop']);
  }
});
