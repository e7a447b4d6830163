/** What is wrong with a field, in the vocabulary and the words of the API server (apimachinery's field.Error). */
import type { Path } from '../../model/labels.ts';
import type { FieldProblem } from '../../model/policy.ts';

/** A value that breaks a rule, which `detail` names. */
export function invalid(path: Path, got: unknown, detail: string): FieldProblem {
  return { type: 'Invalid value', path, got, detail };
}

/** Nothing where there must be something. */
export function required(path: Path, detail = ''): FieldProblem {
  return { type: 'Required value', path, got: undefined, detail };
}

/** Something where nothing may be. */
export function forbidden(path: Path, detail: string): FieldProblem {
  return { type: 'Forbidden', path, got: undefined, detail };
}

/** A value that must not stand in a list twice. */
export function duplicate(path: Path, got: unknown): FieldProblem {
  return { type: 'Duplicate value', path, got, detail: '' };
}

/** None of a list of values, which the detail repeats in order. */
export function unsupported(path: Path, got: unknown, supported: readonly string[]): FieldProblem {
  const detail = `supported values: ${supported.map((value) => JSON.stringify(value)).join(', ')}`;
  return { type: 'Unsupported value', path, got, detail };
}

/** A key that the API has not; `known`: those that it has there. */
export function unknownField(path: Path, got: unknown, known: readonly string[]): FieldProblem {
  return { type: 'unknown field', path, got, detail: '', known };
}

/** One line, whatever the object holds: control characters are escaped. */
export function formatProblem({ type, path, got, detail }: FieldProblem): string {
  const place = path.length === 0 ? '' : `${formatPath(path)}: `;
  switch (type) {
    case 'unknown field':
      return `unknown field ${JSON.stringify(formatPath(path))}`;
    case 'Required value':
    case 'Forbidden':
    case 'Too long':
      return withDetail(`${place}${type}`, detail);
    case 'Invalid value':
    case 'Unsupported value':
    case 'Too many':
    case 'Duplicate value':
      return withDetail(`${place}${type}: ${quote(got)}`, detail);
  }
}

function withDetail(text: string, detail: string): string {
  return detail === '' ? text : `${text}: ${detail}`;
}

/** Long enough to recognise the value, short enough for a line of a log. */
const LONGEST_QUOTE = 300;

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}...` : text;
}

/** `spec.ingress[0].from[1]`; a segment that is no plain word (a label key) stands in brackets. */
export function formatPath(path: Path): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (!/^[A-Za-z][A-Za-z0-9]*$/.test(segment)) text += `[${JSON.stringify(segment).slice(1, -1)}]`;
    else text += text === '' ? segment : `.${segment}`;
  }
  return text;
}
