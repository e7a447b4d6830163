import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DROP_REASONS } from '../../src/model/drop-reason.ts';

test('every error code is documented', () => {
  const codes = [...readFileSync('src/model/failure.ts', 'utf8').matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(
    ([, code]) => code,
  );
  expect(codes.length).toBeGreaterThan(10);
  const documented = readFileSync('docs/errors.md', 'utf8');
  expect(codes.filter((code) => !documented.includes(`\`${code}\``))).toEqual([]);
});

test('every code that policyd reports is documented, and no other', () => {
  const source = readFileSync('src/status/status.ts', 'utf8');
  const type = source.slice(source.indexOf('export type DegradationCode'));
  const codes = [...type.matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(10);
  const text = readFileSync('docs/errors.md', 'utf8');
  const table = text.slice(text.indexOf('### degraded'), text.indexOf('### problems'));
  const documented = [...table.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
  expect([...documented].sort()).toEqual([...codes].sort());
});

test('every reason for a drop is documented as the code explains it, and no other', () => {
  const text = readFileSync('docs/reasons.md', 'utf8');
  const table = text.slice(text.indexOf('## Why a packet is dropped'));
  const documented = [...table.matchAll(/^\| `([a-z-]+)` \| (.*)\. \|$/gm)].map(([, reason, meaning]) => [
    reason,
    meaning?.toLowerCase(),
  ]);
  expect(documented).toEqual(
    Object.entries(DROP_REASONS).map(([reason, meaning]) => [reason, meaning.toLowerCase()]),
  );
});
