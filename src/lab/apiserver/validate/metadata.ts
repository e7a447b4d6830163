import type { FieldProblem } from '../../../model/policy.ts';
import { forbidden, invalid, required } from '../../../policy/decode/problem.ts';
import {
  checkDns1035,
  checkDnsLabel,
  checkLabelKey,
  checkLabelValue,
  checkSubdomain,
  type SyntaxCheck,
} from '../../../policy/decode/syntax.ts';
import { at, isObject, type JsonObject, listAt, objectAt, textAt } from '../json.ts';
import type { Resource } from '../resources.ts';

const annotationBytes = 256 * 1024;

/** Names, labels, annotations, owners: the same for all kinds. */
export function metadataProblems(resource: Resource, metadata: JsonObject): readonly FieldProblem[] {
  return [
    ...nameProblems(resource, metadata),
    ...labelProblems(objectAt(metadata, 'labels'), ['metadata', 'labels']),
    ...annotationProblems(objectAt(metadata, 'annotations')),
    ...ownerProblems(metadata),
    ...finalizerProblems(metadata),
  ];
}

function nameProblems(resource: Resource, metadata: JsonObject): readonly FieldProblem[] {
  const name = textAt(metadata, 'name');
  const path = ['metadata', 'name'];
  if (name === '') return [required(path, 'name or generateName is required')];
  return nameCheck(resource)(name).map((rule) => invalid(path, name, rule));
}

function nameCheck(resource: Resource): SyntaxCheck {
  switch (resource.name) {
    case 'namespaces':
      return checkDnsLabel;
    case 'services':
      return checkDns1035;
    default:
      return checkSubdomain;
  }
}

/** Also of selectors that are plain labels; `path` is where they stand. */
export function labelProblems(labels: JsonObject, path: readonly string[]): readonly FieldProblem[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...checkLabelKey(key).map((rule) => invalid(path, key, rule)),
    ...(typeof value === 'string' ? checkLabelValue(value).map((rule) => invalid(path, value, rule)) : []),
  ]);
}

function annotationProblems(annotations: JsonObject): readonly FieldProblem[] {
  const path = ['metadata', 'annotations'];
  let bytes = 0;
  const problems = Object.entries(annotations).flatMap(([key, value]) => {
    bytes += Buffer.byteLength(key) + (typeof value === 'string' ? Buffer.byteLength(value) : 0);
    return checkLabelKey(key.toLowerCase()).map((rule) => invalid(path, key, rule));
  });
  if (bytes <= annotationBytes) return problems;
  const tooLong = {
    type: 'Too long',
    path,
    got: '',
    detail: `may not be more than ${annotationBytes} bytes`,
  } as const;
  return [...problems, tooLong];
}

function ownerProblems(metadata: JsonObject): readonly FieldProblem[] {
  const owners = listAt(metadata, 'ownerReferences').filter(isObject);
  const controllers = owners.filter((owner) => at(owner, 'controller') === true);
  const missing = owners.flatMap((owner, index) =>
    ['apiVersion', 'kind', 'name', 'uid']
      .filter((field) => textAt(owner, field) === '')
      .map((field) => invalid(['metadata', 'ownerReferences', index, field], '', 'must not be empty')),
  );
  if (controllers.length < 2) return missing;
  const names = controllers.map((owner) => textAt(owner, 'kind')).join(', ');
  return [
    ...missing,
    invalid(['metadata', 'ownerReferences'], names, 'Only one reference can have Controller set to true'),
  ];
}

function finalizerProblems(metadata: JsonObject): readonly FieldProblem[] {
  return listAt(metadata, 'finalizers').flatMap((finalizer, index) =>
    typeof finalizer === 'string'
      ? checkLabelKey(finalizer).map((rule) => invalid(['metadata', 'finalizers', index], finalizer, rule))
      : [],
  );
}

/** After deletion was asked for, finalizers may only go. */
export function finalizerUpdateProblems(old: JsonObject, next: JsonObject): readonly FieldProblem[] {
  if (at(old, 'deletionTimestamp') === undefined) return [];
  const before = listAt(old, 'finalizers');
  const added = listAt(next, 'finalizers').filter((finalizer) => !before.includes(finalizer));
  if (added.length === 0) return [];
  const rule = `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`;
  return [forbidden(['metadata', 'finalizers'], rule)];
}
