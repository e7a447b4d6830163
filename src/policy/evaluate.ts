/**
 * What the policies mean for a new connection. Knows nothing of nftables, nor of `resolve`: that this and
 * the kernel agree is checked, so they must not share their reasoning.
 */
import type { Address } from '../model/address.ts';
import { type Pod, podKey, type Snapshot } from '../model/cluster.ts';
import type { RuleOrigin } from '../model/endpoint.ts';
import type { Direction, Peer, Peers, Policy, PortMatch, Ports } from '../model/policy.ts';
import { policyRef } from '../model/policy-ref.ts';
import type { Transport } from '../model/protocol.ts';
import type { DirectionVerdict, Flow, FlowVerdict, Reason } from '../model/verdict.ts';
import { cidrContains } from '../net/cidr.ts';
import { inGroup } from './group.ts';
import { ownerOf } from './owner.ts';
import { quarantineOf } from './quarantine.ts';
import { selects } from './selector.ts';

/** Allowed needs egress of the source and ingress of the destination (semantics B3). */
export function evaluate(snapshot: Snapshot, flow: Flow): FlowVerdict {
  const egress = evaluateDirection(snapshot, flow, 'egress');
  const ingress = evaluateDirection(snapshot, flow, 'ingress');
  const allowance = egress.allowance === 'allow' && ingress.allowance === 'allow' ? 'allow' : 'deny';
  return { allowance, egress, ingress };
}

/** The other side of a flow as one direction's rules see it. */
export interface OtherSide {
  readonly address: Address;
  /** null: no pod's address. */
  readonly pod: Pod | null;
}

/** What the stages of one direction judge. */
interface Asked {
  readonly snapshot: Snapshot;
  readonly direction: Direction;
  readonly pod: Pod;
  readonly side: OtherSide;
  readonly transport: Transport;
}

type Judgement = Pick<DirectionVerdict, 'reason' | 'isolatedBy' | 'admittedBy'>;

/** In order: the first that decides is final, null leaves it to the next; after the last: allowed. */
const STAGES: readonly ((asked: Asked) => Judgement | null)[] = [ownAddress, ownNode, networkPolicies];

/** One half of `evaluate`: what the policies of the pod at that end say; allowed where no known pod is. */
export function evaluateDirection(snapshot: Snapshot, flow: Flow, direction: Direction): DirectionVerdict {
  const [own, other] =
    direction === 'egress' ? [flow.source, flow.destination] : [flow.destination, flow.source];
  const pod = ownerOf(snapshot, own);
  const verdict = (judged: Judgement): DirectionVerdict => ({
    direction,
    subject: pod && podKey(pod.namespace, pod.name),
    allowance: judged.reason.startsWith('ALLOWED') ? 'allow' : 'deny',
    ...judged,
  });
  if (pod === null) return verdict(judgement(withoutOwner(snapshot, own, other)));
  const side: OtherSide = { address: other, pod: ownerOf(snapshot, other) };
  const asked: Asked = { snapshot, direction, pod, side, transport: flow.transport };
  for (const stage of STAGES) {
    const judged = stage(asked);
    if (judged !== null) return verdict(judged);
  }
  return verdict(judgement('ALLOWED_NOT_ISOLATED'));
}

function judgement(
  reason: Reason,
  isolating: readonly Policy[] = [],
  admittedBy: readonly RuleOrigin[] = [],
): Judgement {
  return { reason, isolatedBy: isolating.map(policyRef), admittedBy };
}

/** By owner and not by pod.addresses: an address the pod still claims may belong to another by now (I2). */
function ownAddress({ pod, side }: Asked): Judgement | null {
  return side.pod === pod ? judgement('ALLOWED_SELF') : null;
}

function ownNode({ snapshot, pod, side }: Asked): Judgement | null {
  return isOwnNode(snapshot, pod, side.address) ? judgement('ALLOWED_NODE_LOCAL') : null;
}

function networkPolicies({ snapshot, direction, pod, side, transport }: Asked): Judgement | null {
  const isolating = isolatingPolicies(snapshot, pod, direction);
  if (isolating.length === 0) return null;
  const admittedBy = isolating.flatMap((policy) =>
    (policy[direction] ?? [])
      .filter(
        (rule) =>
          peersMatch(snapshot, rule.peers, side) && portsMatch(rule.ports, direction, pod, side, transport),
      )
      .map((rule) => ({ policy: policyRef(policy), direction, index: rule.index })),
  );
  if (admittedBy.length > 0) return judgement('ALLOWED_BY_RULE', isolating, admittedBy);
  const silent = isolating.every((policy) => (policy[direction] ?? []).length === 0);
  return judgement(silent ? 'ISOLATED_NO_RULES' : 'NO_RULE_MATCHED', isolating);
}

function withoutOwner(snapshot: Snapshot, own: Address, other: Address): Reason {
  const quarantine = quarantineOf(snapshot, own);
  if (quarantine === null) return 'ALLOWED_NOT_ISOLATED';
  const local = snapshot.nodes.get(quarantine.node)?.addresses.includes(other) ?? false;
  return local ? 'ALLOWED_NODE_LOCAL' : 'QUARANTINED';
}

/** From and to the pod's own node is always allowed for NetworkPolicy (semantics H1, H2). */
export function isOwnNode(snapshot: Snapshot, pod: Pod, address: Address): boolean {
  return pod.node !== null && (snapshot.nodes.get(pod.node)?.addresses.includes(address) ?? false);
}

const byNamespace = new WeakMap<Snapshot, ReadonlyMap<string, readonly Policy[]>>();

/** The policies that isolate the pod in this direction, by name (semantics B1, B5). */
export function isolatingPolicies(snapshot: Snapshot, pod: Pod, direction: Direction): readonly Policy[] {
  return selectingPolicies(snapshot, pod).filter((policy) => policy[direction] !== null);
}

const bySubject = new WeakMap<Snapshot, WeakMap<Pod, readonly Policy[]>>();

/** Once per pod and snapshot: a matrix asks for the same pod in every cell. */
function selectingPolicies(snapshot: Snapshot, pod: Pod): readonly Policy[] {
  const known = bySubject.get(snapshot) ?? new WeakMap<Pod, readonly Policy[]>();
  bySubject.set(snapshot, known);
  const found =
    known.get(pod) ??
    policiesOf(snapshot, pod.namespace).filter((policy) => selects(policy.subject, pod.labels));
  known.set(pod, found);
  return found;
}

/** The policies of one namespace, by name. */
export function policiesOf(snapshot: Snapshot, namespace: string): readonly Policy[] {
  const known = byNamespace.get(snapshot);
  if (known) return known.get(namespace) ?? [];
  const grouped = new Map<string, Policy[]>();
  for (const policy of snapshot.policies.values()) {
    const list = grouped.get(policy.namespace);
    if (list) list.push(policy);
    else grouped.set(policy.namespace, [policy]);
  }
  for (const list of grouped.values()) list.sort((a, b) => (a.name < b.name ? -1 : 1));
  byNamespace.set(snapshot, grouped);
  return grouped.get(namespace) ?? [];
}

function peersMatch(snapshot: Snapshot, peers: Peers, side: OtherSide): boolean {
  return peers.kind === 'any' || peers.peers.some((peer) => peerMatches(snapshot, peer, side));
}

/** Peers of pods match by whose address it is, an ipBlock by the address alone, even if it is a pod’s. */
export function peerMatches(snapshot: Snapshot, peer: Peer, side: OtherSide): boolean {
  switch (peer.kind) {
    case 'pods': {
      if (side.pod === null) return false;
      const labels = snapshot.namespaces.get(side.pod.namespace)?.labels ?? null;
      return inGroup({ namespaces: peer.namespaces, pods: peer.pods }, side.pod, labels);
    }
    case 'ipBlock':
      return (
        cidrContains(peer.cidr, side.address) &&
        !peer.except.some((except) => cidrContains(except, side.address))
      );
    case 'nothing':
      return false;
  }
}

function portsMatch(
  ports: Ports,
  direction: Direction,
  subject: Pod,
  side: OtherSide,
  transport: Transport,
): boolean {
  if (ports.kind === 'any') return true;
  const resolver = direction === 'ingress' ? subject : side.pod;
  return ports.ports.some((match) => portMatches(match, resolver, transport));
}

/** `resolver` is the pod whose container ports give a named port its number: the destination, if it is a pod. */
export function portMatches(match: PortMatch, resolver: Pod | null, transport: Transport): boolean {
  if (transport.kind === 'other' || match.kind === 'nothing' || match.protocol !== transport.protocol)
    return false;
  switch (match.kind) {
    case 'all':
      return true;
    case 'range':
      return match.first <= transport.port && transport.port <= match.last;
    case 'named':
      return (
        resolver?.ports.some(
          (port) =>
            port.name === match.name && port.protocol === match.protocol && port.port === transport.port,
        ) ?? false
      );
  }
}
