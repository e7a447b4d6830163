import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  duplicate,
  forbidden,
  formatPath,
  formatProblem,
  invalid,
  required,
  unknownField,
  unsupported,
} from './problem.ts';

test('a path is written as the API server writes it', () => {
  expect(formatPath(['spec', 'ingress', 0, 'from', 1])).toBe('spec.ingress[0].from[1]');
  expect(formatPath(['metadata', 'labels', 'example.com/app'])).toBe('metadata.labels[example.com/app]');
});

test('each type has the words of the API server', () => {
  const path = ['spec', 'x'];
  expect(
    [
      invalid(path, 'a"b', 'must be good'),
      required(path),
      required(path, 'must be there'),
      forbidden(path, 'may not be there'),
      duplicate(path, 'a'),
      unsupported(path, 'c', ['a', 'b']),
      unknownField(path, 1, []),
    ].map(formatProblem),
  ).toEqual([
    'spec.x: Invalid value: "a\\"b": must be good',
    'spec.x: Required value',
    'spec.x: Required value: must be there',
    'spec.x: Forbidden: may not be there',
    'spec.x: Duplicate value: "a"',
    'spec.x: Unsupported value: "c": supported values: "a", "b"',
    'unknown field "spec.x"',
  ]);
});

test('whatever a user writes as key or value, the text is one bounded line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), fc.jsonValue(), (key, value) => {
      const text = formatProblem(invalid(['metadata', 'labels', key.slice(0, 50)], [key, value], 'no'));
      expect(text).not.toMatch(/[\n\r]/);
      expect(text.length).toBeLessThan(1000);
    }),
  );
});
