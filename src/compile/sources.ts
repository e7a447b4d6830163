/**
 * A pod's source is its own: what comes in by a pod's link from an address that is not routed out by that link
 * is dropped before conntrack sees it, since one forged datagram turns conntrack's idea of who asked. Also what a
 * pod never says, and what nobody outside says: encapsulated packets, addresses of this node's pods from
 * elsewhere. Here `accept`, and the end of a chain, mean "on to the next hook"; only `drop` is final.
 */
import type { Family } from '../model/address.ts';
import type { Chain, Expression, NftSet, Rule, Ruleset, SetName, Statement } from '../nft/objects.ts';
import { byName, chainName, POD_LINKS, rangeSet, SOURCE_TABLE, UPLINKS } from './names.ts';
import {
  ACCEPT,
  chain,
  drop,
  FAMILIES,
  goto,
  header,
  inSet,
  is,
  PROTOCOL,
  rule,
  words,
} from './statements.ts';

export interface SourceNeeds {
  /** Links by which pods send: veths with a host route to a pod, and bridges that have pods alone as ports. */
  readonly podLinks: readonly string[];
  /** Links by which packets come from elsewhere. */
  readonly uplinks: readonly string[];
  /** The sets of this node's pod ranges, as quarantine has them. */
  readonly ranges: readonly NftSet[];
}

/** Before conntrack (-200), after defragmentation (-400) and raw (-300). */
const SOURCE_PRIORITY = -290;
/** In forward and input: after DNAT, before everything else of ours. */
const TUNNEL_PRIORITY = -7;

const SOURCE_GUARD = chainName('source_guard');

/** IANA's port of VXLAN, and the one Linux had before that. */
const TUNNEL_PORTS = [4789, 8472];
/** IP in IP, IPv6 in IP, GRE. */
const TUNNEL_PROTOCOLS = words('ipencap', 'ipv6', 'gre');

const IN: Expression = { kind: 'link', direction: 'in' };

export function sourceRules({ podLinks, uplinks, ranges }: SourceNeeds): Ruleset {
  const chains: readonly Chain[] = [sourceHook(), sourceGuard(), tunnels('forward'), tunnels('input')];
  const sets = [linkSet(POD_LINKS, podLinks), linkSet(UPLINKS, uplinks), ...ranges];
  return {
    table: SOURCE_TABLE,
    chains: byName(new Map(chains.map((each) => [each.name, each]))),
    sets: byName(new Map(sets.map((each) => [each.name, each]))),
    maps: new Map(),
  };
}

function linkSet(name: SetName, links: readonly string[]): NftSet {
  return { name, type: ['ifname'], interval: false, elements: new Set(links) };
}

function from(links: SetName): Statement {
  return is(IN, inSet(links));
}

function sourceHook(): Chain {
  const outside = FAMILIES.map((family): Rule => {
    const ends = [header('saddr', family), header('daddr', family)];
    return drop('from-outside', [
      from(UPLINKS),
      is({ kind: 'concat', parts: ends }, inSet(rangeSet(family))),
    ]);
  });
  return chain(chainName('source_hook'), [rule([from(POD_LINKS), goto(SOURCE_GUARD)]), ...outside], {
    type: 'filter',
    hook: 'prerouting',
    priority: SOURCE_PRIORITY,
    policy: 'accept',
  });
}

/** The look-up of routes takes every link-local and no source for good: those need rules of their own. */
function sourceGuard(): Chain {
  const icmp = (family: Family, ...types: readonly string[]): Statement =>
    is({ kind: 'icmpType', family }, words(...types));
  const within = (field: 'saddr' | 'daddr', family: Family, ...cidrs: readonly string[]): Statement =>
    is(header(field, family), { kind: 'prefixes', cidrs });
  const hopLimit = is({ kind: 'hopLimit' }, words('255'));
  const reports = ['mld-listener-report', 'mld-listener-done', 'mld2-listener-report'];
  return chain(SOURCE_GUARD, [
    drop('to-loopback', [within('daddr', 4, '127.0.0.0/8')]),
    drop('not-a-router', [icmp(4, 'redirect', 'router-advertisement')]),
    drop('not-a-router', [icmp(6, 'nd-router-advert', 'nd-redirect')]),
    rule([
      within('saddr', 6, '::/128'),
      icmp(6, 'nd-neighbor-solicit', 'nd-router-solicit'),
      hopLimit,
      ACCEPT,
    ]),
    rule([within('saddr', 6, '::/128'), icmp(6, ...reports), within('daddr', 6, 'ff02::/16'), ACCEPT]),
    rule([within('saddr', 6, 'fe80::/10'), within('daddr', 6, 'fe80::/10', 'ff02::/16'), ACCEPT]),
    rule([
      within('saddr', 6, 'fe80::/10'),
      icmp(6, 'nd-neighbor-solicit', 'nd-neighbor-advert'),
      hopLimit,
      ACCEPT,
    ]),
    drop('link-local-source', [within('saddr', 6, '::/128', 'fe80::/10')]),
    drop('not-its-address', [is({ kind: 'sourceRoute' }, { kind: 'missing' })]),
  ]);
}

/** A pod must not speak the overlay's language, to any node; nor inside of a tunnel that its node would open. */
function tunnels(hook: 'forward' | 'input'): Chain {
  const ports = TUNNEL_PORTS.map((port) => ({ first: port, last: port }));
  const inside = [is({ kind: 'udpPort' }, { kind: 'ports', ranges: ports }), is(PROTOCOL, TUNNEL_PROTOCOLS)];
  return chain(
    chainName(`tunnel_${hook}`),
    inside.map((match) => drop('tunnel', [from(POD_LINKS), match])),
    { type: 'filter', hook, priority: TUNNEL_PRIORITY, policy: 'accept' },
  );
}
