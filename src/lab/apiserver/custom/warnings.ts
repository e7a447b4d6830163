import { at, isArray, isObject, type Json, type JsonObject, listAt } from '../json.ts';

/** What this server takes from a CustomResourceDefinition and does not do: told to whoever sends it. */
export function definitionWarnings(definition: JsonObject): readonly string[] {
  return listAt(definition, 'spec', 'versions').flatMap((version, index) =>
    hasRules(at(version, 'schema') ?? null)
      ? [
          `spec.versions[${index}]: x-kubernetes-validations are not evaluated by the lab API server, which admits what they would refuse`,
        ]
      : [],
  );
}

function hasRules(value: Json): boolean {
  if (isArray(value)) return value.some(hasRules);
  if (!isObject(value)) return false;
  return Object.entries(value).some(
    ([key, item]) =>
      (key === 'x-kubernetes-validations' && isArray(item)) || (item !== undefined && hasRules(item)),
  );
}
