import type { Structural } from './custom/structural.ts';
import type { JsonObject } from './json.ts';
import type { Column } from './table/column.ts';

/** The kinds the server has of itself: one table that request targets, discovery, OpenAPI and the store are built from. */
export type BuiltInName =
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
  | 'endpointslices'
  | 'customresourcedefinitions';

/** `widgets.example.com`, from a CustomResourceDefinition. */
export type CustomName = `${string}.${string}`;

/** What tells resources apart in the store, whatever their version. */
export type ResourceName = BuiltInName | CustomName;

export type Subresource = 'status' | 'scale' | 'binding' | 'eviction';

interface Served {
  /** The last segment of its paths. */
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly group: string;
  readonly version: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly Subresource[];
}

export interface BuiltInResource extends Served {
  readonly name: BuiltInName;
  readonly custom: null;
}

/** One version of a custom kind. */
export interface CustomResource extends Served {
  readonly name: CustomName;
  readonly custom: {
    /** `openAPIV3Schema` as it was given. */
    readonly schema: JsonObject;
    readonly structural: Structural;
    readonly columns: readonly Column[];
    /** Fields a fieldSelector may name, beside name and namespace. */
    readonly selectable: readonly string[];
    readonly scale: ScalePaths | null;
  };
}

export interface ScalePaths {
  readonly spec: readonly string[];
  readonly status: readonly string[];
  /** Empty when there is none. */
  readonly selector: readonly string[];
}

export type Resource = BuiltInResource | CustomResource;

type Entry = Omit<BuiltInResource, 'plural' | 'listKind' | 'custom'>;

const core = { group: '', version: 'v1', categories: [], subresources: [], shortNames: [] } as const;
const apps = { group: 'apps', version: 'v1', namespaced: true, categories: ['all'] } as const;
const all = ['all'] as const;

const table: readonly Entry[] = [
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
  {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    name: 'customresourcedefinitions',
    singular: 'customresourcedefinition',
    kind: 'CustomResourceDefinition',
    namespaced: false,
    shortNames: ['crd', 'crds'],
    categories: ['api-extensions'],
    subresources: ['status'],
  },
];

export const builtIns: readonly BuiltInResource[] = table.map((entry) => ({
  ...entry,
  plural: entry.name,
  listKind: `${entry.kind}List`,
  custom: null,
}));

export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** `v1`, `apps/v1`. */
export function apiVersionOf({ group, version }: GroupVersion): string {
  return group === '' ? version : `${group}/${version}`;
}

/** How the server's messages name a resource: `pods`, `networkpolicies.networking.k8s.io`. */
export function qualifiedName({ plural, group }: Resource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** One of the server's own kinds by its name. */
export function builtIn(name: BuiltInName): BuiltInResource {
  const found = builtIns.find((resource) => resource.name === name);
  if (found === undefined) throw new TypeError(`unknown resource ${name}`);
  return found;
}

/** One of the server's own kinds, by `apiVersion` and `kind`, as manifests name things. */
export function builtInOfKind(apiVersion: string, kind: string): BuiltInResource | null {
  return builtIns.find((r) => apiVersionOf(r) === apiVersion && r.kind === kind) ?? null;
}
