import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../../policy/decode/problem.ts';
import type { Json, JsonObject } from '../json.ts';
import { structuralOf } from './structural.ts';
import { valueProblems } from './value-problems.ts';

function problems(schema: JsonObject, value: Json): readonly string[] {
  return valueProblems(structuralOf(schema), value, ['spec']).map(formatProblem);
}

const required = (name: string): JsonObject => ({ required: [name] });

describe('what a schema finds wrong, in the words of the API server', () => {
  const cases: readonly (readonly [string, JsonObject, Json, readonly string[]])[] = [
    ['an integer is a number', { type: 'number' }, 3, []],
    ['a whole float is an integer', { type: 'integer' }, 3, []],
    [
      'a fraction is no integer',
      { type: 'integer' },
      3.5,
      ['spec: Invalid value: "number": spec in body must be of type integer: "number"'],
    ],
    ['null, where it may be', { type: 'object', nullable: true, required: ['a'] }, null, []],
    ['null, where there is no type', {}, null, []],
    [
      'exclusive bounds',
      { type: 'number', minimum: 1, exclusiveMinimum: true, maximum: 2, exclusiveMaximum: true },
      1,
      ['spec: Invalid value: 1: spec in body should be greater than 1'],
    ],
    [
      'multiples',
      { type: 'integer', multipleOf: 5 },
      7,
      ['spec: Invalid value: 7: spec in body should be a multiple of 5'],
    ],
    [
      'lengths in characters, not in bytes',
      { type: 'string', maxLength: 2 },
      'äöü',
      ['spec: Too long: may not be more than 2 bytes'],
    ],
    ['a length in characters that fits', { type: 'string', maxLength: 2 }, '🙂🙂', []],
    [
      'the number of properties',
      { type: 'object', minProperties: 1, maxProperties: 1, additionalProperties: { type: 'string' } },
      {},
      ['spec: Invalid value: 0: spec in body should have at least 1 properties'],
    ],
    [
      'one property too many',
      { type: 'object', maxProperties: 1, additionalProperties: { type: 'string' } },
      { a: '1', b: '2' },
      ['spec: Too many: 2: must have at most 1 items'],
    ],
    [
      'no alternative',
      { type: 'object', anyOf: [required('a'), required('b')] },
      {},
      ['Invalid value: "": "spec" must validate at least one schema (anyOf)', 'spec.a: Required value'],
    ],
    ['one alternative', { type: 'object', anyOf: [required('a'), required('b')] }, { b: 1 }, []],
    [
      'both of two that exclude each other',
      { type: 'object', oneOf: [required('a'), required('b')] },
      { a: 1, b: 1 },
      ['Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [
      'not all',
      { type: 'object', allOf: [required('a'), required('b')] },
      { a: 1 },
      ['spec.b: Required value', 'Invalid value: "": "spec" must validate all the schemas (allOf)'],
    ],
    [
      'what must not be',
      { type: 'object', not: required('a') },
      { a: 1 },
      ['Invalid value: "": "spec" must not validate the schema (not)'],
    ],
    [
      'choices that are no text',
      { enum: [1, null] },
      2,
      ['spec: Unsupported value: 2: supported values: "1", "null"'],
    ],
    [
      'a whole object inside',
      { type: 'object', 'x-kubernetes-embedded-resource': true },
      { kind: 'Pod' },
      ['spec.apiVersion: Required value'],
    ],
    [
      'a key of JavaScript',
      { type: 'object', properties: { a: { type: 'string' } } },
      { constructor: 1 },
      [],
    ],
  ];

  test.each(cases)('%s', (_what, schema, value, expected) => {
    expect(problems(schema, value)).toEqual(expected);
  });
});

describe('formats', () => {
  const formats: readonly (readonly [string, string, boolean])[] = [
    ['cidr', '10.0.0.0/8', true],
    ['cidr', '10.0.0.0/33', false],
    ['cidr', 'fd00::/64', true],
    ['cidr', '10.0.0.0', false],
    ['ipv4', '10.0.0.1', true],
    ['ipv4', '::1', false],
    ['ipv6', '::1', true],
    ['date-time', '2026-01-02T03:04:05Z', true],
    ['date-time', '2026-13-02T03:04:05Z', false],
    ['date', '2026-01-02', true],
    ['duration', '1h30m', true],
    ['duration', '1 hour', false],
    ['byte', 'YQ==', true],
    ['byte', 'YQ=', false],
    ['uuid', '123e4567-e89b-12d3-a456-426614174000', true],
    ['uri', 'not a uri', false],
    ['a-word-nobody-knows', 'anything', true],
  ];

  test.each(formats)('%s %s: %s', (format, value, good) => {
    expect(problems({ type: 'string', format }, value)).toEqual(
      good ? [] : [`spec: Invalid value: "${value}": spec in body must be of type ${format}: "${value}"`],
    );
  });
});

test('patterns are those of Go where JavaScript has them', () => {
  const takes = (pattern: string, text: string): boolean =>
    problems({ type: 'string', pattern }, text).length === 0;
  expect(takes('(?i)^a$', 'A')).toBe(true);
  expect(takes('^a$', 'A')).toBe(false);
  expect(takes('\\Aa\\z', 'a')).toBe(true);
  expect(takes('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'a-b')).toBe(true);
  expect(takes('^a\\-b$', 'a-b')).toBe(true);
  expect(takes('^\\p{L}+$', 'äöü')).toBe(true);
});
