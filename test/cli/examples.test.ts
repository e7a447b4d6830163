/** The examples as they are read: every one says what it does, and stands in the list. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { policyctl } from '../kit/policyctl.ts';

const FOLDERS = readdirSync('examples', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const POLICIES = FOLDERS.filter((name) => name !== 'shop');

test('there are at least a dozen, and the list has all of them and no other', () => {
  expect(POLICIES.length).toBeGreaterThanOrEqual(12);
  const list = readFileSync('examples/README.md', 'utf8');
  const listed = [...list.matchAll(/^\| \[([\w-]+)\]\(([^)]+)\)/gm)];
  expect(listed.map(([, name]) => name).sort()).toEqual([...FOLDERS].sort());
  for (const [, , path = ''] of listed) expect(existsSync(`examples/${path}`), path).toBe(true);
});

test.each(POLICIES)('%s begins with what it is for, does, does not and what to watch out for', (name) => {
  const [comments = ''] = readFileSync(`examples/${name}/policy.yaml`, 'utf8').split(/^(?!#)/m);
  const headings = [...comments.matchAll(/^# (For|Does not|Does|Watch out|Try)\b/gm)].map(([, word]) => word);
  expect(headings).toEqual(['For', 'Does', 'Does not', 'Watch out', 'Try']);
  expect(readFileSync(`examples/${name}/cluster.yaml`, 'utf8')).toMatch(/^# /);
});

test.each(POLICIES)('%s is read without a word of complaint', async (name) => {
  const { code, stderr } = await policyctl(`matrix -f examples/${name}`);
  expect([code, stderr]).toEqual([0, '']);
});
