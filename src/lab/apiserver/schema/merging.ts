/**
 * What merges in other ways than types.ts makes one think, by type and field (`*`: the type itself).
 * `set`, `map(keys)` with defaults of keys, `atomic`: for server-side apply, where other lists are atomic and
 * other maps are not. `merge(key)`: for strategic merge, where other lists are replaced.
 * Generated from the Go modules of Kubernetes v0.36.0 by deploy/kubernetes-tables.mjs.
 */
export const merging: Readonly<Record<string, string>> = {
  ConfigMapKeySelector: '*:atomic',
  Container: 'ports:map(containerPort,protocol=TCP)+merge(containerPort) env:map(name)+merge(name) volumeMounts:map(mountPath)+merge(mountPath) volumeDevices:map(devicePath)+merge(devicePath)',
  ContainerRestartRuleOnExitCodes: 'values:set',
  ContainerStatus: 'volumeMounts:map(mountPath)+merge(mountPath) allocatedResourcesStatus:map(name)+merge(name)',
  CustomResourceDefinitionStatus: 'conditions:map(type)',
  DeploymentStatus: 'conditions:map(type)+merge(type)',
  DiscoveryEndpointPort: '*:atomic',
  Endpoint: 'addresses:set',
  EndpointAddress: '*:atomic',
  EndpointPort: '*:atomic',
  EphemeralContainer: 'ports:map(containerPort,protocol=TCP)+merge(containerPort) env:map(name)+merge(name) volumeMounts:map(mountPath)+merge(mountPath) volumeDevices:map(devicePath)+merge(devicePath)',
  FileKeySelector: '*:atomic',
  JSONSchemaProps: 'x-kubernetes-validations:map(rule)',
  LabelSelector: '*:atomic',
  LocalObjectReference: '*:atomic',
  NamespaceStatus: 'conditions:map(type)+merge(type)',
  NodeAllocatableResourceClaimStatus: 'containers:set',
  NodeSelector: '*:atomic',
  NodeSelectorTerm: '*:atomic',
  NodeSpec: 'podCIDRs:set+merge()',
  NodeStatus: 'conditions:map(type)+merge(type) addresses:map(type)+merge(type)',
  ObjectFieldSelector: '*:atomic',
  ObjectMeta: 'ownerReferences:map(uid)+merge(uid) finalizers:set+merge()',
  ObjectReference: '*:atomic',
  OwnerReference: '*:atomic',
  PodSpec: 'volumes:map(name)+merge(name) initContainers:map(name)+merge(name) containers:map(name)+merge(name) ephemeralContainers:map(name)+merge(name) nodeSelector:atomic imagePullSecrets:map(name=)+merge(name) hostAliases:map(ip)+merge(ip) topologySpreadConstraints:map(topologyKey,whenUnsatisfiable)+merge(topologyKey) schedulingGates:map(name)+merge(name) resourceClaims:map(name)+merge(name)',
  PodStatus: 'conditions:map(type)+merge(type) hostIPs:merge(ip) podIPs:map(ip)+merge(ip) resourceClaimStatuses:map(name)+merge(name)',
  ReplicaSetStatus: 'conditions:map(type)+merge(type)',
  ResourceFieldSelector: '*:atomic',
  ResourceRequirements: 'claims:map(name)',
  ResourceStatus: 'resources:map(resourceID)',
  SecretKeySelector: '*:atomic',
  ServiceAccount: 'secrets:map(name)+merge(name)',
  ServiceSpec: 'ports:map(port,protocol=TCP)+merge(port) selector:atomic',
  ServiceStatus: 'conditions:map(type)+merge(type)',
  TypedLocalObjectReference: '*:atomic',
};
