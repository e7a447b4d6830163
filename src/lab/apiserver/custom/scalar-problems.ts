import type { Path } from '../../../model/labels.ts';
import type { FieldProblem } from '../../../model/policy.ts';
import { formatPath, invalid, unsupported } from '../../../policy/decode/problem.ts';
import { type Json, sameJson } from '../json.ts';
import { hasFormat } from './formats.ts';
import type { ValueChecks } from './structural.ts';

/** What is wrong with a value by itself: choices, patterns, formats, bounds. */
export function scalarProblems(checks: ValueChecks, value: Json, path: Path): readonly FieldProblem[] {
  return [
    ...choiceProblems(checks, value, path),
    ...(typeof value === 'string' ? textProblems(checks, value, path) : []),
    ...(typeof value === 'number' ? numberProblems(checks, value, path) : []),
  ];
}

function choiceProblems({ choices }: ValueChecks, value: Json, path: Path): readonly FieldProblem[] {
  if (choices === null || choices.some((choice) => sameJson(choice, value))) return [];
  const texts = choices.map((choice) => (typeof choice === 'string' ? choice : JSON.stringify(choice)));
  return [unsupported(path, value, texts)];
}

function textProblems(checks: ValueChecks, value: string, path: Path): readonly FieldProblem[] {
  const { length, pattern, format } = checks;
  // Code points, as Go counts them.
  const count = [...value].length;
  const name = `${formatPath(path)} in body`;
  const problems: FieldProblem[] = [];
  if (length.most !== null && count > length.most)
    problems.push({ type: 'Too long', path, got: '', detail: `may not be more than ${length.most} bytes` });
  if (length.least !== null && count < length.least)
    problems.push(invalid(path, value, `${name} should be at least ${length.least} chars long`));
  if (pattern !== null && !pattern.expression.test(value))
    problems.push(invalid(path, value, `${name} should match '${pattern.text}'`));
  if (format !== '' && !hasFormat(format, value))
    problems.push(invalid(path, value, `${name} must be of type ${format}: ${JSON.stringify(value)}`));
  return problems;
}

function numberProblems(checks: ValueChecks, value: number, path: Path): readonly FieldProblem[] {
  const { minimum, maximum, multipleOf } = checks;
  const say = (words: string): FieldProblem =>
    invalid(path, value, `${formatPath(path)} in body should be ${words}`);
  const problems: FieldProblem[] = [];
  if (maximum?.exclusive === true && value >= maximum.value) problems.push(say(`less than ${maximum.value}`));
  if (maximum?.exclusive === false && value > maximum.value)
    problems.push(say(`less than or equal to ${maximum.value}`));
  if (minimum?.exclusive === true && value <= minimum.value)
    problems.push(say(`greater than ${minimum.value}`));
  if (minimum?.exclusive === false && value < minimum.value)
    problems.push(say(`greater than or equal to ${minimum.value}`));
  if (multipleOf !== null && !Number.isInteger(value / multipleOf))
    problems.push(say(`a multiple of ${multipleOf}`));
  return problems;
}
