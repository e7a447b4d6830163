/**
 * The peers of a rule -> what its lines look up: a pod group, a named port of a scope, or all ipBlocks of the
 * rule. A few sets are one for each meaning, shared by all rules that mean the same; from then on the peers of a
 * rule are one set, so that its cost follows who is in it, and not the product of its lists.
 */
import { type Family, familyOf } from '../model/address.ts';
import type { NamedPort, ResolvedPeer, ResolvedPeers } from '../model/endpoint.ts';
import { PROTOCOLS, type Protocol } from '../model/protocol.ts';
import type { MemberScope, PortNames } from '../policy/member-set.ts';
import { blockLookups } from './blocks.ts';
import { hash, setName } from './names.ts';
import { listed, scopeKey, scopeText } from './scopes.ts';
import type { Lookup, SetUse } from './set-use.ts';
import type { Shapes } from './shapes.ts';

/** One line of a rule, or with ports by number one for each protocol: who meets all look-ups is a peer. */
export interface Peering {
  readonly family: Family;
  readonly lookups: readonly Lookup[];
  /** Of the ports that are among the look-ups; null: it says nothing of ports. */
  readonly protocol: Protocol | null;
}

/** With its key, which is long to make for long lists. */
interface Scope {
  readonly scope: MemberScope;
  readonly key: string;
}

const ALL_PODS: Scope = scopeOf({ kind: 'all' });

/** `withNumbers`: the rule also has ports by number or none at all, so plain address sets are needed. */
export function peerings(
  peers: ResolvedPeers,
  named: readonly NamedPort[],
  withNumbers: boolean,
  families: readonly Family[],
  shapes: Shapes,
): readonly Peering[] {
  if (peers.kind === 'any') {
    return families.flatMap((family) => portPeerings([ALL_PODS], named, family, shapes));
  }
  const groups = distinct(peers.peers.flatMap(groupOf));
  const blocks = peers.peers.flatMap((peer) => (peer.kind === 'ipBlock' ? [peer] : []));
  return families.flatMap((family) => {
    const own = blocks.filter(({ cidr }) => familyOf(cidr) === family);
    const plain = withNumbers
      ? [
          ...apartOrOne(groups, shapes).map((each) => [memberLookup(each, null, family)]),
          ...blockLookups(own, family, shapes),
        ]
      : [];
    // Where there are names there is a use for them.
    const single = named.length === 0 ? [] : own.map((each) => scopeOf({ kind: 'blocks', blocks: [each] }));
    return [
      ...plain.map((lookups): Peering => ({ family, lookups, protocol: null })),
      ...portPeerings([...groups, ...distinct(single)], named, family, shapes),
    ];
  });
}

function scopeOf(scope: MemberScope): Scope {
  return { scope, key: JSON.stringify(scopeKey(scope)) };
}

function groupOf(peer: ResolvedPeer): readonly Scope[] {
  return peer.kind === 'pods' ? [scopeOf({ kind: 'group', group: peer.group })] : [];
}

/** Each meaning once. */
function distinct(scopes: readonly Scope[]): readonly Scope[] {
  return [...new Map(scopes.map((scope) => [scope.key, scope])).values()];
}

function apartOrOne(scopes: readonly Scope[], { setsApart }: Shapes): readonly (readonly Scope[])[] {
  return scopes.length > setsApart ? [scopes] : scopes.map((scope) => [scope]);
}

function portPeerings(
  scopes: readonly Scope[],
  named: readonly NamedPort[],
  family: Family,
  { setsApart }: Shapes,
): readonly Peering[] {
  if (scopes.length === 0) return [];
  const peering = (of: readonly Scope[], ports: PortNames): Peering => ({
    family,
    lookups: [memberLookup(of, ports, family)],
    protocol: ports.protocol,
  });
  if (scopes.length * named.length <= setsApart) {
    return named.flatMap(({ protocol, name }) =>
      scopes.map((scope) => peering([scope], { protocol, names: [name] })),
    );
  }
  const together = allBlocksAtOnce(scopes);
  return PROTOCOLS.flatMap((protocol) => {
    const names = named.filter((each) => each.protocol === protocol).map(({ name }) => name);
    return names.length === 0 ? [] : [peering(together, { protocol, names: names.sort() })];
  });
}

/** Whether an address is in any of many blocks is one search. */
function allBlocksAtOnce(scopes: readonly Scope[]): readonly Scope[] {
  const blocks = scopes.flatMap(({ scope }) => (scope.kind === 'blocks' ? scope.blocks : []));
  if (blocks.length < 2) return scopes;
  return [...scopes.filter(({ scope }) => scope.kind !== 'blocks'), scopeOf({ kind: 'blocks', blocks })];
}

function memberLookup(scopes: readonly Scope[], ports: PortNames | null, family: Family): Lookup {
  return {
    use: members(scopes, ports, family),
    key: { kind: ports === null ? 'address' : 'address and port' },
    negated: false,
  };
}

function members(scopes: readonly Scope[], ports: PortNames | null, family: Family): SetUse {
  const key = meaningKey(scopes, ports, family);
  const meant = scopes.map(({ scope }) => scope);
  return {
    kind: 'members',
    key,
    name: setName(`${ports ? 'port' : 'peer'}_${hash(key)}_${family}`),
    meaning: { scopes: meant, ports, family },
    text: meaningText(meant, ports),
  };
}

/** The scopes as JSON: one alone, or all of several sorted. */
function meaningKey(scopes: readonly Scope[], ports: PortNames | null, family: Family): string {
  const [only, ...others] = scopes.map(({ key }) => key).sort();
  const who = others.length === 0 ? only : `["any of",${[only, ...others].join()}]`;
  return `[${who},${JSON.stringify(ports && [ports.protocol, ...ports.names])},${family}]`;
}

function meaningText(scopes: readonly MemberScope[], ports: PortNames | null): string {
  const who = listed(scopes, '; ', scopeText);
  if (ports === null) return who;
  const [first, ...others] = ports.names;
  if (others.length === 0) return `${who} port ${first}/${ports.protocol}`;
  return `${who} ports ${ports.protocol} ${listed(ports.names, ', ')}`;
}
