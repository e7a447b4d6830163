/** Field problems in the API server's words (apimachinery, field.Error). */
import type { Path } from '../../model/labels.ts';
import type { FieldProblem } from '../../model/policy.ts';

/** `spec.ingress[0].from[1].podSelector.matchLabels[example.com/app]` */
export function formatPath(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(step)) return `[${step}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join('');
}

export function formatProblem({ type, path, got, detail }: FieldProblem): string {
  const place = formatPath(path);
  switch (type) {
    case 'unknown field':
      return `unknown field "${place}"`;
    case 'Required value':
    case 'Forbidden':
      return detail === '' ? `${place}: ${type}` : `${place}: ${type}: ${detail}`;
    case 'Invalid value':
    case 'Unsupported value':
    case 'Duplicate value':
    case 'Too many':
      return detail === '' ? `${place}: ${type}: ${show(got)}` : `${place}: ${type}: ${show(got)}: ${detail}`;
  }
}

/** Bounded: the value may be anything a user can write. */
function show(got: unknown): string {
  const text = JSON.stringify(got) ?? 'null';
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
