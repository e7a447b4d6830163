import type { FieldProblem } from '../../../model/policy.ts';
import { decodeNetworkPolicy } from '../../../policy/decode/network-policy.ts';
import { forbidden, invalid, required } from '../../../policy/decode/problem.ts';
import { definitionProblems, definitionUpdateProblems } from '../custom/definition-problems.ts';
import { valueProblems } from '../custom/value-problems.ts';
import {
  at,
  isArray,
  type JsonObject,
  type KubeObject,
  listAt,
  objectAt,
  sameJson,
  textAt,
} from '../json.ts';
import type { Resource } from '../resources.ts';
import { choice } from './container.ts';
import { finalizerUpdateProblems, metadataProblems } from './metadata.ts';
import { podSpecProblems, podUpdateProblems } from './pod.ts';
import { serviceProblems, serviceUpdateProblems } from './service.ts';
import { workloadProblems, workloadUpdateProblems } from './workload.ts';

/** What the API server finds wrong with a defaulted object; empty for a valid one. */
export function objectProblems(resource: Resource, object: KubeObject): readonly FieldProblem[] {
  const metadata = metadataProblems(resource, object.metadata);
  const named = new Set(metadata.map(({ path }) => path.join('.')));
  // policy's decoder reads the metadata as well: the same problem is not said twice.
  const own = specProblems(resource, object).filter(({ path }) => !named.has(path.join('.')));
  return [...metadata, ...own];
}

function specProblems(resource: Resource, object: KubeObject): readonly FieldProblem[] {
  if (resource.custom !== null) return valueProblems(resource.custom.structural, object, []);
  const spec = objectAt(object, 'spec');
  switch (resource.name) {
    case 'customresourcedefinitions':
      return definitionProblems(object);
    case 'pods':
      return podSpecProblems(spec, ['spec']);
    case 'networkpolicies':
      return decodeNetworkPolicy(object, 'ignore').problems;
    case 'services':
      return serviceProblems(spec);
    case 'deployments':
    case 'replicasets':
      return workloadProblems(spec);
    case 'configmaps':
      return [...keyProblems(object, 'data'), ...keyProblems(object, 'binaryData')];
    case 'secrets':
      return keyProblems(object, 'data');
    case 'endpointslices':
      return endpointSliceProblems(object);
    case 'events':
      return eventProblems(object);
    default:
      return [];
  }
}

function keyProblems(object: KubeObject, field: string): readonly FieldProblem[] {
  return Object.keys(objectAt(object, field))
    .filter((key) => key.length > 253 || !/^[-._a-zA-Z0-9]+$/.test(key))
    .map((key) =>
      invalid(
        [field, key],
        key,
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ),
    );
}

function endpointSliceProblems(object: KubeObject): readonly FieldProblem[] {
  if (textAt(object, 'addressType') === '') return [required(['addressType'])];
  return [
    ...choice(object, 'addressType', ['FQDN', 'IPv4', 'IPv6'], []),
    ...listAt(object, 'endpoints').flatMap((endpoint, index) =>
      listAt(endpoint, 'addresses').length === 0 ? [required(['endpoints', index, 'addresses'])] : [],
    ),
  ];
}

function eventProblems(object: KubeObject): readonly FieldProblem[] {
  const about = textAt(object, 'involvedObject', 'namespace') || 'default';
  if (about === object.metadata.namespace) return [];
  return [invalid(['involvedObject', 'namespace'], about, 'does not match event.namespace')];
}

/** What an update may not change. */
export function updateProblems(
  resource: Resource,
  old: KubeObject,
  next: KubeObject,
): readonly FieldProblem[] {
  const before = objectAt(old, 'spec');
  const after = objectAt(next, 'spec');
  return [
    ...finalizerUpdateProblems(old.metadata, next.metadata),
    ...fixed(resource, old, next, before, after),
  ];
}

function fixed(
  resource: Resource,
  old: KubeObject,
  next: KubeObject,
  before: JsonObject,
  after: JsonObject,
): readonly FieldProblem[] {
  switch (resource.name) {
    case 'customresourcedefinitions':
      return definitionUpdateProblems(old, next);
    case 'pods':
      return podUpdateProblems(before, after);
    case 'deployments':
    case 'replicasets':
      return workloadUpdateProblems(before, after);
    case 'services':
      return serviceUpdateProblems(before, after);
    case 'nodes':
      return podCidrProblems(before, after);
    case 'configmaps':
    case 'secrets':
      return immutableProblems(old, next);
    case 'endpointslices':
      if (textAt(old, 'addressType') === textAt(next, 'addressType')) return [];
      return [invalid(['addressType'], next.addressType, 'field is immutable')];
    default:
      return [];
  }
}

function podCidrProblems(before: JsonObject, after: JsonObject): readonly FieldProblem[] {
  const set = at(before, 'podCIDRs');
  if (!isArray(set) || set.length === 0 || sameJson(set, after.podCIDRs)) return [];
  return [forbidden(['spec', 'podCIDRs'], 'node updates may not change podCIDR except from "" to valid')];
}

function immutableProblems(old: KubeObject, next: KubeObject): readonly FieldProblem[] {
  if (old.immutable !== true) return [];
  const changed = ['immutable', 'data', 'binaryData'].filter((field) => !sameJson(old[field], next[field]));
  return changed.map((field) => forbidden([field], 'field is immutable when `immutable` is set'));
}
