import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('every error code is documented', () => {
  const codes = [...readFileSync('src/model/failure.ts', 'utf8').matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(
    ([, code]) => code,
  );
  expect(codes.length).toBeGreaterThan(10);
  const documented = readFileSync('docs/errors.md', 'utf8');
  expect(codes.filter((code) => !documented.includes(`\`${code}\``))).toEqual([]);
});
