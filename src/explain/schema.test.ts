import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { REASONS } from './reasons.ts';
import { explanationSchema, publishedSchema } from './schema.ts';

const FILE = new URL('explanation.v1.json', import.meta.url);

test('the published JSON schema is the one the outputs are tested against', () => {
  const text = `${JSON.stringify(publishedSchema(), null, 2)}\n`;
  if (process.env.UPDATE_SCHEMA !== undefined) writeFileSync(FILE, text);
  expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(JSON.parse(text));
});

test('the schema refuses what is not an explanation', () => {
  expect(explanationSchema.safeParse({ apiVersion: 'policyctl.dev/v1', kind: 'Explanation' }).success).toBe(
    false,
  );
});

test('every reason is documented', () => {
  const documented = readFileSync(new URL('../../docs/reasons.md', import.meta.url), 'utf8');
  expect(REASONS.filter((code) => !documented.includes(`\`${code}\``))).toEqual([]);
});
