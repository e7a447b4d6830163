import { expect, test } from 'vitest';
import { asApplied } from './last-applied.ts';

const KEY = 'kubectl.kubernetes.io/last-applied-configuration';

function annotationOf(raw: unknown): string | undefined {
  const { metadata } = asApplied(raw) as { metadata: { annotations?: Record<string, string> } };
  return metadata.annotations?.[KEY];
}

test('what kubectl 1.32 writes for the same object', () => {
  const raw = {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { namespace: 'default', name: 'x', annotations: { a: '<&>\u2028é' } },
    data: { a: 'x\ny', Z: '1', 9: 'c', 10: 'b' },
  };
  expect(annotationOf(raw)).toBe(
    '{"apiVersion":"v1","data":{"10":"b","9":"c","Z":"1","a":"x\\ny"},"kind":"ConfigMap","metadata":' +
      '{"annotations":{"a":"\\u003c\\u0026\\u003e\\u2028é"},"name":"x","namespace":"default"}}\n',
  );
});

test('an annotation that came with the object is not nested in the new one', () => {
  const metadata = { name: 'x', annotations: { [KEY]: 'old' } };
  expect(annotationOf({ kind: 'Namespace', metadata })).toBe(
    '{"kind":"Namespace","metadata":{"annotations":{},"name":"x"}}\n',
  );
});

test('an object too large for an annotation goes without', () => {
  const raw = { metadata: { name: 'x' }, data: { big: 'x'.repeat(300_000) } };
  expect(asApplied(raw)).toBe(raw);
});
