/** Where the ends themselves decide before any policy, and where a verdict would rest on a fact that nobody gave. */
import type { Pod } from '../model/cluster.ts';
import { ownerOf } from '../policy/owner.ts';
import { nodesOfRange } from '../policy/quarantine.ts';
import { type End, podName } from '../world/place.ts';
import type { World } from '../world/world.ts';
import type { JudgedDirection } from './direction.ts';
import type { MissingFact } from './explanation.ts';
import type { FlowQuestion } from './flow-question.ts';
import { podOf } from './judge.ts';
import type { ReasonCode } from './reasons.ts';

/** A NodePort is the node's, but what comes to it goes on to a pod: dialled directly, nobody here is judged. */
export function forwardedByNode(world: World, { destination, port, via }: FlowQuestion): MissingFact | null {
  const [host = null] = hostsOf(world, destination);
  if (host === null || via !== null || port.scope !== 'one') return null;
  const service = [...world.services.values()].find(({ ports }) =>
    ports.some(({ protocol, nodePort }) => nodePort === port.number && protocol === port.protocol),
  );
  if (service === undefined) return null;
  const name = `svc/${service.namespace}/${service.name}`;
  return {
    code: 'UNKNOWN_NODE_PORT',
    fact: `which pod answers: ${port.text} is the NodePort of ${name}, and node ${host} forwards it to an endpoint, often in its own name`,
    hint: `explain the way to ${name} or to its pods, or use matrix --probe --services in the lab`,
  };
}

/** Itself, and its own node: no policy has a say (semantics H1, H2, H4). */
export function specialReason(world: World, source: End, destination: End): ReasonCode | null {
  const [from, to] = [podOf(source), podOf(destination)];
  if (from !== null && from === to) return 'ALLOWED_SELF';
  if (from !== null && hostsOf(world, destination).includes(from.node)) return 'ALLOWED_NODE_LOCAL';
  if (to !== null && hostsOf(world, source).includes(to.node)) return 'ALLOWED_NODE_LOCAL';
  return null;
}

/** The node whose own network this end is, if it is one. */
function hostsOf(world: World, end: End): readonly (string | null)[] {
  switch (end.kind) {
    case 'node':
      return [end.node.name];
    case 'pod':
      return end.pod.hostNetwork && end.pod.node !== null ? [end.pod.node] : [];
    case 'address':
      return [...world.snapshot.nodes.values()]
        .filter((node) => node.addresses.includes(end.address))
        .map((node) => node.name);
    case 'internet':
      return [];
  }
}

/** A denial that a fact nobody gave could turn round is unknown. */
export function withDoubts(world: World, judged: JudgedDirection, subject: Pod, other: End): JudgedDirection {
  return withBridgeDoubt(world, withNodeDoubt(judged, subject, other), subject, other);
}

/** Denied to or from a host: but is it the pod's own node? */
function withNodeDoubt(judged: JudgedDirection, subject: Pod, other: End): JudgedDirection {
  const host = other.kind === 'node' || (other.kind === 'pod' && other.pod.hostNetwork);
  if (!host || judged.report.verdict === 'allowed') return judged;
  const blind =
    subject.node === null ? subject : other.kind === 'pod' && other.pod.node === null ? other.pod : null;
  if (blind === null) return judged;
  const name = podName(blind);
  return unknown(judged, {
    code: 'UNKNOWN_NODE',
    fact: `which node ${name} runs on: a pod and its own node always reach each other`,
    hint: `add spec.nodeName to ${name}, or ask the cluster`,
  });
}

/** Denied to or from an address that no pod has: but is it the bridge of the pod's own node? */
function withBridgeDoubt(
  { snapshot }: World,
  judged: JudgedDirection,
  subject: Pod,
  other: End,
): JudgedDirection {
  if (other.kind !== 'address' || judged.report.verdict !== 'denied') return judged;
  const { address } = other;
  const own = nodesOfRange(snapshot, address).some(({ name }) => name === subject.node);
  if (!own || ownerOf(snapshot, address) !== null) return judged;
  return unknown(judged, {
    code: 'UNKNOWN_ADDRESS',
    fact: `whose ${address} is: it lies in the pod range of ${subject.node}, no pod has it, and a pod and its own node always reach each other, by the address of the node's bridge too`,
    hint: `ask the node: ip address show to ${address}`,
  });
}

/** With the fact that is missing. */
export function unknown(judged: JudgedDirection, fact: MissingFact): JudgedDirection {
  return {
    report: { ...judged.report, verdict: 'unknown', reason: fact.code },
    missing: [...judged.missing, fact],
  };
}
