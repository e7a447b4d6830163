/**
 * Whose business an address is that no pod owns: in the pod range of a node on which a pod waits for its
 * address and would be isolated, it may be that pod's, and everything from or to it is denied. Part of the
 * meaning, like `evaluate`, and like that apart from how the compiler decides the same.
 */
import { type Address, type Cidr, type Family, familyOf } from '../model/address.ts';
import { holdsAddresses, type Node, type Pod, type PodKey, podKey, type Snapshot } from '../model/cluster.ts';
import { DIRECTIONS, type Policy } from '../model/policy.ts';
import { cidrContains } from '../net/cidr.ts';
import { awaitsAddress, ownerOf } from './owner.ts';
import { selects } from './selector.ts';

export interface Quarantine {
  readonly node: string;
  /** The pods that wait for an address and could be isolated, sorted. */
  readonly waiting: readonly PodKey[];
}

/** null: a pod owns it, or nothing is waited for where it could come from. */
export function quarantineOf(snapshot: Snapshot, address: Address): Quarantine | null {
  if (ownerOf(snapshot, address) !== null) return null;
  const closed = closedNodes(snapshot).find(({ ranges }) =>
    ranges.some((range) => cidrContains(range, address)),
  );
  return closed === undefined ? null : { node: closed.node, waiting: closed.waiting };
}

/** The nodes in whose pod ranges this address lies. */
export function nodesOfRange(snapshot: Snapshot, address: Address): readonly Node[] {
  return [...snapshot.nodes.values()].filter(({ podCidrs }) =>
    podCidrs.some((range) => cidrContains(range, address)),
  );
}

/**
 * The node's pod ranges as far as they tell its pods from others: per family, all of them while every pod
 * of the node lies inside and no other pod does, else none.
 */
export function usableRanges(snapshot: Snapshot, node: string): readonly Cidr[] {
  const ranges = snapshot.nodes.get(node)?.podCidrs ?? [];
  const spoilt = new Set<Family>();
  for (const pod of snapshot.pods.values()) {
    if (!holdsAddresses(pod)) continue;
    for (const address of pod.addresses) {
      const inside = ranges.some((range) => cidrContains(range, address));
      if (inside !== (pod.node === node)) spoilt.add(familyOf(address));
    }
  }
  return ranges.filter((range) => !spoilt.has(familyOf(range)));
}

interface ClosedNode extends Quarantine {
  readonly ranges: readonly Cidr[];
}

const closedBySnapshot = new WeakMap<Snapshot, readonly ClosedNode[]>();

function closedNodes(snapshot: Snapshot): readonly ClosedNode[] {
  const known = closedBySnapshot.get(snapshot);
  if (known) return known;
  const policies = [...snapshot.policies.values()];
  const waiting = new Map<string, PodKey[]>();
  for (const pod of snapshot.pods.values()) {
    if (pod.node === null || !awaitsAddress(pod) || !couldBeIsolated(snapshot, pod, policies)) continue;
    const key = podKey(pod.namespace, pod.name);
    const others = waiting.get(pod.node);
    if (others) others.push(key);
    else waiting.set(pod.node, [key]);
  }
  const closed = [...waiting].map(([node, pods]) => ({
    node,
    waiting: pods.sort(),
    ranges: usableRanges(snapshot, node),
  }));
  closedBySnapshot.set(snapshot, closed);
  return closed;
}

/** The policies of a namespace that is not known may be unknown as well. */
function couldBeIsolated(snapshot: Snapshot, pod: Pod, policies: readonly Policy[]): boolean {
  if (!snapshot.namespaces.has(pod.namespace)) return true;
  return policies.some(
    (policy) =>
      policy.namespace === pod.namespace &&
      DIRECTIONS.some((direction) => policy[direction] !== null) &&
      selects(policy.subject, pod.labels),
  );
}
