import { expect, test } from 'vitest';
import type { JsonObject } from '../json.ts';
import { withFallbacks } from './fallbacks.ts';
import { conformCustom } from './prune.ts';
import { structuralOf } from './structural.ts';

const text: JsonObject = { type: 'string' };

test('fields that the schema does not name are dropped and told by their place', () => {
  const schema = structuralOf({
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          list: { type: 'array', items: { type: 'object', properties: { a: text } } },
          map: { type: 'object', additionalProperties: { type: 'object', properties: { a: text } } },
          kept: {
            type: 'object',
            'x-kubernetes-preserve-unknown-fields': true,
            properties: { strict: { type: 'object', properties: { a: text } } },
          },
          whole: {
            type: 'object',
            'x-kubernetes-embedded-resource': true,
            properties: { spec: { type: 'object' } },
          },
        },
      },
    },
  });
  const { object, unknownFields, mismatch } = conformCustom(schema, {
    apiVersion: 'example.com/v1',
    kind: 'Thing',
    metadata: { name: 'x', colour: 'red' },
    spec: {
      list: [{ a: '1' }, { a: '2', b: '3' }],
      map: { any: { a: '1', b: '2' } },
      kept: { any: { thing: [1] }, strict: { a: '1', b: '2' } },
      whole: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'y', labels: { a: 'b' } }, spec: { a: 1 } },
      constructor: 1,
    },
    more: 1,
  });
  expect(mismatch).toBeNull();
  expect(unknownFields.toSorted()).toEqual([
    'metadata.colour',
    'more',
    'spec.constructor',
    'spec.kept.strict.b',
    'spec.list[1].b',
    'spec.map.any.b',
    'spec.whole.spec.a',
  ]);
  expect(object).toEqual({
    apiVersion: 'example.com/v1',
    kind: 'Thing',
    metadata: { name: 'x' },
    spec: {
      list: [{ a: '1' }, { a: '2' }],
      map: { any: { a: '1' } },
      kept: { any: { thing: [1] }, strict: { a: '1' } },
      whole: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'y', labels: { a: 'b' } }, spec: {} },
    },
  });
});

test('metadata of a wrong type is told as for every kind', () => {
  const schema = structuralOf({ type: 'object' });
  expect(conformCustom(schema, { metadata: { labels: { a: 1 } } }).mismatch).toBe(
    'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
  );
});

test('defaults fill what is absent, or null that may not be; never what is there', () => {
  const schema = structuralOf({
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        default: {},
        properties: {
          size: { type: 'integer', default: 3 },
          off: { type: 'boolean', default: true },
          gone: { ...text, default: 'x' },
          null: { ...text, nullable: true, default: 'x' },
          list: { type: 'array', items: { type: 'object', properties: { mode: { ...text, default: 'a' } } } },
          map: {
            type: 'object',
            additionalProperties: { type: 'object', properties: { mode: { ...text, default: 'b' } } },
          },
        },
      },
    },
  });
  expect(withFallbacks(schema, {})).toEqual({ spec: { size: 3, off: true, gone: 'x', null: 'x' } });
  const given = {
    spec: { size: 0, off: false, gone: null, null: null, list: [{}, { mode: 'c' }], map: { k: {} } },
  };
  expect(withFallbacks(schema, given)).toEqual({
    spec: {
      size: 0,
      off: false,
      gone: 'x',
      null: null,
      list: [{ mode: 'a' }, { mode: 'c' }],
      map: { k: { mode: 'b' } },
    },
  });
});
