/** A switch in many steps: between them no pod is less isolated than before all of them and after all of them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compile } from '../../src/compile/compile.ts';
import { type Address, familyOf } from '../../src/model/address.ts';
import type { Snapshot } from '../../src/model/cluster.ts';
import type { Transport } from '../../src/model/protocol.ts';
import { parseAddress } from '../../src/net/address.ts';
import type { NftCommand } from '../../src/nft/commands.ts';
import { decodeElement } from '../../src/nft/elements.ts';
import type { Chain, ChainName, NftMap, NftSet, Ruleset, SetName } from '../../src/nft/objects.ts';
import { firstPacket, type Packet } from '../../src/nft/packet.ts';
import { applyPlan, plan } from '../../src/nft/plan.ts';
import { toText } from '../../src/nft/text.ts';
import { walk, walkableFromRuleset } from '../../src/nft/walk.ts';
import { cluster, EXTERNAL, flows, type RandomFlow, UNKNOWN } from '../kit/arbitraries.ts';
import { AMPLE, cases } from '../kit/cases.ts';
import { snapshotOfCluster } from '../kit/snapshot.ts';

const CASES = cases(40);
/** Nothing fits: every group of commands is a transaction of its own. */
const TIGHT = { maxCommands: 0.1, maxElements: 2 };

function rulesetOf(snapshot: Snapshot): Ruleset {
  const podRanges = snapshot.nodes.get('node-a')?.podCidrs ?? [];
  return compile(snapshot, { node: 'node-a', podRanges }).ruleset;
}

/** Addresses of node-a's pods in either snapshot. */
function localAddresses(snapshots: readonly Snapshot[]): readonly Address[] {
  const pods = snapshots.flatMap((snapshot) => [...snapshot.pods.values()]);
  return [...new Set(pods.flatMap((pod) => (pod.node === 'node-a' ? pod.addresses : [])))];
}

/** One end is a pod of node-a, the other is not: what two pods of a node do to each other changes pod by pod. */
function packets(snapshots: readonly Snapshot[], random: readonly RandomFlow[]): readonly Packet[] {
  const local = localAddresses(snapshots);
  const remote = [
    ...snapshots.flatMap((snapshot) => [...snapshot.pods.values()].flatMap(({ addresses }) => addresses)),
    ...[...EXTERNAL, ...UNKNOWN].flatMap((text) => parseAddress(text) ?? []),
  ].filter((address) => !local.includes(address));
  return random.flatMap(({ source, destination, protocol, port }, index) => {
    const pod = local[source % local.length];
    const others = remote.filter((address) => pod !== undefined && familyOf(address) === familyOf(pod));
    const other = others[destination % others.length];
    if (pod === undefined || other === undefined) return [];
    const ends = index % 2 === 0 ? { source: pod, destination: other } : { source: other, destination: pod };
    const transport: Transport =
      protocol === 'ICMP' || protocol === 'ESP'
        ? { kind: 'other', ipProtocol: 50 }
        : { kind: 'ports', protocol, port };
    const packet = firstPacket({ ...ends, transport });
    return [packet, { ...packet, state: 'invalid', connection: null }];
  });
}

/** The rulesets packets meet, from before the first batch to after the last. */
function states(before: Ruleset, after: Ruleset): readonly Ruleset[] {
  const observed = applyPlan(plan(before, null), null);
  const chains = new Map<ChainName, Chain>([...after.chains, ...before.chains]);
  for (const { name, hook } of after.chains.values())
    if (hook && !before.chains.has(name)) chains.delete(name);
  const sets = new Map<SetName, NftSet>([...after.sets, ...before.sets]);
  const maps = new Map<SetName, NftMap>([...after.maps, ...before.maps]);
  const result: Ruleset[] = [before];
  for (const { purpose, commands } of plan(after, observed, TIGHT).batches) {
    if (purpose !== 'switch') continue;
    for (const command of commands) apply(command, after, { chains, sets, maps });
    result.push({ table: after.table, chains: new Map(chains), sets: new Map(sets), maps: new Map(maps) });
  }
  return result;
}

interface Draft {
  readonly chains: Map<ChainName, Chain>;
  readonly sets: Map<SetName, NftSet>;
  readonly maps: Map<SetName, NftMap>;
}

function apply(command: NftCommand, after: Ruleset, { chains, sets, maps }: Draft): void {
  if ('flush' in command) {
    // Its rules follow in the same transaction.
    const wanted = 'chain' in command.flush && after.chains.get(command.flush.chain.name as ChainName);
    if (wanted) chains.set(wanted.name, wanted);
  } else if ('delete' in command && 'element' in command.delete) {
    const { name, elem } = command.delete.element;
    const [set, map] = [sets.get(name as SetName), maps.get(name as SetName)];
    const keys = elem.map((item) => decodeElement((set ?? map)?.type ?? [], item));
    const stays = (key: string): boolean => !keys.includes(key);
    if (set) sets.set(set.name, { ...set, elements: new Set([...set.elements].filter(stays)) });
    if (map) {
      const elements = new Map([...map.elements].filter(([key]) => stays(key)));
      maps.set(map.name, { ...map, elements });
    }
  } else if ('add' in command && 'set' in command.add) {
    const { name, elem } = command.add.set;
    const set = sets.get(name as SetName);
    const added = (elem ?? []).flatMap((item) => decodeElement(set?.type ?? [], item) ?? []);
    if (set) sets.set(set.name, { ...set, elements: new Set([...set.elements, ...added]) });
  } else if ('add' in command && 'map' in command.add) {
    const { name, elem } = command.add.map;
    const [map, wanted] = [maps.get(name as SetName), after.maps.get(name as SetName)];
    const entries = (elem ?? []).flatMap(([item]) => {
      const key = decodeElement(map?.type ?? [], item);
      const verdict = key === null ? undefined : wanted?.elements.get(key);
      return key === null || verdict === undefined ? [] : [[key, verdict] as const];
    });
    if (map) maps.set(map.name, { ...map, elements: new Map([...map.elements, ...entries]) });
  }
}

/** What packets can meet of it; objects that wait to be collected do not count. */
function met(ruleset: Ruleset, { chains, sets, maps }: Ruleset): string {
  const only = <Name, T>(map: ReadonlyMap<Name, T>, wanted: ReadonlyMap<Name, unknown>): Map<Name, T> =>
    new Map([...map].filter(([name]) => wanted.has(name)).sort(([a], [b]) => (a < b ? -1 : 1)));
  const sorted = (set: NftSet): NftSet => ({ ...set, elements: new Set([...set.elements].sort()) });
  const sortedMap = (map: NftMap): NftMap => ({
    ...map,
    elements: new Map([...map.elements].sort(([a], [b]) => (a < b ? -1 : 1))),
  });
  return toText({
    table: ruleset.table,
    chains: only(ruleset.chains, chains),
    sets: new Map([...only(ruleset.sets, sets)].map(([name, set]) => [name, sorted(set)])),
    maps: new Map([...only(ruleset.maps, maps)].map(([name, map]) => [name, sortedMap(map)])),
  });
}

test('a switch in steps never allows what is denied before it and after it, and ends where one step ends', () => {
  const counts = { steps: 0, accepted: 0, denied: 0, tightened: 0 };
  fc.assert(
    fc.property(cluster, cluster, flows, (one, other, random) => {
      const snapshots = [snapshotOfCluster(one), snapshotOfCluster(other)];
      const [before, after] = snapshots.map(rulesetOf);
      if (!before || !after) throw new TypeError('two clusters were drawn');
      const all = states(before, after);
      expect(met(all.at(-1) ?? before, after)).toBe(met(after, after));
      const tried = packets(snapshots, random);
      const verdicts = all.map((ruleset) => {
        const walkable = walkableFromRuleset(ruleset);
        return tried.map((packet) => walk([walkable], packet).verdict);
      });
      counts.steps += all.length;
      for (const [index, packet] of tried.entries()) {
        const seen = verdicts.map((list) => list[index]);
        const [first, last] = [seen.at(0), walk([walkableFromRuleset(after)], packet).verdict];
        if (first === 'accept' || last === 'accept') {
          counts.accepted += 1;
          if (seen.includes('drop') && first === last) counts.tightened += 1;
          continue;
        }
        counts.denied += 1;
        expect({ packet, seen }).toEqual({ packet, seen: seen.map(() => 'drop') });
      }
    }),
    { numRuns: CASES, endOnFailure: true },
  );
  if (!AMPLE) return;
  expect(counts.steps).toBeGreaterThan(CASES * 5);
  expect(counts.denied).toBeGreaterThan(counts.accepted / 50);
  // The price: some packets allowed before and after are dropped for a moment.
  expect(counts.tightened).toBeLessThan(counts.accepted / 5);
});
