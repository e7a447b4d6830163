import { expect, test } from 'vitest';
import type { FieldProblem } from '../model/policy.ts';
import { toldProblems } from './misspelt.ts';

const PEER = ['spec', 'ingress', 0, 'from', 0];
const unknown = (path: FieldProblem['path'], ...known: readonly string[]): FieldProblem => ({
  type: 'unknown field',
  path,
  got: {},
  detail: '',
  known,
});
const required = (path: FieldProblem['path']): FieldProblem => ({
  type: 'Required value',
  path,
  got: undefined,
  detail: '',
});

test('a misspelt field is told once, with the field that was meant', () => {
  const misspelt = unknown([...PEER, 'podSelecter'], 'podSelector', 'namespaceSelector', 'ipBlock');
  expect(toldProblems([misspelt, required(PEER)])).toEqual([
    { problem: misspelt, hint: 'did you mean podSelector?' },
  ]);
});

test('the missing field of nearly that name is not told as well, others are', () => {
  const misspelt = unknown(['spec', 'containers', 0, 'nane'], 'name', 'image');
  const name = { ...required(['spec', 'containers', 0, 'name']), type: 'Invalid value', got: '' } as const;
  const image = required(['spec', 'containers', 0, 'image']);
  expect(toldProblems([misspelt, name, image]).map(({ problem }) => problem)).toEqual([misspelt, image]);
});

test('what was given and is wrong is always told', () => {
  const misspelt = unknown(['spec', 'prt'], 'port');
  const port = { ...required(['spec', 'port']), type: 'Invalid value', got: 70_000 } as const;
  expect(toldProblems([misspelt, port])).toHaveLength(2);
});

test('a missing field elsewhere is told', () => {
  const misspelt = unknown(['spec', 'containers', 0, 'imag'], 'image');
  expect(toldProblems([misspelt, required(['spec', 'containers', 1, 'image'])])).toHaveLength(2);
});
