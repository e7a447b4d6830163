/** The policies of one pod's namespace -> what they come to for this pod: stages of rules, ports by number. */
import { type Pod, podKey } from '../model/cluster.ts';
import type {
  DirectionPolicy,
  EndpointPolicy,
  NamedPort,
  ResolvedPeer,
  ResolvedPeers,
  ResolvedPorts,
  StageRule,
} from '../model/endpoint.ts';
import type { Direction, Peer, Peers, Policy, PolicyRule, Ports } from '../model/policy.ts';
import { policyRef } from '../model/policy-ref.ts';
import type { PortRange } from '../model/protocol.ts';
import { mergePorts } from '../net/ports.ts';
import { selects } from './selector.ts';

/** `policies` in any order, of any namespace; those of the pod's own that select it count (semantics B5). */
export function resolveEndpoint(pod: Pod, policies: readonly Policy[]): EndpointPolicy {
  const applicable = pod.hostNetwork
    ? []
    : policies
        .filter((policy) => policy.namespace === pod.namespace && selects(policy.subject, pod.labels))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    pod: podKey(pod.namespace, pod.name),
    uid: pod.uid,
    addresses: pod.addresses,
    ingress: resolveDirection('ingress', pod, applicable),
    egress: resolveDirection('egress', pod, applicable),
  };
}

function resolveDirection(direction: Direction, pod: Pod, policies: readonly Policy[]): DirectionPolicy {
  const isolating = policies.filter((policy) => policy[direction] !== null);
  if (isolating.length === 0) return { stages: [] };
  const rules = isolating.flatMap((policy) => resolveRules(direction, pod, policy));
  return { stages: [{ rules, otherwise: 'deny' }] };
}

const resolved = new WeakMap<Policy, Map<string, readonly StageRule[]>>();
/** Pods come and go for as long as a policy stays, and may all have other ports. */
const MOST_REMEMBERED = 64;

/** The same objects for all pods to which the rules come out the same: what is made of them is made once. */
function resolveRules(direction: Direction, pod: Pod, policy: Policy): readonly StageRule[] {
  const rules = policy[direction] ?? [];
  const known = resolved.get(policy) ?? new Map<string, readonly StageRule[]>();
  resolved.set(policy, known);
  const key = `${direction} ${direction === 'ingress' && rules.some(namesPorts) ? JSON.stringify(pod.ports) : ''}`;
  const found = known.get(key) ?? rules.map((rule) => resolveRule(direction, pod, policy, rule));
  if (known.size >= MOST_REMEMBERED) known.clear();
  known.set(key, found);
  return found;
}

function namesPorts({ ports }: PolicyRule): boolean {
  return ports.kind === 'some' && ports.ports.some(({ kind }) => kind === 'named');
}

function resolveRule(direction: Direction, pod: Pod, policy: Policy, rule: PolicyRule): StageRule {
  return {
    peers: resolvePeers(rule.peers),
    ports: resolvePorts(direction, pod, rule.ports),
    origin: { policy: policyRef(policy), direction, index: rule.index },
  };
}

function resolvePeers(peers: Peers): ResolvedPeers {
  if (peers.kind === 'any') return peers;
  return { kind: 'some', peers: peers.peers.flatMap(resolvePeer) };
}

function resolvePeer(peer: Peer): readonly ResolvedPeer[] {
  switch (peer.kind) {
    case 'pods':
      return [{ kind: 'pods', group: { namespaces: peer.namespaces, pods: peer.pods }, path: peer.path }];
    case 'ipBlock':
      return [peer];
    case 'nothing':
      return [];
  }
}

function resolvePorts(direction: Direction, pod: Pod, ports: Ports): ResolvedPorts {
  if (ports.kind === 'any') return ports;
  const ranges: PortRange[] = [];
  const named = new Map<string, NamedPort>();
  for (const match of ports.ports) {
    switch (match.kind) {
      case 'all':
        ranges.push({ protocol: match.protocol, first: 0, last: 65535 });
        break;
      case 'range':
        ranges.push({ protocol: match.protocol, first: match.first, last: match.last });
        break;
      case 'named':
        if (direction === 'egress')
          named.set(`${match.protocol}/${match.name}`, { protocol: match.protocol, name: match.name });
        else for (const range of ownNumbers(pod, match)) ranges.push(range);
        break;
      case 'nothing':
        break;
    }
  }
  return { kind: 'some', ranges: mergePorts(ranges), named: [...named.values()] };
}

/** Name and protocol must match; the union over the pod's containers (semantics F4, F6, F7). */
function ownNumbers(pod: Pod, { protocol, name }: NamedPort): readonly PortRange[] {
  return pod.ports
    .filter((port) => port.name === name && port.protocol === protocol)
    .map(({ port }) => ({ protocol, first: port, last: port }));
}
