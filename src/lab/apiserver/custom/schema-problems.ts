import type { Path } from '../../../model/labels.ts';
import type { FieldProblem } from '../../../model/policy.ts';
import { forbidden, invalid, required, unsupported } from '../../../policy/decode/problem.ts';
import { at, isObject, type Json, type JsonObject, listAt, objectAt, textAt } from '../json.ts';
import { withFallbacks } from './fallbacks.ts';
import { conformCustom } from './prune.ts';
import { isJsonType, regularExpression, structuralOf } from './structural.ts';
import { valueProblems } from './value-problems.ts';

/** Where a schema stands: that decides how its lack of a type is told. */
type Place = 'root' | 'object fields' | 'array items';

/** What keeps a schema from being structural, in the words of the API server. */
export function schemaProblems(schema: JsonObject, path: Path): readonly FieldProblem[] {
  const type = textAt(schema, 'type');
  return [
    ...(type !== '' && type !== 'object'
      ? [invalid([...path, 'type'], type, 'must be object at the root')]
      : []),
    ...(schema.nullable === true
      ? [forbidden([...path, 'nullable'], 'nullable cannot be true at the root')]
      : []),
    ...nodeProblems(schema, path, 'root'),
  ];
}

function nodeProblems(schema: JsonObject, path: Path, place: Place): readonly FieldProblem[] {
  return [
    ...typeProblems(schema, path, place),
    ...unsupportedProblems(schema, path),
    ...patternProblems(schema, path),
    ...listProblems(schema, path),
    ...fallbackProblems(schema, path),
    ...valueOnlyProblems(schema, path),
    ...childrenOf(schema).flatMap(([step, child, inner]) => nodeProblems(child, [...path, ...step], inner)),
  ];
}

function childrenOf(schema: JsonObject): readonly (readonly [Path, JsonObject, Place])[] {
  const properties = Object.entries(objectAt(schema, 'properties'));
  const children: [Path, Json | undefined, Place][] = [
    ...properties.map(([name, child]): [Path, Json | undefined, Place] => [
      ['properties', name],
      child,
      'object fields',
    ]),
    [['additionalProperties'], at(schema, 'additionalProperties'), 'object fields'],
    [['items'], at(schema, 'items'), 'array items'],
  ];
  return children.flatMap(([step, child, place]) => (isObject(child) ? [[step, child, place] as const] : []));
}

function typeProblems(schema: JsonObject, path: Path, place: Place): readonly FieldProblem[] {
  const type = textAt(schema, 'type');
  const problems: FieldProblem[] = [];
  const free =
    schema['x-kubernetes-int-or-string'] === true ||
    (schema['x-kubernetes-preserve-unknown-fields'] === true && place !== 'root');
  if (type === '' && !free) {
    const where = place === 'root' ? 'at the root' : `for specified ${place}`;
    problems.push(required([...path, 'type'], `must not be empty ${where}`));
  }
  if (type !== '' && !isJsonType(type))
    problems.push(
      unsupported([...path, 'type'], type, ['array', 'boolean', 'integer', 'number', 'object', 'string']),
    );
  if (type === 'array' && !isObject(schema.items))
    problems.push(required([...path, 'items'], 'must be specified'));
  if (schema.properties !== undefined && schema.additionalProperties !== undefined)
    problems.push(
      forbidden(
        [...path, 'additionalProperties'],
        'additionalProperties and properties are mutual exclusive',
      ),
    );
  if (schema['x-kubernetes-embedded-resource'] === true && type !== 'object')
    problems.push(required([...path, 'type'], 'must be object if x-kubernetes-embedded-resource is true'));
  return problems;
}

function unsupportedProblems(schema: JsonObject, path: Path): readonly FieldProblem[] {
  const never = ['additionalItems', 'definitions', 'dependencies', 'id', 'patternProperties', '$ref'];
  const found = never.filter((name) => at(schema, name) !== undefined);
  const problems = found.map((name) => forbidden([...path, name], `${name} is not supported`));
  if (schema.uniqueItems !== true) return problems;
  const why = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
  return [...problems, forbidden([...path, 'uniqueItems'], why)];
}

/** A pattern that cannot be run would admit everything: it is refused. */
function patternProblems(schema: JsonObject, path: Path): readonly FieldProblem[] {
  const pattern = textAt(schema, 'pattern');
  if (pattern === '' || regularExpression(pattern) !== null) return [];
  return [invalid([...path, 'pattern'], pattern, "must be a valid regular expression, but isn't")];
}

function listProblems(schema: JsonObject, path: Path): readonly FieldProblem[] {
  const type = textAt(schema, 'x-kubernetes-list-type');
  const keys = listAt(schema, 'x-kubernetes-list-map-keys');
  const here = [...path, 'x-kubernetes-list-type'];
  if (type !== '' && !['atomic', 'set', 'map'].includes(type))
    return [unsupported(here, type, ['atomic', 'set', 'map'])];
  if (type !== '' && schema.type !== 'array')
    return [required([...path, 'type'], 'must be array if x-kubernetes-list-type is specified')];
  if (keys.length > 0 && type !== 'map')
    return [required(here, 'must be map if x-kubernetes-list-map-keys is non-empty')];
  if (type !== 'map') return [];
  const place = [...path, 'x-kubernetes-list-map-keys'];
  if (keys.length === 0) return [required(place, 'must not be empty if x-kubernetes-list-type is map')];
  const properties = objectAt(schema, 'items', 'properties');
  if (keys.some((key) => typeof key !== 'string' || !Object.hasOwn(properties, key)))
    return [invalid(place, keys, 'entries must all be names of item properties')];
  const needed = listAt(schema, 'items', 'required');
  return keys
    .filter((key) => typeof key === 'string')
    .filter((key) => !needed.includes(key) && at(properties, key, 'default') === undefined)
    .map((key) =>
      required(
        [...path, 'items', 'properties', key, 'default'],
        'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      ),
    );
}

/** A default must be a value that its own schema takes. */
function fallbackProblems(schema: JsonObject, path: Path): readonly FieldProblem[] {
  const fallback = at(schema, 'default');
  if (fallback === undefined) return [];
  const here = [...path, 'default'];
  const structural = structuralOf(schema);
  if (!isObject(fallback)) return valueProblems(structural, fallback, here);
  if (conformCustom(structural, fallback).unknownFields.length > 0)
    return [invalid(here, fallback, 'must not have unknown fields')];
  return valueProblems(structural, withFallbacks(structural, fallback), here);
}

const notInValues = ['type', 'additionalProperties', 'default', 'title', 'description', 'nullable'];

/** Alternatives only check: what a field is they may not say. */
function valueOnlyProblems(schema: JsonObject, path: Path): readonly FieldProblem[] {
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const alternatives = ['allOf', 'anyOf', 'oneOf'].flatMap((name) =>
    listAt(schema, name).map((child, index): [Path, Json] => [[...path, name, index], child]),
  );
  const not = at(schema, 'not');
  if (not !== undefined) alternatives.push([[...path, 'not'], not]);
  return alternatives.flatMap(([here, child]) => valueNodeProblems(child, here, intOrString));
}

function valueNodeProblems(schema: Json, path: Path, intOrString: boolean): readonly FieldProblem[] {
  if (!isObject(schema)) return [];
  const found = notInValues.filter((name) => at(schema, name) !== undefined);
  const problems = found
    // `anyOf: [{type: integer}, {type: string}]` is how an int-or-string is written.
    .filter((name) => !(name === 'type' && intOrString))
    .map((name) =>
      forbidden([...path, name], `must be ${name === 'nullable' ? 'false' : 'undefined'} to be structural`),
    );
  const inner = [
    ...Object.entries(objectAt(schema, 'properties')).map(([name, child]): [Path, Json | undefined] => [
      [...path, 'properties', name],
      child,
    ]),
    [[...path, 'items'], at(schema, 'items')] as [Path, Json | undefined],
  ];
  return [
    ...problems,
    ...patternProblems(schema, path),
    ...inner.flatMap(([here, child]) =>
      child === undefined ? [] : valueNodeProblems(child, here, intOrString),
    ),
    ...valueOnlyProblems(schema, path),
  ];
}
