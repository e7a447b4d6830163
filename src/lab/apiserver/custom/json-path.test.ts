import { describe, expect, test } from 'vitest';
import type { Json } from '../json.ts';
import { fieldsOfPath, firstAt, parseJsonPath } from './json-path.ts';

const object = {
  spec: {
    'a.b': 1,
    list: [
      { name: 'x', n: 1 },
      { name: 'y', n: 2 },
    ],
    off: false,
  },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
};

describe('the JSONPath of columns', () => {
  const paths: readonly (readonly [string, Json | undefined])[] = [
    ['.spec.off', false],
    ['.spec.missing.deep', undefined],
    ['.spec.list[1].name', 'y'],
    ['.spec.list[-1].name', 'y'],
    ['.spec.list[9].name', undefined],
    ['.spec.list[*].name', 'x'],
    ['.spec.list[?(@.name=="y")].n', 2],
    ['.spec.list[?(@.n!=1)].name', 'y'],
    ['.status.conditions[?(@.type=="Ready")].status', 'True'],
    ["['spec']['a.b']", 1],
    ['.spec.a\\.b', 1],
    ['.constructor', undefined],
  ];

  test.each(paths)('%s', (text, expected) => {
    const path = parseJsonPath(text);
    expect(path).not.toBeNull();
    expect(firstAt(path ?? [], object)).toEqual(expected);
  });

  test.each(['', 'spec', '.', '.spec[', '.spec..a', '{.spec}', '.list[?(@.a)]'])('%j is none', (text) => {
    expect(parseJsonPath(text)).toBeNull();
  });

  test('a path of fields alone leads to one place', () => {
    expect(fieldsOfPath(parseJsonPath('.spec.replicas') ?? [])).toEqual(['spec', 'replicas']);
    expect(fieldsOfPath(parseJsonPath('.spec.list[0]') ?? [])).toBeNull();
  });
});
