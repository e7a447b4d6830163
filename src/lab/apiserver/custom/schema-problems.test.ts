import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../../policy/decode/problem.ts';
import type { JsonObject } from '../json.ts';
import { schemaProblems } from './schema-problems.ts';

const text: JsonObject = { type: 'string' };
const root = (field: JsonObject): JsonObject => ({ type: 'object', properties: { x: field } });
const keyed = (items: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['k'],
  items: { type: 'object', properties: { k: text }, ...items },
  ...more,
});

describe('what keeps a schema from being structural', () => {
  const cases: readonly (readonly [string, JsonObject, readonly string[]])[] = [
    [
      'nothing, with every keyword',
      root({ ...text, pattern: 'a', format: 'cidr', maxLength: 3, enum: ['a'] }),
      [],
    ],
    ['a root that is no object', text, ['s.type: Invalid value: "string": must be object at the root']],
    ['a root without a type', {}, ['s.type: Required value: must not be empty at the root']],
    [
      'a nullable root',
      { type: 'object', nullable: true },
      ['s.nullable: Forbidden: nullable cannot be true at the root'],
    ],
    [
      'an unknown type',
      root({ type: 'text' }),
      [
        's.properties.x.type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"',
      ],
    ],
    [
      'items without a type',
      root({ type: 'array', items: {} }),
      ['s.properties.x.items.type: Required value: must not be empty for specified array items'],
    ],
    ['any type where unknown fields are kept', root({ 'x-kubernetes-preserve-unknown-fields': true }), []],
    [
      'properties beside additionalProperties',
      root({ type: 'object', properties: { a: text }, additionalProperties: text }),
      [
        's.properties.x.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive',
      ],
    ],
    [
      'a type inside an alternative',
      root({ ...text, anyOf: [{ type: 'string' }] }),
      ['s.properties.x.anyOf[0].type: Forbidden: must be undefined to be structural'],
    ],
    [
      'a default deep in an alternative',
      root({ type: 'object', oneOf: [{ properties: { a: { default: 1 } } }] }),
      ['s.properties.x.oneOf[0].properties.a.default: Forbidden: must be undefined to be structural'],
    ],
    [
      'the one place where an alternative has a type',
      root({ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] }),
      [],
    ],
    [
      'references and unique items',
      root({ ...text, $ref: '#/x', uniqueItems: true }),
      [
        's.properties.x.$ref: Forbidden: $ref is not supported'.replace('.$ref:', '[$ref]:'),
        's.properties.x.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ],
    ],
    ['a list by keys that are required', root(keyed({ required: ['k'] })), []],
    ['a list by keys with a default', root(keyed({ properties: { k: { ...text, default: 'a' } } })), []],
    [
      'a list by keys that may be missing',
      root(keyed({})),
      [
        's.properties.x.items.properties.k.default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      ],
    ],
    [
      'a list by keys that items do not have',
      root(keyed({ required: ['k'] }, { 'x-kubernetes-list-map-keys': ['other'] })),
      [
        's.properties.x[x-kubernetes-list-map-keys]: Invalid value: ["other"]: entries must all be names of item properties',
      ],
    ],
    [
      'a list type of what is no list',
      root({ type: 'object', 'x-kubernetes-list-type': 'set' }),
      ['s.properties.x.type: Required value: must be array if x-kubernetes-list-type is specified'],
    ],
    [
      'a default with fields that nobody knows',
      root({ type: 'object', properties: { a: text }, default: { b: 1 } }),
      ['s.properties.x.default: Invalid value: {"b":1}: must not have unknown fields'],
    ],
    [
      'a default that is filled by others',
      root({ type: 'object', required: ['a'], properties: { a: { ...text, default: 'x' } }, default: {} }),
      [],
    ],
  ];

  test.each(cases)('%s', (_what, schema, expected) => {
    expect(schemaProblems(schema, ['s']).map(formatProblem)).toEqual(expected);
  });
});
