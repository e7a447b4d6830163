/** Pods by meaning: the peers of a rule. Host-network pods are never in a group (semantics H3). */
import type { Pod } from '../model/cluster.ts';
import type { PodGroup } from '../model/endpoint.ts';
import type { Labels } from '../model/labels.ts';
import type { NamespaceScope } from '../model/policy.ts';
import { canonicalSelector, selects } from './selector.ts';

/** Injective: two groups have one key iff scope and canonical selector are the same. */
export function groupKey({ namespaces, pods }: PodGroup): string {
  const scope =
    namespaces.kind === 'named'
      ? ['named', namespaces.name]
      : ['selected', canonicalSelector(namespaces.selector)];
  return JSON.stringify([...scope, canonicalSelector(pods)]);
}

/** `namespaceLabels` is null when the Namespace is not known. */
export function inGroup(group: PodGroup, pod: Pod, namespaceLabels: Labels | null): boolean {
  return (
    !pod.hostNetwork &&
    inScope(group.namespaces, pod.namespace, namespaceLabels) &&
    selects(group.pods, pod.labels)
  );
}

/** An unknown namespace is only in a scope that asks for nothing: a NotIn on unknown labels would open. */
export function inScope(scope: NamespaceScope, namespace: string, labels: Labels | null): boolean {
  if (scope.kind === 'named') return scope.name === namespace;
  if (labels !== null) return selects(scope.selector, labels);
  return scope.selector.kind === 'requirements' && scope.selector.requirements.length === 0;
}
