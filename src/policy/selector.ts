/** Label selectors (semantics 1.4): matching, and a canonical text that is equal iff the meaning's form is. */
import type { Labels, Requirement, Selector } from '../model/labels.ts';

/** All requirements hold; without any, everything is selected (D1). An invalid selector selects nothing. */
export function selects(selector: Selector, labels: Labels): boolean {
  return (
    selector.kind === 'requirements' &&
    selector.requirements.every((requirement) => meets(requirement, labels))
  );
}

/** NotIn and DoesNotExist match when the key is absent (D2). */
export function meets({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = labels.get(key);
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

/**
 * Independent of order and repetition; `''` for the selector of everything. Injective: keys and values of
 * labels hold no blank, comma, parenthesis, `=` or `!`.
 */
export function canonicalSelector(selector: Selector): string {
  if (selector.kind === 'nothing') return '(nothing)';
  return [...new Set(selector.requirements.map(requirementText))].sort().join(',');
}

/** As `kubectl get -l` writes it: `app=web`, `app in (a,b)`, `app notin (a)`, `app`, `!app`. */
export function requirementText({ key, operator, values }: Requirement): string {
  const sorted = [...new Set(values)].sort();
  switch (operator) {
    case 'In':
      return sorted.length === 1 ? `${key}=${sorted[0]}` : `${key} in (${sorted.join(',')})`;
    case 'NotIn':
      return `${key} notin (${sorted.join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
  }
}
