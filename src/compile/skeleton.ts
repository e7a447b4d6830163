/**
 * The part of the table that never changes: hook, dispatch, and what is judged without a connection. What
 * does change stands in the maps and sets it looks up. Nothing here means "allowed" by returning or by
 * falling off the end of a chain (datapath 2.2: with `return` one flow per commit leaked under a flood).
 */
import type { Family } from '../model/address.ts';
import type { DropReason } from '../model/drop-reason.ts';
import type { Chain, Expression, Operand, Rule, SetName, Statement } from '../nft/objects.ts';
import {
  chainName,
  dispatchMap,
  isolatedSet,
  localSet,
  quarantineSet,
  rangeSet,
  STAGE_IN,
  STAGE_OUT,
  selfSet,
} from './names.ts';
import {
  ACCEPT,
  backend,
  chain,
  client,
  drop,
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

/** The same chains every time, base chain first. */
export function skeleton(): readonly Chain[] {
  return [forwardHook(), stageOut(), stageIn(), midstream(), stateless(), errors()];
}

function perFamily(build: (family: Family) => readonly Rule[]): readonly Rule[] {
  return FAMILIES.flatMap(build);
}

/**
 * `own` lies in a range of the set. Looked up with the other end beside it: two addresses are in every
 * packet, while a protocol can be unreadable, and a rule whose key cannot be read does not match.
 */
function lies(own: Expression, other: Expression, set: SetName): Statement {
  return is({ kind: 'concat', parts: [own, other] }, inSet(set));
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
      drop('never-reached'),
    ],
    { type: 'filter', hook: 'forward', priority: PRIORITY, policy: 'accept' },
  );
}

function stageOut(): Chain {
  return chain(STAGE_OUT, [
    ...perFamily((family) => [
      rule([{ kind: 'vmap', key: client(family), map: dispatchMap('egress', family) }]),
    ]),
    ...perFamily((family) => [
      drop('quarantine', [lies(client(family), backend(family), quarantineSet(family))]),
    ]),
    rule([goto(STAGE_IN)]),
  ]);
}

function stageIn(): Chain {
  return chain(STAGE_IN, [
    ...perFamily((family) => [
      rule([{ kind: 'vmap', key: backend(family), map: dispatchMap('ingress', family) }]),
    ]),
    ...perFamily((family) => [
      drop('quarantine', [lies(backend(family), client(family), quarantineSet(family))]),
    ]),
    rule([ACCEPT]),
  ]);
}

/** conntrack takes up a TCP flow in its middle (tcp_loose), reversed: never for an isolated pod. */
function midstream(): Chain {
  return chain(
    MIDSTREAM,
    perFamily((family) =>
      [client(family), backend(family)].map((end) => drop('isolated', [is(end, inSet(isolatedSet(family)))])),
    ),
  );
}

/**
 * Packets without a connection match no tuple rule, so they are judged by header address alone. Neighbour
 * discovery and MLD reports concern one link: only a bridge brings them here. What has been routed was
 * addressed to somebody else's link, and a payload in it would pass every policy.
 */
function stateless(): Chain {
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
  // By range as well: a pod that is not known yet is a pod.
  const neverFromPods = (kinds: ReadonlyMap<Family, Operand>, reason: DropReason): readonly Rule[] =>
    [...kinds].flatMap(([family, types]) => {
      const [source, destination] = [header('saddr', family), header('daddr', family)];
      return [is(source, inSet(localSet(family))), lies(source, destination, rangeSet(family))].map((from) =>
        drop(reason, [from, is({ kind: 'icmpType', family }, types)]),
      );
    });
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
    ...perFamily((family) => {
      const [source, destination] = [header('saddr', family), header('daddr', family)];
      const ends: readonly (readonly [Expression, Expression])[] = [
        [source, destination],
        [destination, source],
      ];
      return ends.flatMap(([own, other]) => [
        drop('isolated', [is(own, inSet(isolatedSet(family)))]),
        drop('quarantine', [lies(own, other, quarantineSet(family)), isNot(own, inSet(localSet(family)))]),
      ]);
    }),
    rule([ACCEPT]),
  ]);
}

/**
 * ICMP errors about a known flow, from an end of that flow or from outside this node's pods only: a plain
 * accept of `related` was a data channel, since a pod may forge errors about other people's flows.
 */
function errors(): Chain {
  return chain(ERRORS, [
    drop('not-an-error', [isNot({ kind: 'icmpType', family: 4 }, ERRORS_4)]),
    drop('not-an-error', [isNot({ kind: 'icmpType', family: 6 }, ERRORS_6)]),
    ...perFamily((family) => [
      ...[client(family), backend(family)].map((end) =>
        rule([is({ kind: 'concat', parts: [header('saddr', family), end] }, inSet(selfSet(family))), ACCEPT]),
      ),
      drop('not-its-flow', [is(header('saddr', family), inSet(localSet(family)))]),
    ]),
    ...perFamily((family) => [
      // Closed or not: a pod that is not known yet can forge errors as well.
      drop('nobody', [lies(header('saddr', family), header('daddr', family), rangeSet(family))]),
    ]),
    rule([ACCEPT]),
  ]);
}
