/**
 * The ports worth a row when the question names none: those the destination declares, those that a rule of
 * either end names, and one for all others of each protocol.
 */
import type { Policy, PortMatch } from '../model/policy.ts';
import { DIRECTIONS } from '../model/policy.ts';
import { type PortRange, PROTOCOLS, type Protocol } from '../model/protocol.ts';
import { isolatingPolicies } from '../policy/evaluate.ts';
import type { End } from '../world/place.ts';
import type { World } from '../world/world.ts';
import { type AskedPort, onePort, podOf } from './judge.ts';

/** Each text once: declared ports, numbers and ranges of rules, then one row for the rest of each protocol. */
export function portRows(world: World, source: End, destination: End): readonly AskedPort[] {
  const rows = new Map<string, AskedPort>();
  const add = (row: AskedPort): void => {
    if (!rows.has(row.text)) rows.set(row.text, row);
  };
  for (const row of declaredPorts(destination)) add(row);
  const named = namedRanges(world, source, destination);
  for (const { protocol, first, last } of named) {
    if (first === last) add(onePort(protocol, first));
  }
  for (const range of named) {
    if (range.first < range.last) add(rangeRow(range, [...rows.values()]));
  }
  const taken = [...rows.values()];
  for (const protocol of PROTOCOLS) add(otherRow(protocol, named, taken));
  return [...rows.values()];
}

/** By number; none for an end that is no pod. */
export function declaredPorts(end: End): readonly AskedPort[] {
  if (end.kind !== 'pod') return [];
  return [...end.pod.ports]
    .sort((a, b) => a.port - b.port)
    .map(({ protocol, port, name }) => onePort(protocol, port, name, true));
}

function namedRanges(world: World, source: End, destination: End): readonly PortRange[] {
  const ranges = new Map<string, PortRange>();
  for (const direction of DIRECTIONS) {
    const subject = podOf(direction === 'egress' ? source : destination);
    if (subject === null) continue;
    for (const policy of isolatingPolicies(world.snapshot, subject, direction)) {
      for (const range of rangesOf(policy, direction)) {
        ranges.set(`${range.protocol} ${range.first}-${range.last}`, range);
      }
    }
  }
  return [...ranges.values()].sort((a, b) => a.first - b.first || a.last - b.last);
}

function rangesOf(policy: Policy, direction: 'ingress' | 'egress'): readonly PortRange[] {
  return (policy[direction] ?? []).flatMap(({ ports }) =>
    ports.kind === 'any'
      ? []
      : ports.ports.filter(
          (match): match is PortMatch & { readonly kind: 'range' } => match.kind === 'range',
        ),
  );
}

function rangeRow({ protocol, first, last }: PortRange, rows: readonly AskedPort[]): AskedPort {
  const taken = new Set(rows.filter((row) => row.protocol === protocol).map((row) => row.number));
  let number = first;
  while (number < last && taken.has(number)) number++;
  const text = `${first}-${last}/${protocol}`;
  return { protocol, number, scope: 'range', text, name: null, declared: false };
}

/** A number that stands for the rest: in no row and in no range, or at least in no row. */
function otherRow(protocol: Protocol, named: readonly PortRange[], rows: readonly AskedPort[]): AskedPort {
  const taken = new Set(rows.filter((row) => row.protocol === protocol).map((row) => row.number));
  const ranges = named.filter((range) => range.protocol === protocol);
  let number = 0;
  for (let candidate = 1; candidate <= 65535; candidate++) {
    if (taken.has(candidate)) continue;
    const free = !ranges.some(({ first, last }) => first <= candidate && candidate <= last);
    if (free || number === 0) number = candidate;
    if (free) break;
  }
  const text = `other ${protocol} ports`;
  return { protocol, number, scope: 'other', text, name: null, declared: false };
}
