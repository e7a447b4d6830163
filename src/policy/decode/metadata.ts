/** metadata: identity and labels. */
import type { Labels } from '../../model/labels.ts';
import { isAbsent, isObject, type Problems, type RawObject, readObject, readString } from './decoded.ts';
import { type NameRule, nameFault, readLabels } from './names.ts';

export interface Metadata {
  /** '' for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Labels;
  readonly deleting: boolean;
}

/** null: the object cannot be told from others, so there is no value. */
export function readMetadata(
  raw: RawObject,
  scope: 'namespaced' | 'cluster',
  rule: NameRule,
  problems: Problems,
): Metadata | null {
  const metadata = readObject(raw.metadata, ['metadata'], problems);
  if (metadata === null) return null;
  const name = readIdentity(metadata, 'name', rule, problems);
  const namespace = scope === 'cluster' ? '' : readIdentity(metadata, 'namespace', 'label', problems);
  if (name === null || namespace === null) return null;
  return {
    namespace,
    name,
    uid: readString(metadata.uid, ['metadata', 'uid'], problems) ?? '',
    labels: readLabels(metadata.labels, ['metadata', 'labels'], problems),
    deleting: !isAbsent(metadata.deletionTimestamp),
  };
}

/** A name with a slash or a NUL would not be injective in keys, so an ill-formed one is no identity. */
function readIdentity(
  metadata: RawObject,
  field: 'name' | 'namespace',
  rule: NameRule,
  problems: Problems,
): string | null {
  const path = ['metadata', field];
  const text = readString(metadata[field], path, problems);
  if (text === null || text === '') {
    if (isAbsent(metadata[field]) || text === '') {
      problems.add(
        'Required value',
        path,
        undefined,
        field === 'name' ? 'name or generateName is required' : '',
      );
    }
    return null;
  }
  const fault = nameFault(text, rule);
  if (fault === null) return text;
  problems.invalid(path, text, fault);
  return null;
}

/** The object itself, or a problem at its root. */
export function readRoot(raw: unknown, problems: Problems): RawObject | null {
  if (isObject(raw)) return raw;
  problems.invalid([], raw, 'must be an object');
  return null;
}
