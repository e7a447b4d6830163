/** A peer of a rule against the other side of the flow: the conditions that all have to hold. */

import type { Cidr } from '../model/address.ts';
import type { Pod } from '../model/cluster.ts';
import type { Path } from '../model/labels.ts';
import type { Peer, Policy } from '../model/policy.ts';
import { cidrContains, cidrRange } from '../net/cidr.ts';
import { subtractRanges } from '../net/range.ts';
import { endName, type Place } from '../world/place.ts';
import type { At } from '../world/world.ts';
import type { Condition } from './explanation.ts';
import { type DirectionQuestion, locate, podOf } from './judge.ts';
import { selectorConditions } from './selector-conditions.ts';
import type { Ternary } from './ternary.ts';

/** All of them have to hold; none: any pod will do. */
export function peerConditions(
  question: DirectionQuestion,
  policy: Policy,
  peer: Peer,
): readonly Condition[] {
  const at = (path: Path): At | null => locate(question, policy, path);
  switch (peer.kind) {
    case 'pods': {
      const pod = podOf(question.other);
      if (pod === null) {
        const have = `${otherText(question)}, not a pod's address`;
        return [{ type: 'pod', want: 'pods', have, ok: false, at: at(peer.path) }];
      }
      return [
        ...namespaceConditions(question, peer, pod, at),
        ...selectorConditions(
          'pod label',
          peer.pods,
          { labels: pod.labels, complete: true },
          at,
          at([...peer.path, 'podSelector']),
        ),
      ];
    }
    case 'ipBlock':
      return blockConditions(question, peer, at);
    case 'nothing': {
      const want = `an invalid peer, which matches nothing: ${peer.problem}`;
      return [{ type: 'peer', want, have: endName(question.other), ok: false, at: at(peer.path) }];
    }
  }
}

function namespaceConditions(
  { world }: DirectionQuestion,
  peer: Peer & { readonly kind: 'pods' },
  pod: Pod,
  at: (path: Path) => At | null,
): readonly Condition[] {
  const scope = peer.namespaces;
  if (scope.kind === 'named') {
    const ok = scope.name === pod.namespace;
    return [{ type: 'namespace', want: scope.name, have: pod.namespace, ok, at: at(peer.path) }];
  }
  const labels = world.snapshot.namespaces.get(pod.namespace)?.labels;
  return selectorConditions(
    'namespace label',
    scope.selector,
    { labels: labels ?? new Map(), complete: labels !== undefined && !world.undescribed.has(pod.namespace) },
    at,
    at([...peer.path, 'namespaceSelector']),
  );
}

function blockConditions(
  question: DirectionQuestion,
  peer: Peer & { readonly kind: 'ipBlock' },
  at: (path: Path) => At | null,
): readonly Condition[] {
  const { place } = question;
  const path = [...peer.path, 'ipBlock'];
  const have = otherText(question);
  const inside = contains(peer.cidr, place);
  const block: Condition = {
    type: 'ipBlock',
    want: peer.cidr,
    have,
    ok: inside,
    at: at([...path, 'cidr']),
  };
  if (inside === false) return [block];
  const excepts = peer.except.flatMap((except, index): readonly Condition[] => {
    const hit = contains(except, place);
    if (hit === false) return [];
    const ok = hit === true ? false : null;
    return [{ type: 'except', want: `not ${except}`, have, ok, at: at([...path, 'except', index]) }];
  });
  return [block, ...excepts];
}

/** Of all the addresses the place may have: all of them, none, or some. */
export function contains(cidr: Cidr, { address, among }: Place): Ternary {
  if (among === null) return cidrContains(cidr, address);
  const outside = subtractRanges(among, [cidrRange(cidr)]);
  if (outside.length === 0) return true;
  const size = (ranges: typeof outside): bigint =>
    ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
  return size(outside) === size(among) ? false : null;
}

function otherText({ other, place }: DirectionQuestion): string {
  if (place.among === null) {
    return other.kind === 'address' ? place.address : `${place.address} (${endName(other)})`;
  }
  return other.kind === 'internet' ? 'some internet address' : `${endName(other)}, address unknown`;
}
