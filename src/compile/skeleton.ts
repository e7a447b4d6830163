/**
 * The part of the table that does not depend on policies: hook, dispatch, and what is judged without a
 * connection. Nothing here means "allowed" by returning or by falling off the end of a chain
 * (datapath 2: with `return` one flow per commit leaked under a flood).
 */
import { type Cidr, type Family, familyOf } from '../model/address.ts';
import type { Chain, Operand, Rule, Statement } from '../nft/objects.ts';
import { chainName, dispatchMap, isolatedSet, localSet, STAGE_IN, STAGE_OUT, selfSet } from './names.ts';
import {
  ACCEPT,
  backend,
  chain,
  client,
  DROP,
  FAMILIES,
  goto,
  header,
  inSet,
  is,
  isNot,
  PROTOCOL,
  rule,
  words,
} from './statements.ts';

const STATELESS = chainName('stateless');
const ERRORS = chainName('errors');
const MIDSTREAM = chainName('midstream');
const FORWARD = chainName('forward_hook');

/** After kube-proxy's filter (-110) and before Calico's (0); unique, since equal priorities run in no order. */
const PRIORITY = -5;

const ERRORS_4 = words('destination-unreachable', 'time-exceeded', 'parameter-problem');
const ERRORS_6 = words('destination-unreachable', 'packet-too-big', 'time-exceeded', 'parameter-problem');

type Ranges = ReadonlyMap<Family, readonly Cidr[]>;

/** An address of this node's range that no known pod owns is quarantined; without a range nothing is. */
export function skeleton(podRanges: readonly Cidr[]): readonly Chain[] {
  const ranges: Ranges = new Map(
    FAMILIES.map((family) => [family, podRanges.filter((range) => familyOf(range) === family).sort()]),
  );
  return [forwardHook(), stageOut(ranges), stageIn(ranges), midstream(), stateless(ranges), errors(ranges)];
}

function perFamily(build: (family: Family) => readonly Rule[]): readonly Rule[] {
  return FAMILIES.flatMap(build);
}

function inRange(ranges: Ranges, family: Family): Operand | null {
  const cidrs = ranges.get(family) ?? [];
  return cidrs.length > 0 ? { kind: 'prefixes', cidrs } : null;
}

function ctState(...states: readonly string[]): Statement {
  return is({ kind: 'ctState' }, words(...states));
}

function forwardHook(): Chain {
  return chain(
    FORWARD,
    [
      rule([ctState('invalid', 'untracked'), goto(STATELESS)], 'no-connection'),
      rule([ctState('related'), is(PROTOCOL, words('icmp', 'ipv6-icmp')), goto(ERRORS)], 'icmp-errors'),
      rule(
        [ctState('new'), { kind: 'tcpFlagsNotSyn' }, { kind: 'jump', chain: MIDSTREAM }],
        'tcp-without-syn',
      ),
      rule([{ kind: 'jump', chain: STAGE_OUT }]),
      rule(DROP, 'never-reached'),
    ],
    { type: 'filter', hook: 'forward', priority: PRIORITY, policy: 'accept' },
  );
}

function stageOut(ranges: Ranges): Chain {
  return chain(STAGE_OUT, [
    ...perFamily((family) => [
      rule([{ kind: 'vmap', key: client(family), map: dispatchMap('egress', family) }]),
    ]),
    ...perFamily((family) => {
      const range = inRange(ranges, family);
      return range ? [rule([is(client(family), range), ...DROP], 'quarantine')] : [];
    }),
    rule([goto(STAGE_IN)]),
  ]);
}

function stageIn(ranges: Ranges): Chain {
  return chain(STAGE_IN, [
    ...perFamily((family) => [
      rule([{ kind: 'vmap', key: backend(family), map: dispatchMap('ingress', family) }]),
    ]),
    ...perFamily((family) => {
      const range = inRange(ranges, family);
      return range ? [rule([is(backend(family), range), ...DROP], 'quarantine')] : [];
    }),
    rule([ACCEPT]),
  ]);
}

/** conntrack takes up a TCP flow in its middle (tcp_loose), reversed: never for an isolated pod. */
function midstream(): Chain {
  return chain(
    MIDSTREAM,
    perFamily((family) =>
      [client(family), backend(family)].map((end) =>
        rule([is(end, inSet(isolatedSet(family))), ...DROP], 'isolated'),
      ),
    ),
  );
}

/**
 * Packets without a connection match no tuple rule, so they are judged by header address alone. Neighbour
 * discovery and MLD reports concern one link: only a bridge brings them here. What has been routed was
 * addressed to somebody else's link, and a payload in it would pass every policy.
 */
function stateless(ranges: Ranges): Chain {
  const neighbours = words('nd-neighbor-solicit', 'nd-neighbor-advert', 'nd-router-solicit');
  const reports = words('mld-listener-report', 'mld2-listener-report');
  const linkMulticast: Operand = { kind: 'prefixes', cidrs: ['ff02::/16'] };
  const routing: ReadonlyMap<Family, Operand> = new Map([
    [4, words('redirect', 'router-advertisement')],
    [6, words('nd-router-advert', 'nd-redirect')],
  ]);
  const errorKinds: ReadonlyMap<Family, Operand> = new Map([
    [4, ERRORS_4],
    [6, ERRORS_6],
  ]);
  const neverFromPods = (kinds: ReadonlyMap<Family, Operand>, comment: string): readonly Rule[] =>
    [...kinds].map(([family, types]) =>
      rule(
        [
          is(header('saddr', family), inSet(localSet(family))),
          is({ kind: 'icmpType', family }, types),
          ...DROP,
        ],
        comment,
      ),
    );
  return chain(STATELESS, [
    rule(
      [is({ kind: 'icmpType', family: 6 }, neighbours), is({ kind: 'hopLimit' }, words('255')), ACCEPT],
      'neighbour-discovery',
    ),
    rule(
      [is({ kind: 'icmpType', family: 6 }, reports), is(header('daddr', 6), linkMulticast), ACCEPT],
      'multicast-reports',
    ),
    // Never from a pod, isolated or not (semantics J2).
    ...neverFromPods(routing, 'not-a-router'),
    // This node knows every flow of its pods: an error without one is about another node's, and forged.
    ...neverFromPods(errorKinds, 'not-its-flow'),
    ...perFamily((family) =>
      (['saddr', 'daddr'] as const).flatMap((field) => {
        const address = header(field, family);
        const range = inRange(ranges, family);
        return [
          rule([is(address, inSet(isolatedSet(family))), ...DROP], 'isolated'),
          ...(range
            ? [rule([is(address, range), isNot(address, inSet(localSet(family))), ...DROP], 'quarantine')]
            : []),
        ];
      }),
    ),
    rule([ACCEPT]),
  ]);
}

/**
 * ICMP errors about a known flow, from an end of that flow or from outside this node's pods only: a plain
 * accept of `related` was a data channel, since a pod may forge errors about other people's flows.
 */
function errors(ranges: Ranges): Chain {
  return chain(ERRORS, [
    rule([isNot({ kind: 'icmpType', family: 4 }, ERRORS_4), ...DROP], 'not-an-error'),
    rule([isNot({ kind: 'icmpType', family: 6 }, ERRORS_6), ...DROP], 'not-an-error'),
    ...perFamily((family) => [
      ...[client(family), backend(family)].map((end) =>
        rule([is({ kind: 'concat', parts: [header('saddr', family), end] }, inSet(selfSet(family))), ACCEPT]),
      ),
      rule([is(header('saddr', family), inSet(localSet(family))), ...DROP], 'not-its-flow'),
    ]),
    ...perFamily((family) => {
      const range = inRange(ranges, family);
      return range ? [rule([is(header('saddr', family), range), ...DROP], 'quarantine')] : [];
    }),
    rule([ACCEPT]),
  ]);
}
