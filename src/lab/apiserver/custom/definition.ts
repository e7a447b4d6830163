import { at, isObject, type JsonObject, type KubeObject, listAt, objectAt, textAt } from '../json.ts';
import type { CustomName, CustomResource, Subresource } from '../resources.ts';
import { isEstablished } from './acceptance.ts';
import { customColumns } from './columns.ts';
import { fieldsOfPath, parseJsonPath } from './json-path.ts';
import { structuralOf } from './structural.ts';

/** What one established CustomResourceDefinition brings: the version its objects are stored in, and those served. */
export interface CustomKind {
  readonly name: CustomName;
  readonly stored: CustomResource;
  readonly served: readonly CustomResource[];
  /** It is being deleted: nothing new is created. */
  readonly ending: boolean;
}

/** Null while the definition is not established. */
export function customKindOf(definition: KubeObject): CustomKind | null {
  if (!isEstablished(definition)) return null;
  const versions = listAt(definition, 'spec', 'versions').filter(isObject);
  const storage = versions.find((version) => version.storage === true);
  if (storage === undefined) return null;
  const stored = resourceOf(definition, storage);
  const served = versions
    .filter((version) => version.served === true)
    .map((version) => (version === storage ? stored : resourceOf(definition, version)));
  const ending = definition.metadata.deletionTimestamp !== undefined;
  return { name: stored.name, stored, served, ending };
}

function resourceOf(definition: KubeObject, version: JsonObject): CustomResource {
  const group = textAt(definition, 'spec', 'group');
  const names = objectAt(definition, 'status', 'acceptedNames');
  const plural = textAt(names, 'plural');
  const schema = objectAt(version, 'schema', 'openAPIV3Schema');
  return {
    name: customName(plural, group),
    plural,
    singular: textAt(names, 'singular'),
    kind: textAt(names, 'kind'),
    listKind: textAt(names, 'listKind'),
    group,
    version: textAt(version, 'name'),
    namespaced: textAt(definition, 'spec', 'scope') === 'Namespaced',
    shortNames: listAt(names, 'shortNames').map(String),
    categories: listAt(names, 'categories').map(String),
    subresources: subresourcesOf(version),
    custom: {
      schema,
      structural: structuralOf(schema),
      columns: customColumns(version),
      selectable: listAt(version, 'selectableFields').map((field) => textAt(field, 'jsonPath').slice(1)),
      scale: scaleOf(version),
    },
  };
}

/** The kinds that a definition names, whether it is established or not. */
export function kindsDefinedBy(
  definition: JsonObject,
): readonly { readonly apiVersion: string; readonly kind: string; readonly namespaced: boolean }[] {
  const spec = objectAt(definition, 'spec');
  const namespaced = textAt(spec, 'scope') === 'Namespaced';
  return listAt(spec, 'versions')
    .filter((version) => at(version, 'served') === true)
    .map((version) => ({
      apiVersion: `${textAt(spec, 'group')}/${textAt(version, 'name')}`,
      kind: textAt(spec, 'names', 'kind'),
      namespaced,
    }));
}

/** The name of a kind in the store, and of its definition. */
export function customName(plural: string, group: string): CustomName {
  return `${plural}.${group}`;
}

function subresourcesOf(version: JsonObject): readonly Subresource[] {
  return (['status', 'scale'] as const).filter((name) => at(version, 'subresources', name) !== undefined);
}

function scaleOf(version: JsonObject): CustomResource['custom']['scale'] {
  const scale = at(version, 'subresources', 'scale');
  if (!isObject(scale)) return null;
  const path = (field: string): readonly string[] =>
    fieldsOfPath(parseJsonPath(textAt(scale, field)) ?? []) ?? [];
  return {
    spec: path('specReplicasPath'),
    status: path('statusReplicasPath'),
    selector: path('labelSelectorPath'),
  };
}
