/** LabelSelector as stored -> Selector; an invalid one matches nothing (semantics D3, D5). */
import type { Operator, Path, Requirement, Selector } from '../../model/labels.ts';
import { isAbsent, isObject, Problems, readList, readString } from './decoded.ts';
import { labelKeyFault, labelValueFault } from './names.ts';
import { formatProblem } from './problem.ts';

const OPERATORS: readonly string[] = ['In', 'NotIn', 'Exists', 'DoesNotExist'] satisfies Operator[];

/** Absent, null and `{}` select everything; whether absence means something else is the caller's business. */
export function readSelector(value: unknown, path: Path, problems: Problems): Selector {
  const own = new Problems();
  const requirements = readRequirements(value, path, own);
  problems.list.push(...own.list);
  const [first] = own.list;
  return first ? { kind: 'nothing', problem: formatProblem(first) } : { kind: 'requirements', requirements };
}

function readRequirements(value: unknown, path: Path, problems: Problems): readonly Requirement[] {
  if (isAbsent(value)) return [];
  if (!isObject(value)) {
    problems.invalid(path, value, 'must be an object');
    return [];
  }
  const labels = readMatchLabels(value.matchLabels, [...path, 'matchLabels'], problems);
  const expressionsPath = [...path, 'matchExpressions'];
  const expressions = readList(value.matchExpressions, expressionsPath, problems) ?? [];
  return [
    ...labels,
    ...expressions.flatMap(
      (expression, index) => readExpression(expression, [...expressionsPath, index], problems) ?? [],
    ),
  ];
}

function readMatchLabels(value: unknown, path: Path, problems: Problems): readonly Requirement[] {
  if (isAbsent(value)) return [];
  if (!isObject(value)) {
    problems.invalid(path, value, 'must be an object of strings');
    return [];
  }
  return Object.entries(value).map(([key, label]) => {
    const keyFault = labelKeyFault(key);
    if (keyFault !== null) problems.invalid(path, key, keyFault);
    const text = typeof label === 'string' ? label : '';
    if (typeof label !== 'string') problems.invalid([...path, key], label, 'must be a string');
    const fault = labelValueFault(text);
    if (fault !== null) problems.invalid([...path, key], text, fault);
    return { key, operator: 'In', values: [text], path: [...path, key] };
  });
}

function readExpression(value: unknown, path: Path, problems: Problems): Requirement | null {
  if (!isObject(value)) {
    problems.invalid(path, value, 'must be an object');
    return null;
  }
  const key = readString(value.key, [...path, 'key'], problems) ?? '';
  const keyFault = labelKeyFault(key);
  if (keyFault !== null) problems.invalid([...path, 'key'], key, keyFault);
  const valuesPath = [...path, 'values'];
  const values = (readList(value.values, valuesPath, problems) ?? []).map((item, index) => {
    const text = readString(item, [...valuesPath, index], problems) ?? '';
    const fault = labelValueFault(text);
    if (fault !== null) problems.invalid([...valuesPath, index], text, fault);
    return text;
  });
  const operator = readString(value.operator, [...path, 'operator'], problems) ?? '';
  if (!isOperator(operator)) {
    problems.invalid([...path, 'operator'], operator, 'not a valid selector operator');
    return null;
  }
  const takesValues = operator === 'In' || operator === 'NotIn';
  if (takesValues && values.length === 0) {
    problems.add(
      'Required value',
      valuesPath,
      undefined,
      "must be specified when `operator` is 'In' or 'NotIn'",
    );
  }
  if (!takesValues && values.length > 0) {
    problems.add(
      'Forbidden',
      valuesPath,
      values,
      "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
    );
  }
  return { key, operator, values, path };
}

function isOperator(text: string): text is Operator {
  return OPERATORS.includes(text);
}
