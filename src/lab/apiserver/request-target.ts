import type { Catalog } from './catalog.ts';
import type { GroupVersion, Resource } from './resources.ts';

/** What a path under /api or /apis means. */
export type RequestTarget =
  | { readonly kind: 'discovery'; readonly group: string; readonly version: string }
  | {
      readonly kind: 'collection';
      readonly resource: Resource;
      /** Empty for all namespaces. */
      readonly namespace: string;
      /** The path form `/watch/...` of old clients. */
      readonly watch: boolean;
    }
  | {
      readonly kind: 'object';
      readonly resource: Resource;
      readonly namespace: string;
      readonly name: string;
      /** Empty for the object itself. */
      readonly subresource: string;
    };

export type CollectionTarget = Extract<RequestTarget, { kind: 'collection' }>;
export type ObjectTarget = Extract<RequestTarget, { kind: 'object' }>;

/** Null for what this server does not have. Segments are decoded. */
export function targetOf(catalog: Catalog, path: string): RequestTarget | null {
  let segments: string[];
  try {
    segments = path.split('/').slice(1).map(decodeURIComponent);
  } catch {
    return null;
  }
  if (segments.at(-1) === '') segments.pop();
  const root = segments.shift();
  let group = '';
  if (root === 'apis') {
    group = segments.shift() ?? '';
    if (group === '') return null;
  } else if (root !== 'api') return null;
  const version = segments.shift();
  if (version === undefined) return null;
  if (segments.length === 0) return { kind: 'discovery', group, version };
  const watch = segments[0] === 'watch';
  if (watch) segments.shift();
  return resourceTarget(catalog, { group, version }, segments, watch);
}

function resourceTarget(
  catalog: Catalog,
  { group, version }: GroupVersion,
  segments: readonly string[],
  watch: boolean,
): RequestTarget | null {
  const [first, second, third, ...rest] = segments;
  if (first === 'namespaces' && second !== undefined && third !== undefined) {
    const resource = catalog.at(group, version, third);
    if (resource?.namespaced === true) return inside(resource, second, rest, watch);
  }
  const resource = first === undefined ? null : catalog.at(group, version, first);
  if (resource === null) return null;
  const tail = segments.slice(1);
  // `/api/v1/pods/x` is no path of a namespaced resource.
  if (resource.namespaced && tail.length > 0) return null;
  return inside(resource, '', tail, watch);
}

function inside(
  resource: Resource,
  namespace: string,
  tail: readonly string[],
  watch: boolean,
): RequestTarget | null {
  const [name, ...subresource] = tail;
  if (name === undefined || name === '') return { kind: 'collection', resource, namespace, watch };
  if (watch) return null;
  return { kind: 'object', resource, namespace, name, subresource: subresource.join('/') };
}

/** The path of an object, for clients and messages. */
export function pathOf(resource: Resource, namespace: string, name: string): string {
  const root = resource.group === '' ? '/api' : `/apis/${resource.group}`;
  const scope = namespace === '' ? '' : `/namespaces/${namespace}`;
  const tail = name === '' ? resource.plural : `${resource.plural}/${name}`;
  return `${root}/${resource.version}${scope}/${tail}`;
}
