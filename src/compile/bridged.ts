/**
 * What only a bridge brings: packets that are addressed to everybody, to a link, or to nobody we know, and
 * that no dispatch by address catches. Judged before `forward_hook`, which judges everything else. Here
 * `accept`, and the end of the chain, mean "on to forward_hook"; only `drop` is final.
 */

import type { PodBridge } from '../machine/pod-bridge.ts';
import { type Cidr, type Family, familyOf } from '../model/address.ts';
import { addressFrom } from '../net/address.ts';
import { cidrRange, prefixLength } from '../net/cidr.ts';
import type { Chain, ChainName, Expression, Operand, Rule, Statement } from '../nft/objects.ts';
import type { CompiledTable } from './compiled.ts';
import { byName, chainName, localSet, quarantineSet } from './names.ts';
import { ACCEPT, chain, drop, FAMILIES, header, inSet, is, isNot, rule, words } from './statements.ts';

const BRIDGE_HOOK = chainName('bridge_hook');

/** Just before `forward_hook`. */
const PRIORITY = -6;

/** Addresses that mean one link, or everybody on it. */
const LINK_WIDE: Readonly<Record<Family, readonly string[]>> = {
  4: ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '255.255.255.255/32'],
  6: ['::/127', 'fe80::/10', 'ff00::/8'],
};

/** Never from a pod, isolated or not (semantics J2). */
const ROUTERS: Readonly<Record<Family, readonly string[]>> = {
  4: ['redirect', 'router-advertisement'],
  6: ['nd-router-advert', 'nd-redirect'],
};

/** What is left of these is too long, passed a router, or comes from who is none. */
const OF_THE_LINK: readonly string[] = [
  ...['mld-listener-query', 'mld-listener-report', 'mld-listener-done', 'mld2-listener-report'],
  ...['nd-router-solicit', 'nd-router-advert', 'nd-neighbor-solicit', 'nd-neighbor-advert', 'nd-redirect'],
];

/** Adds the chain to a compiled ruleset; keeps its object while the bridges are the same. */
export class Bridged {
  #chain: Chain | null = null;
  #closing = false;

  /** Somebody on this node is isolated, or may soon be; otherwise bridges stay as open as they were. */
  get closing(): boolean {
    return this.#closing;
  }

  apply(compiled: CompiledTable, bridges: readonly PodBridge[]): CompiledTable {
    this.#closing = closesAnything(compiled);
    const next = bridgeHook(bridges, this.#closing);
    if (next.rules.length === 0) return compiled;
    if (next.fingerprint !== this.#chain?.fingerprint) this.#chain = next;
    const chains = new Map<ChainName, Chain>([
      ...compiled.ruleset.chains,
      [BRIDGE_HOOK, this.#chain ?? next],
    ]);
    return { ...compiled, ruleset: { ...compiled.ruleset, chains: byName(chains) } };
  }
}

function closesAnything({ endpoints, ruleset }: CompiledTable): boolean {
  const isolated = [...endpoints.values()].some(({ ingress, egress }) => ingress !== null || egress !== null);
  const closed = [...ruleset.sets].some(([name, set]) => QUARANTINE.includes(name) && set.elements.size > 0);
  return isolated || closed;
}

const QUARANTINE: readonly string[] = FAMILIES.map(quarantineSet);

/** `closing`: somebody is isolated. Without that, bridges stay as open as they were but for two lies. */
export function bridgeHook(bridges: readonly PodBridge[], closing: boolean): Chain {
  const closed = closing && bridges.length > 0 ? [...neighbours(), ...bridges.flatMap(onBridge)] : [];
  return chain(BRIDGE_HOOK, [...bridges.flatMap(noRouters), ...closed], {
    type: 'filter',
    hook: 'forward',
    priority: PRIORITY,
    policy: 'accept',
  });
}

/**
 * What a link needs to find its neighbours, and no more: kernels send 24 to 32 bytes of solicitation or
 * advertisement (one option), 8 or 16 of router solicitation; 56 of report for two groups, 20 for each
 * more. Anything longer carries data.
 */
function neighbours(): readonly Rule[] {
  const type = (...names: readonly string[]): Statement =>
    is({ kind: 'icmpType', family: 6 }, words(...names));
  const hopLimit = (limit: string): Statement => is({ kind: 'hopLimit' }, words(limit));
  const length = (first: number, last: number): Statement =>
    is({ kind: 'payloadLength' }, { kind: 'ports', ranges: [{ first, last }] });
  const to = (...cidrs: readonly string[]): Statement => is(header('daddr', 6), { kind: 'prefixes', cidrs });
  return [
    rule(
      [type('nd-neighbor-solicit', 'nd-neighbor-advert'), hopLimit('255'), length(24, 32), ACCEPT],
      'neighbours',
    ),
    rule(
      [type('nd-router-solicit'), hopLimit('255'), length(8, 16), to('ff02::2/128'), ACCEPT],
      'neighbours',
    ),
    rule(
      [type('mld2-listener-report'), hopLimit('1'), length(28, 96), to('ff02::16/128'), ACCEPT],
      'reports',
    ),
  ];
}

/** On a bridge of pods alone nobody but the node is a router, and it does not forward what it says. */
function noRouters({ name, closed }: PodBridge): readonly Rule[] {
  if (!closed) return [];
  return FAMILIES.map((family) =>
    drop('not-a-router', [by('in', name), is({ kind: 'icmpType', family }, words(...ROUTERS[family]))]),
  );
}

function by(direction: 'in' | 'out', name: string): Statement {
  return is({ kind: 'link', direction }, { kind: 'links', names: [name] });
}

function onBridge({ name, subnets, closed }: PodBridge): readonly Rule[] {
  const [from, to] = [by('in', name), by('out', name)];
  return [
    drop('not-only-neighbours', [to, is({ kind: 'icmpType', family: 6 }, words(...OF_THE_LINK))]),
    drop('to-everybody', [to, isNot({ kind: 'packetType' }, words('host'))]),
    ...FAMILIES.flatMap((family) => [
      drop('to-the-link', [to, is(header('daddr', family), linkWide(family, subnets))]),
      drop('from-the-link', [from, is(header('saddr', family), linkWide(family, []))]),
    ]),
    ...(closed ? FAMILIES : []).flatMap((family) => [
      drop('to-nobody', [to, ...nobody(header('daddr', family), family, subnets)]),
      drop('from-nobody', [from, ...nobody(header('saddr', family), family, subnets)]),
    ]),
  ];
}

/** In no subnet of the bridge, and no pod's: what lies in a subnet is up to quarantine. */
function nobody(address: Expression, family: Family, subnets: readonly Cidr[]): readonly Statement[] {
  const own = subnets.filter((subnet) => familyOf(subnet) === family);
  return [
    ...(own.length > 0 ? [isNot(address, { kind: 'prefixes', cidrs: own })] : []),
    isNot(address, inSet(localSet(family))),
  ];
}

/** With the addresses that are everybody's in an IPv4 subnet: its first and its last. */
function linkWide(family: Family, subnets: readonly Cidr[]): Operand {
  const everybody = subnets
    .filter((subnet) => familyOf(subnet) === 4 && family === 4 && prefixLength(subnet) < 31)
    .flatMap((subnet) => {
      const { first, last } = cidrRange(subnet);
      return [first, last].map((value) => `${addressFrom(4, value)}/32`);
    });
  return { kind: 'prefixes', cidrs: [...new Set([...LINK_WIDE[family], ...everybody])].sort() };
}
