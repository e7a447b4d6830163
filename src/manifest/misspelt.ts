/** One misspelt field is one problem: what is missing because of it is not told as well. */
import type { Path } from '../model/labels.ts';
import type { FieldProblem } from '../model/policy.ts';
import { didYouMean, nearNames } from './near.ts';

export interface ToldProblem {
  readonly problem: FieldProblem;
  readonly hint: string | null;
}

/** The problems of one object, without those that the right spelling of an unknown field would end. */
export function toldProblems(problems: readonly FieldProblem[]): readonly ToldProblem[] {
  const unknown = problems.filter(({ type }) => type === 'unknown field');
  return problems
    .filter((problem) => !unknown.some((field) => follows(problem, field)))
    .map((problem) => ({
      problem,
      hint: problem.known === undefined ? null : didYouMean(nearNames(nameOf(problem), problem.known)),
    }));
}

/** Says that something is missing: the object itself is incomplete, or lacks a field of nearly that name. */
function follows(problem: FieldProblem, unknown: FieldProblem): boolean {
  const missing = problem.got === undefined || problem.got === '' || problem.got === 0;
  if (problem.type === 'unknown field' || !missing) return false;
  const holder = unknown.path.slice(0, -1);
  if (problem.type === 'Required value' && samePath(problem.path, holder)) return true;
  if (!samePath(problem.path.slice(0, -1), holder)) return false;
  return nearNames(nameOf(unknown), [nameOf(problem)]).length > 0;
}

function nameOf({ path }: FieldProblem): string {
  return String(path.at(-1) ?? '');
}

function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((segment, index) => segment === b[index]);
}
