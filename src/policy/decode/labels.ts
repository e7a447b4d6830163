/** The syntax of a set of labels; the API server names the map, we point to the key. */
import type { Labels, Path } from '../../model/labels.ts';
import type { Report } from './decoded.ts';
import { invalid } from './problem.ts';
import { checkLabelKey, checkLabelValue } from './syntax.ts';

/** Problems are added to the report, key by key in order. */
export function checkLabels(labels: Labels, path: Path, { problems }: Report): void {
  for (const key of [...labels.keys()].sort()) {
    const value = labels.get(key) ?? '';
    for (const message of checkLabelKey(key))
      problems.push({ ...invalid(path, key, message), at: [...path, key] });
    for (const message of checkLabelValue(value))
      problems.push({ ...invalid(path, value, message), at: [...path, key] });
  }
}
