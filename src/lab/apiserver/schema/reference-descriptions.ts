/**
 * What kubectl explain says of fields that hold another type: there the generated descriptions are silent, since
 * the Kubernetes client describes the type alone. Only the fields that somebody who writes policies meets.
 */
const byField: Readonly<Record<string, string>> = {
  'NetworkPolicySpec.podSelector':
    "The pods the policy applies to, by their labels, in the policy's own namespace. An empty selector selects all of them.",
  'NetworkPolicyPeer.podSelector':
    "Pods by their labels: in the namespaces that namespaceSelector selects, or without one in the policy's own namespace. An empty selector selects all pods there.",
  'NetworkPolicyPeer.namespaceSelector':
    'Namespaces by their labels. An empty selector selects all namespaces. With podSelector, both must match; alone, it selects all pods of these namespaces.',
  'NetworkPolicyPeer.ipBlock': 'A range of addresses. Cannot stand beside the selectors.',
  'DeploymentSpec.selector':
    'The pods that belong to the Deployment, by their labels; must match the labels of the template. Cannot be changed.',
  'DeploymentSpec.strategy': 'How existing pods are replaced with new ones.',
  'DeploymentSpec.template': 'What the pods of the Deployment are made from.',
  'ReplicaSetSpec.selector':
    'The pods that belong to the ReplicaSet, by their labels; must match the labels of the template. Cannot be changed.',
  'ReplicaSetSpec.template': 'What the pods of the ReplicaSet are made from.',
};

/** Fields that mean the same in every type that has them. */
const byName: Readonly<Record<string, string>> = {
  metadata: "Standard object's metadata: name, namespace, labels, annotations.",
  spec: 'Specification of the desired behavior.',
  status: 'Most recently observed status. Written by the system, read-only for users.',
};

export function referenceDescription(type: string, field: string): string {
  const own = byField[`${type}.${field}`];
  if (own !== undefined) return own;
  return Object.hasOwn(byName, field) ? (byName[field] ?? '') : '';
}
