/**
 * The peers of a rule -> the sets it looks up, one per meaning: a pod group, a named port of a scope, or
 * all ipBlocks of the rule together as disjoint ranges.
 */
import type { Address, Family } from '../model/address.ts';
import { familyOf } from '../model/address.ts';
import type { NamedPort, ResolvedPeer, ResolvedPeers } from '../model/endpoint.ts';
import type { Selector } from '../model/labels.ts';
import { addressFrom } from '../net/address.ts';
import { cidrRange } from '../net/cidr.ts';
import { type AddressRange, mergeRanges, subtractRanges } from '../net/range.ts';
import type { NftSet, SetName } from '../nft/objects.ts';
import { groupKey } from '../policy/group.ts';
import type { MemberScope, MemberSetMeaning } from '../policy/membership.ts';
import { canonicalSelector } from '../policy/selector.ts';
import { hash, setName } from './names.ts';
import { addressType } from './statements.ts';

export type SetUse =
  /** Members come and go with pods; `key` is the meaning's injective text. */
  | {
      readonly kind: 'members';
      readonly key: string;
      readonly name: SetName;
      readonly meaning: MemberSetMeaning;
      readonly port: NamedPort | null;
      readonly text: string;
    }
  /** Written in the policy itself, so it never changes. */
  | {
      readonly kind: 'fixed';
      readonly key: string;
      readonly name: SetName;
      readonly set: NftSet;
      readonly port: null;
      readonly text: string;
    };

type BlockPeer = ResolvedPeer & { readonly kind: 'ipBlock' };

/** `withNumbers`: the rule also has ports by number or none at all, so plain address sets are needed. */
export function peerings(
  peers: ResolvedPeers,
  named: readonly NamedPort[],
  withNumbers: boolean,
  family: Family,
): readonly SetUse[] {
  const found: SetUse[] = [];
  if (peers.kind === 'any') {
    for (const port of named) found.push(members({ kind: 'all' }, port, family));
    return found;
  }
  const blocks = peers.peers.filter(
    (peer): peer is BlockPeer => peer.kind === 'ipBlock' && familyOf(peer.cidr) === family,
  );
  const scopes = peers.peers.flatMap((peer): readonly MemberScope[] =>
    peer.kind === 'pods' ? [{ kind: 'group', group: peer.group }] : [],
  );
  if (withNumbers) {
    for (const scope of scopes) found.push(members(scope, null, family));
    const block = blockSet(blocks, family);
    if (block) found.push(block);
  }
  for (const port of named) {
    for (const scope of scopes) found.push(members(scope, port, family));
    for (const { cidr, except } of blocks) found.push(members({ kind: 'block', cidr, except }, port, family));
  }
  return [...new Map(found.map((use) => [use.key, use])).values()];
}

function members(scope: MemberScope, port: NamedPort | null, family: Family): SetUse {
  const key = JSON.stringify([scopeKey(scope), port && [port.protocol, port.name], family]);
  const name = setName(`${port ? 'port' : 'peer'}_${hash(key)}_${family}`);
  const text = port ? `${scopeText(scope)} port ${port.name}/${port.protocol}` : scopeText(scope);
  return { kind: 'members', key, name, meaning: { scope, port, family }, port, text };
}

function blockSet(blocks: readonly BlockPeer[], family: Family): SetUse | null {
  const ranges = mergeRanges(
    blocks.flatMap(({ cidr, except }) => subtractRanges([cidrRange(cidr)], except.map(cidrRange))),
  );
  if (ranges.length === 0) return null;
  const elements = ranges.map(rangeElement);
  const key = JSON.stringify(['block', family, elements]);
  const name = setName(`net_${hash(key)}_${family}`);
  const set: NftSet = {
    name,
    type: [addressType(family), 'inet_proto'],
    interval: true,
    elements: new Set(elements),
  };
  const text = blocks.map((block) => scopeText({ ...block, kind: 'block' })).join(', ');
  return { kind: 'fixed', key, name, set, port: null, text };
}

/**
 * The second field only makes the set a concatenation: adding to any plain interval set costs as much as
 * reading all of them (nft 1.0.6, 0.4 to 1 s beside 100,000 elements).
 */
function rangeElement({ family, first, last }: AddressRange): string {
  const from: Address = addressFrom(family, first);
  return first === last ? `${from} . 0-255` : `${from}-${addressFrom(family, last)} . 0-255`;
}

function scopeKey(scope: MemberScope): readonly unknown[] {
  switch (scope.kind) {
    case 'group':
      return ['group', groupKey(scope.group)];
    case 'block':
      return ['block', scope.cidr, [...scope.except].sort()];
    case 'all':
      return ['all'];
  }
}

function scopeText(scope: MemberScope): string {
  switch (scope.kind) {
    case 'group': {
      const { namespaces, pods } = scope.group;
      const where =
        namespaces.kind === 'named' ? `namespace ${namespaces.name}` : namespacesText(namespaces.selector);
      return `${podsText(pods)} in ${where}`;
    }
    case 'block':
      return [scope.cidr, ...scope.except.map((except) => `except ${except}`)].join(' ');
    case 'all':
      return 'all pods';
  }
}

function podsText(selector: Selector): string {
  return isEverything(selector) ? 'all pods' : canonicalSelector(selector);
}

function namespacesText(selector: Selector): string {
  return isEverything(selector) ? 'all namespaces' : `namespaces ${canonicalSelector(selector)}`;
}

function isEverything(selector: Selector): boolean {
  return selector.kind === 'requirements' && selector.requirements.length === 0;
}
