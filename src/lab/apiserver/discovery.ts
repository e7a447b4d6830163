import type { Catalog } from './catalog.ts';
import type { Json, JsonObject } from './json.ts';
import { apiVersionOf, type GroupVersion, type Resource } from './resources.ts';

/** Discovery documents, all derived from the kinds that are served. */
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

export const versionDocument: JsonObject = {
  major: '1',
  minor: '32',
  gitVersion: 'v1.32.0-policyd-lab',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'none',
  platform: 'policyd/lab',
};

export const apiVersionsDocument: JsonObject = {
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [],
};

/** `/apis`: every group but the core, with its versions. */
export function groupListDocument(catalog: Catalog): JsonObject {
  const groups = groupNames(catalog).map((group) => groupBody(catalog, group));
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}

/** Null for a group that is not served. */
export function groupDocument(catalog: Catalog, group: string): JsonObject | null {
  if (!groupNames(catalog).includes(group)) return null;
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupBody(catalog, group) };
}

function groupNames(catalog: Catalog): readonly string[] {
  return [...new Set(catalog.groupVersions().map(({ group }) => group))].filter((group) => group !== '');
}

function groupBody(catalog: Catalog, group: string): JsonObject {
  const versions = catalog
    .versionsOf(group)
    .map((item) => ({ groupVersion: apiVersionOf(item), version: item.version }));
  return { name: group, versions, preferredVersion: versions[0] ?? null };
}

/** Null for a version of a group that is not served. */
export function resourceListDocument(catalog: Catalog, { group, version }: GroupVersion): JsonObject | null {
  const own = catalog.served().filter((resource) => resource.group === group && resource.version === version);
  if (own.length === 0) return null;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version }),
    resources: own.flatMap(entries),
  };
}

function entries(resource: Resource): readonly Json[] {
  const { plural, singular, kind, namespaced, shortNames, categories } = resource;
  const main: JsonObject = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: resource.name === 'namespaces' ? verbs.filter((verb) => verb !== 'deletecollection') : verbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  };
  return [main, ...resource.subresources.map((subresource) => subresourceEntry(resource, subresource))];
}

function subresourceEntry(resource: Resource, subresource: Resource['subresources'][number]): JsonObject {
  const base = {
    name: `${resource.plural}/${subresource}`,
    singularName: '',
    namespaced: resource.namespaced,
  };
  switch (subresource) {
    case 'status':
      return { ...base, kind: resource.kind, verbs: ['get', 'patch', 'update'] };
    case 'scale':
      return {
        ...base,
        group: 'autoscaling',
        version: 'v1',
        kind: 'Scale',
        verbs: ['get', 'patch', 'update'],
      };
    case 'binding':
      return { ...base, kind: 'Binding', verbs: ['create'] };
    case 'eviction':
      return { ...base, group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] };
  }
}
