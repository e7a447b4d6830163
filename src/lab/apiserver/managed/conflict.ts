import { StatusError } from '../status.ts';
import { type FieldSet, intersection, isEmpty, pathsOf } from './field-set.ts';
import type { Manager } from './managers.ts';

/** What a manager owns and an apply would change. */
export interface Conflict {
  readonly manager: Manager;
  readonly fields: FieldSet;
}

/** The managers that own some of what would be written, with what they own of it. */
export function conflictsOf(managers: readonly Manager[], written: FieldSet): readonly Conflict[] {
  return managers
    .map((manager) => ({ manager, fields: intersection(manager.fields, written) }))
    .filter(({ fields }) => !isEmpty(fields));
}

/** 409 with every manager and field, in the words that kubectl looks for. */
export function conflicting(conflicts: readonly Conflict[]): StatusError {
  const told = conflicts
    .map(({ manager, fields }) => ({ name: nameOf(manager), paths: pathsOf(fields) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const causes = told.flatMap(({ name, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${name}`, field })),
  );
  const [only] = told;
  const message =
    causes.length === 1 && only !== undefined
      ? `Apply failed with 1 conflict: conflict with ${only.name}: ${only.paths.join()}`
      : `Apply failed with ${causes.length} conflicts: ${told
          .map(({ name, paths }) =>
            [`conflicts with ${name}:`, ...paths.map((path) => `- ${path}`)].join('\n'),
          )
          .join('\n')}`;
  return new StatusError(409, 'Conflict', message, { causes });
}

function nameOf({ name, subresource, operation, apiVersion }: Manager): string {
  const via = subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  return `${JSON.stringify(name)}${via}${operation === 'Update' ? ` using ${apiVersion}` : ''}`;
}
