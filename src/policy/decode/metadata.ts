/** ObjectMeta: who the object is, and its labels. */
import type { Labels, Path } from '../../model/labels.ts';
import { isObject, type RawObject } from '../../model/raw-object.ts';
import type { Report } from './decoded.ts';
import { checkLabels } from './labels.ts';
import { forbidden, invalid, required, unsupported } from './problem.ts';
import { readPart, readStrings, readText, reportUnknown } from './read.ts';
import { checkDnsLabel, checkLabelKey, type SyntaxCheck } from './syntax.ts';

export interface Metadata {
  /** Empty for kinds without a namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Labels;
  readonly deleting: boolean;
}

/** What is particular to a kind. */
export interface KindRules {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly checkName: SyntaxCheck;
  /** At the top beside apiVersion, kind and metadata; spec and status unless said. */
  readonly fields?: readonly string[];
}

const FIELDS: readonly string[] = [
  'annotations',
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'finalizers',
  'generateName',
  'generation',
  'labels',
  'managedFields',
  'name',
  'namespace',
  'ownerReferences',
  'resourceVersion',
  'selfLink',
  'uid',
];

/** 256 KiB for keys and values together. */
const ANNOTATIONS_LIMIT = 256 * 1024;

const PATH: Path = ['metadata'];

/** The top level of an object, and its metadata; null when it cannot be named. */
export function readTop(
  raw: unknown,
  rules: KindRules,
  report: Report,
): { readonly top: RawObject; readonly metadata: Metadata } | null {
  if (!isObject(raw)) {
    report.problems.push(invalid([], raw, `must be a ${rules.kind} object`));
    return null;
  }
  const strict = report.unknownFields === 'reject';
  if (strict) {
    const own = rules.fields ?? ['spec', 'status'];
    reportUnknown(['apiVersion', 'kind', 'metadata', ...own], raw, [], report);
    checkType(raw, rules, report);
  }
  const meta = readPart(raw.metadata, PATH, report);
  const name = readText(meta.name, [...PATH, 'name'], report);
  const namespace = readText(meta.namespace, [...PATH, 'namespace'], report);
  const labels = readStrings(meta.labels, [...PATH, 'labels'], report);
  if (strict) {
    reportUnknown(FIELDS, meta, PATH, report);
    checkIdentity({ name, namespace }, rules, report);
    checkLabels(labels, [...PATH, 'labels'], report);
    checkAnnotations(meta.annotations, report);
  } else if (!usable(name) || (rules.namespaced && !usable(namespace))) {
    checkIdentity({ name, namespace }, rules, report);
    return null;
  }
  const deleting = meta.deletionTimestamp !== undefined && meta.deletionTimestamp !== null;
  const uid = readText(meta.uid, [...PATH, 'uid'], report);
  return {
    top: raw,
    metadata: { namespace: rules.namespaced ? namespace : '', name, uid, labels, deleting },
  };
}

/** A slash would let two objects share one key. */
function usable(name: string): boolean {
  return name !== '' && !name.includes('/');
}

function checkType(raw: RawObject, rules: KindRules, { problems }: Report): void {
  for (const field of ['apiVersion', 'kind'] as const) {
    const got = raw[field];
    if (got !== undefined && got !== rules[field]) problems.push(unsupported([field], got, [rules[field]]));
  }
}

function checkIdentity(
  { name, namespace }: { readonly name: string; readonly namespace: string },
  rules: KindRules,
  { problems }: Report,
): void {
  const namePath = [...PATH, 'name'];
  const namespacePath = [...PATH, 'namespace'];
  if (name === '') problems.push(required(namePath, 'name or generateName is required'));
  else for (const message of rules.checkName(name)) problems.push(invalid(namePath, name, message));
  if (!rules.namespaced) {
    if (namespace !== '') problems.push(forbidden(namespacePath, 'not allowed on this type'));
  } else if (namespace === '') problems.push(required(namespacePath));
  else
    for (const message of checkDnsLabel(namespace)) problems.push(invalid(namespacePath, namespace, message));
}

/** Keys as for labels but in either case; values are free text. */
function checkAnnotations(raw: unknown, report: Report): void {
  const path = [...PATH, 'annotations'];
  const annotations = readStrings(raw, path, report);
  let size = 0;
  for (const [key, value] of annotations) {
    size += new TextEncoder().encode(key + value).length;
    for (const message of checkLabelKey(key.toLowerCase()))
      report.problems.push({ ...invalid(path, key, message), at: [...path, key] });
  }
  if (size > ANNOTATIONS_LIMIT) {
    const detail = `may not be more than ${ANNOTATIONS_LIMIT} bytes`;
    report.problems.push({ type: 'Too long', path, got: undefined, detail });
  }
}
