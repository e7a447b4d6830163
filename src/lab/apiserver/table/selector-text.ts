import { isObject, type Json, listAt, objectAt, textAt } from '../json.ts';

/** A selector object in one line, as kubectl prints it: `app=web,tier in (a,b)`, `<none>` for everything. */
export function selectorText(selector: Json | undefined): string {
  const labels = Object.entries(objectAt({ selector }, 'selector', 'matchLabels'));
  const terms = labels.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${String(value)}`);
  for (const expression of listAt({ selector }, 'selector', 'matchExpressions')) {
    const key = textAt(expression, 'key');
    const values = listAt(expression, 'values').map(String).join(',');
    switch (textAt(expression, 'operator')) {
      case 'In':
        terms.push(`${key} in (${values})`);
        break;
      case 'NotIn':
        terms.push(`${key} notin (${values})`);
        break;
      case 'Exists':
        terms.push(key);
        break;
      case 'DoesNotExist':
        terms.push(`!${key}`);
        break;
    }
  }
  return terms.length === 0 ? '<none>' : terms.join(',');
}

/** Labels in one line, `<none>` for none. */
export function labelsText(labels: Json | undefined): string {
  const entries = isObject(labels) ? Object.entries(labels) : [];
  if (entries.length === 0) return '<none>';
  return entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',');
}
