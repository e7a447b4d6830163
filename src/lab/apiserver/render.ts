import type { IncomingMessage } from 'node:http';
import type { Json, JsonObject, KubeObject } from './json.ts';
import { apiVersionOf, type Resource } from './resources.ts';
import { StatusError } from './status.ts';
import { columnsOf, rowOf } from './table/table.ts';

/** The shape a client asked for. */
export type Media = 'object' | 'table' | 'partial';

/** `Accept`, in the order of the client's wishes; JSON is the only encoding. */
export function mediaFrom(request: IncomingMessage): Media {
  const accept = request.headers.accept ?? '*/*';
  for (const wish of accept.split(',')) {
    const [type = '', ...parameters] = wish.split(';').map((part) => part.trim().toLowerCase());
    if (!['application/json', 'application/*', '*/*', ''].includes(type)) continue;
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3);
    const group = parameters.find((parameter) => parameter.startsWith('g='))?.slice(2);
    const version = parameters.find((parameter) => parameter.startsWith('v='))?.slice(2);
    if (as === undefined) return 'object';
    if (group !== 'meta.k8s.io' || version !== 'v1') continue;
    if (as === 'table') return 'table';
    if (as === 'partialobjectmetadata' || as === 'partialobjectmetadatalist') return 'partial';
  }
  throw new StatusError(
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json',
  );
}

export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface Rendering {
  readonly media: Media;
  readonly resource: Resource;
  readonly now: Date;
  readonly includeObject: IncludeObject;
}

/** A list in the shape that was asked for, its items in the version of the request. */
export function renderList(rendering: Rendering, meta: ListMeta, stored: readonly KubeObject[]): JsonObject {
  const metadata = { ...meta };
  const { resource } = rendering;
  const items = stored.map((object) => inVersion(resource, object));
  switch (rendering.media) {
    case 'object':
      return { kind: resource.listKind, apiVersion: apiVersionOf(resource), metadata, items };
    case 'partial':
      return {
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata,
        items: items.map(partial),
      };
    case 'table':
      return table(rendering, metadata, items, true);
  }
}

/** `columns` is false for the later events of a watch, which repeat nothing. */
export function renderObject(rendering: Rendering, object: KubeObject, columns = true): JsonObject {
  switch (rendering.media) {
    case 'object':
      return inVersion(rendering.resource, object);
    case 'partial':
      return partial(object);
    case 'table': {
      const shown = inVersion(rendering.resource, object);
      return table(rendering, { resourceVersion: object.metadata.resourceVersion }, [shown], columns);
    }
  }
}

/** A stored object in the version of a request: the versions of a kind differ in apiVersion alone. */
export function inVersion(resource: Resource, object: KubeObject): KubeObject {
  const apiVersion = apiVersionOf(resource);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

function partial(object: KubeObject): JsonObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

function table(
  { resource, now, includeObject }: Rendering,
  metadata: JsonObject,
  items: readonly KubeObject[],
  columns: boolean,
): JsonObject {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns ? columnsOf(resource) : [],
    rows: items.map((object) => ({
      cells: rowOf(resource, object, now),
      ...rowObject(object, includeObject),
    })),
  };
}

function rowObject(object: KubeObject, include: IncludeObject): { readonly object?: Json } {
  if (include === 'None') return {};
  return { object: include === 'Object' ? object : partial(object) };
}
