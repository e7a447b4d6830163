/** The resources this server knows: one table that routes, discovery, OpenAPI and the store are built from. */
export type ResourceName =
  | 'namespaces'
  | 'pods'
  | 'nodes'
  | 'services'
  | 'endpoints'
  | 'events'
  | 'configmaps'
  | 'secrets'
  | 'serviceaccounts'
  | 'networkpolicies'
  | 'deployments'
  | 'replicasets'
  | 'endpointslices';

export type Subresource = 'status' | 'scale' | 'binding' | 'eviction';

export interface Resource {
  readonly name: ResourceName;
  readonly singular: string;
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly Subresource[];
}

const core = { group: '', version: 'v1', categories: [], subresources: [], shortNames: [] } as const;
const apps = { group: 'apps', version: 'v1', namespaced: true, categories: ['all'] } as const;
const all = ['all'] as const;

export const resources: readonly Resource[] = [
  {
    ...core,
    name: 'configmaps',
    singular: 'configmap',
    kind: 'ConfigMap',
    namespaced: true,
    shortNames: ['cm'],
  },
  {
    ...core,
    name: 'endpoints',
    singular: 'endpoints',
    kind: 'Endpoints',
    namespaced: true,
    shortNames: ['ep'],
  },
  { ...core, name: 'events', singular: 'event', kind: 'Event', namespaced: true, shortNames: ['ev'] },
  {
    ...core,
    name: 'namespaces',
    singular: 'namespace',
    kind: 'Namespace',
    namespaced: false,
    shortNames: ['ns'],
    subresources: ['status'],
  },
  {
    ...core,
    name: 'nodes',
    singular: 'node',
    kind: 'Node',
    namespaced: false,
    shortNames: ['no'],
    subresources: ['status'],
  },
  {
    ...core,
    name: 'pods',
    singular: 'pod',
    kind: 'Pod',
    namespaced: true,
    shortNames: ['po'],
    categories: all,
    subresources: ['status', 'binding', 'eviction'],
  },
  { ...core, name: 'secrets', singular: 'secret', kind: 'Secret', namespaced: true },
  {
    ...core,
    name: 'serviceaccounts',
    singular: 'serviceaccount',
    kind: 'ServiceAccount',
    namespaced: true,
    shortNames: ['sa'],
  },
  {
    ...core,
    name: 'services',
    singular: 'service',
    kind: 'Service',
    namespaced: true,
    shortNames: ['svc'],
    categories: all,
    subresources: ['status'],
  },
  {
    ...apps,
    name: 'deployments',
    singular: 'deployment',
    kind: 'Deployment',
    shortNames: ['deploy'],
    subresources: ['status', 'scale'],
  },
  {
    ...apps,
    name: 'replicasets',
    singular: 'replicaset',
    kind: 'ReplicaSet',
    shortNames: ['rs'],
    subresources: ['status', 'scale'],
  },
  {
    group: 'discovery.k8s.io',
    version: 'v1',
    name: 'endpointslices',
    singular: 'endpointslice',
    kind: 'EndpointSlice',
    namespaced: true,
    shortNames: [],
    categories: [],
    subresources: [],
  },
  {
    group: 'networking.k8s.io',
    version: 'v1',
    name: 'networkpolicies',
    singular: 'networkpolicy',
    kind: 'NetworkPolicy',
    namespaced: true,
    shortNames: ['netpol'],
    categories: [],
    subresources: [],
  },
];

export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

export function groupVersions(): readonly GroupVersion[] {
  const seen = new Map<string, GroupVersion>();
  for (const { group, version } of resources) seen.set(`${group}/${version}`, { group, version });
  return [...seen.values()];
}

/** `v1`, `apps/v1`. */
export function apiVersionOf({ group, version }: GroupVersion): string {
  return group === '' ? version : `${group}/${version}`;
}

/** How the server's messages name a resource: `pods`, `networkpolicies.networking.k8s.io`. */
export function qualifiedName({ name, group }: Resource): string {
  return group === '' ? name : `${name}.${group}`;
}

export function resourceNamed(name: ResourceName): Resource {
  const found = resources.find((resource) => resource.name === name);
  if (found === undefined) throw new TypeError(`unknown resource ${name}`);
  return found;
}

export function resourceAt(group: string, version: string, name: string): Resource | null {
  return resources.find((r) => r.group === group && r.version === version && r.name === name) ?? null;
}

/** By `apiVersion` and `kind`, as manifests name things. */
export function resourceOfKind(apiVersion: string, kind: string): Resource | null {
  return resources.find((r) => apiVersionOf(r) === apiVersion && r.kind === kind) ?? null;
}
