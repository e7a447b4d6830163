import { claimsOf, cleanupFinalizer, withAcceptance } from './custom/acceptance.ts';
import { conformCustom } from './custom/prune.ts';
import { definitionWarnings } from './custom/warnings.ts';
import { withDefaults } from './defaults/defaults.ts';
import { qosClass } from './defaults/pod.ts';
import { type Json, type JsonObject, type KubeObject, listAt, objectAt, sameJson, textAt } from './json.ts';
import type { Part } from './managed/record.ts';
import { builtIns, type Resource } from './resources.ts';
import { conform } from './schema/conform.ts';
import { allocateService } from './service-addresses.ts';
import { badRequest, invalid, StatusError } from './status.ts';
import type { Storage } from './storage.ts';
import { timestamp } from './timestamp.ts';
import { objectProblems, updateProblems } from './validate/validate.ts';

/** What to do with fields the type does not have: refuse, drop and say so, or drop. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface FieldRule {
  readonly validation: FieldValidation;
  readonly warn: (message: string) => void;
  /** The patch that led to the object: refusals then speak of the patch. */
  readonly patch?: string;
  /** The input says what is applied: empty lists and maps stay. */
  readonly keepEmpty?: boolean;
}

export interface AdmissionContext {
  /** Ranges that Services get their ClusterIP from, one or two families. */
  readonly serviceRanges: readonly string[];
  readonly storage: Storage;
  readonly now: Date;
}

const withGeneration: ReadonlySet<string> = new Set([
  'deployments',
  'replicasets',
  'networkpolicies',
  'customresourcedefinitions',
]);

/** The input brought to the type of the resource, before anything is added to it. */
export function typed(resource: Resource, input: JsonObject, rule: FieldRule): JsonObject {
  const { custom, kind, name } = resource;
  const { object, unknownFields, mismatch } =
    custom === null ? conform(kind, input, rule) : conformCustom(custom.structural, input);
  if (mismatch !== null) throw undecodable(resource, mismatch, rule);
  const texts = unknownFields.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (texts.length > 0 && rule.validation === 'Strict') {
    throw undecodable(resource, `strict decoding error: ${texts.join(', ')}`, rule);
  }
  if (rule.validation === 'Warn') for (const text of texts) rule.warn(text);
  if (name === 'customresourcedefinitions') for (const text of definitionWarnings(object)) rule.warn(text);
  return object;
}

function undecodable({ kind, version }: Resource, why: string, { patch }: FieldRule): StatusError {
  if (patch === undefined)
    return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
  const shown = patch.length > 1000 ? `${patch.slice(0, 1000)}...` : patch;
  const message = `Invalid value: ${JSON.stringify(shown)}: ${why}`;
  const causes = [{ reason: 'FieldValueInvalid', message, field: 'patch' }];
  return new StatusError(422, 'Invalid', ` "" is invalid: patch: ${message}`, { causes });
}

/** What happens to an object between its defaults and its validation: who owns which field is written down. */
export type Track = (object: KubeObject) => KubeObject;

/** A new object as the server stores it. */
export function admit(
  resource: Resource,
  object: KubeObject,
  context: AdmissionContext,
  track: Track,
): KubeObject {
  const filled = withDefaults(resource, prepared(resource, object));
  return checked(resource, track(decided(resource, filled, context)), null, context);
}

/** The server's own fields of a new object: labels, generation, the first status. */
function prepared(resource: Resource, object: KubeObject): KubeObject {
  const counted = resource.custom !== null || withGeneration.has(resource.name);
  const metadata = counted ? { ...object.metadata, generation: 1 } : object.metadata;
  if (resource.custom !== null) {
    const { status, ...rest } = object;
    const kept = hasStatus(resource) || status === undefined ? {} : { status };
    return { ...rest, ...kept, apiVersion: object.apiVersion, kind: object.kind, metadata };
  }
  switch (resource.name) {
    case 'namespaces':
      return {
        ...named(object),
        spec: { ...objectAt(object, 'spec'), finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      };
    case 'pods':
      return {
        ...object,
        metadata,
        status: { phase: 'Pending', qosClass: qosClass(objectAt(object, 'spec')) },
      };
    case 'deployments':
      return { ...object, metadata, status: {} };
    case 'replicasets':
      return { ...object, metadata, status: { replicas: 0 } };
    case 'services':
      return { ...object, metadata, status: { loadBalancer: {} } };
    case 'nodes':
      return { ...object, metadata, status: objectAt(object, 'status') };
    case 'customresourcedefinitions':
      return { ...object, metadata, status: {} };
    default:
      return { ...object, metadata };
  }
}

/** Every namespace carries its own name as a label, whatever a user writes. */
function named(namespace: KubeObject): KubeObject {
  const { metadata } = namespace;
  const labels = { ...objectAt(metadata, 'labels'), 'kubernetes.io/metadata.name': metadata.name };
  return { ...namespace, metadata: { ...metadata, labels } };
}

/** Whether the status is written by a request of its own alone. */
export function hasStatus({ subresources }: Resource): boolean {
  return subresources.includes('status');
}

/** What the server itself decides about an object from others: which names of a definition are free. */
function decided(resource: Resource, object: KubeObject, { storage, now }: AdmissionContext): KubeObject {
  if (resource.name !== 'customresourcedefinitions') return object;
  const group = textAt(object, 'spec', 'group');
  const others = [...storage.values('customresourcedefinitions')].filter(
    (other) => textAt(other, 'spec', 'group') === group && other.metadata.name !== object.metadata.name,
  );
  const own = builtIns
    .filter((served) => served.group === group)
    .map(({ plural, singular, shortNames, kind, listKind }): JsonObject => {
      return { status: { acceptedNames: { plural, singular, shortNames, kind, listKind } } };
    });
  return withAcceptance(heldByItsObjects(object), claimsOf([...others, ...own]), timestamp(now));
}

/** A definition cannot go before its objects, whatever finalizers a user writes. */
function heldByItsObjects(definition: KubeObject): KubeObject {
  const { metadata } = definition;
  const finalizers = listAt(metadata, 'finalizers');
  if (metadata.deletionTimestamp !== undefined || finalizers.includes(cleanupFinalizer)) return definition;
  return { ...definition, metadata: { ...metadata, finalizers: [...finalizers, cleanupFinalizer] } };
}

function checked(
  resource: Resource,
  object: KubeObject,
  old: KubeObject | null,
  { serviceRanges, storage }: AdmissionContext,
): KubeObject {
  const { name } = object.metadata;
  const problems = [
    ...objectProblems(resource, object),
    ...(old === null ? [] : updateProblems(resource, old, object)),
  ];
  if (problems.length > 0) throw invalid(resource, name, problems);
  if (resource.name !== 'services') return object;
  const others = [...storage.values('services')].filter(
    (service) => service.metadata.uid !== object.metadata.uid,
  );
  const before = old === null ? null : objectAt(old, 'spec');
  const allocation = allocateService(objectAt(object, 'spec'), before, others, serviceRanges);
  if (allocation.problems.length > 0) throw invalid(resource, name, allocation.problems);
  return { ...object, spec: allocation.spec };
}

/** What an update leaves: `main` keeps the old status, `status` keeps everything else. */
export function admitUpdate(
  resource: Resource,
  old: KubeObject,
  input: JsonObject,
  part: Part,
  context: AdmissionContext,
  track: Track,
): KubeObject {
  if (part === 'status') {
    const next = { ...old, status: objectAt(input, 'status') };
    if (resource.custom === null) return track(next);
    return checked(resource, track(withDefaults(resource, next)), old, context);
  }
  const { status, ...rest } = input;
  const kept = resource.custom !== null && !hasStatus(resource) ? status : old.status;
  const next: KubeObject = {
    ...rest,
    apiVersion: old.apiVersion,
    kind: old.kind,
    metadata: updatedMetadata(old, objectAt(input, 'metadata')),
    ...(kept === undefined ? {} : { status: kept }),
  };
  const prepared = resource.name === 'namespaces' ? named(keepSpec(old, next)) : next;
  const filled = withDefaults(resource, keepAllocations(resource, old, prepared));
  const tracked = track(decided(resource, filled, context));
  return bump(resource, old, checked(resource, tracked, old, context));
}

/** Labels, annotations, owners and finalizers are the user's; the rest of the metadata is the server's. */
function updatedMetadata(old: KubeObject, given: JsonObject): KubeObject['metadata'] {
  const { labels: _l, annotations: _a, ownerReferences: _o, finalizers: _f, ...identity } = old.metadata;
  return {
    ...identity,
    ...(given.labels === undefined ? {} : { labels: given.labels }),
    ...(given.annotations === undefined ? {} : { annotations: given.annotations }),
    ...(given.ownerReferences === undefined ? {} : { ownerReferences: given.ownerReferences }),
    ...(listAt(given, 'finalizers').length === 0 ? {} : { finalizers: listAt(given, 'finalizers') }),
  };
}

function keepSpec(old: KubeObject, next: KubeObject): KubeObject {
  return { ...next, spec: objectAt(old, 'spec') };
}

/** A PUT of a Service that leaves out its address does not ask for another one. */
function keepAllocations(resource: Resource, old: KubeObject, next: KubeObject): KubeObject {
  if (resource.name !== 'services') return next;
  const before = objectAt(old, 'spec');
  const spec = objectAt(next, 'spec');
  if (spec.clusterIP !== undefined || spec.type === 'ExternalName' || before.clusterIP === undefined)
    return next;
  return { ...next, spec: { ...spec, clusterIP: before.clusterIP, clusterIPs: before.clusterIPs } };
}

/** `metadata.generation` counts changes of the specification. */
function bump(resource: Resource, old: KubeObject, next: KubeObject): KubeObject {
  if (resource.custom === null && !withGeneration.has(resource.name)) return next;
  if (sameJson(specified(resource, old), specified(resource, next))) return next;
  const generation = Number(old.metadata.generation ?? 1) + 1;
  return { ...next, metadata: { ...next.metadata, generation } };
}

/** In a custom object everything may be specification, but its metadata and a status of its own. */
function specified(resource: Resource, object: KubeObject): Json | undefined {
  if (resource.custom === null) return object.spec;
  const { metadata: _metadata, status, apiVersion: _version, kind: _kind, ...rest } = object;
  return hasStatus(resource) || status === undefined ? rest : { ...rest, status };
}
