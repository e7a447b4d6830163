/** LabelSelector (semantics 1.4). An invalid one matches nothing: a half understood selector opens. */
import { z } from 'zod';
import type { Operator, Path, Requirement, Selector } from '../../model/labels.ts';
import type { Report } from './decoded.ts';
import { checkLabels } from './labels.ts';
import { forbidden, formatProblem, invalid, required } from './problem.ts';
import { leftEmpty, part, readList, readObject, readStrings, strings, text } from './read.ts';
import { checkLabelKey, checkLabelValue } from './syntax.ts';

const schema = z.object({ matchLabels: part, matchExpressions: part });
const requirementSchema = z.object({ key: text, operator: text, values: strings });

/** Absent, null and `{}` match everything (semantics A1). */
export function decodeSelector(raw: unknown, path: Path, report: Report): Selector {
  const before = report.problems.length;
  const requirements = leftEmpty(schema, raw, path, report) ? [] : readRequirements(raw, path, report);
  const problem = report.problems[before];
  return problem
    ? { kind: 'nothing', problem: formatProblem(problem) }
    : { kind: 'requirements', requirements };
}

function readRequirements(raw: unknown, path: Path, report: Report): readonly Requirement[] {
  const fields = readObject(schema, raw ?? {}, path, report);
  if (fields === null) return [];
  const labelsPath = [...path, 'matchLabels'];
  const labels = readStrings(fields.matchLabels, labelsPath, report);
  checkLabels(labels, labelsPath, report);
  const expressionsPath = [...path, 'matchExpressions'];
  const expressions = readList(fields.matchExpressions, expressionsPath, report) ?? [];
  return [
    ...[...labels].map(
      ([key, value]): Requirement => ({ key, operator: 'In', values: [value], path: [...labelsPath, key] }),
    ),
    ...expressions.flatMap((entry, index) => readRequirement(entry, [...expressionsPath, index], report)),
  ];
}

/** One requirement, or none when it is invalid: the report has it then. */
function readRequirement(raw: unknown, path: Path, report: Report): readonly Requirement[] {
  const fields = readObject(requirementSchema, raw, path, report);
  if (fields === null) return [];
  const { problems } = report;
  const before = problems.length;
  const key = fields.key ?? '';
  const values = fields.values ?? [];
  const operator = readOperator(fields.operator ?? '');
  const valuesPath = [...path, 'values'];
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        problems.push(required(valuesPath, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        problems.push(
          forbidden(valuesPath, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        );
      break;
    case null:
      problems.push(invalid([...path, 'operator'], fields.operator ?? '', 'not a valid selector operator'));
      break;
  }
  for (const message of checkLabelKey(key)) problems.push(invalid([...path, 'key'], key, message));
  for (const [index, value] of values.entries())
    for (const message of checkLabelValue(value))
      problems.push(invalid([...valuesPath, index], value, message));
  return operator === null || problems.length > before ? [] : [{ key, operator, values, path }];
}

function readOperator(operator: string): Operator | null {
  switch (operator) {
    case 'In':
    case 'NotIn':
    case 'Exists':
    case 'DoesNotExist':
      return operator;
    default:
      return null;
  }
}
