/** Raw objects, from files or from a cluster, to the world an explanation is made from. */

import {
  type Identity,
  type KeyOf,
  KINDS,
  RESOURCES,
  type Resource,
  resourceOf,
  type ValueOf,
} from '../kinds/kinds.ts';
import type { Address } from '../model/address.ts';
import { type PodKey, podKey } from '../model/cluster.ts';
import type { EndpointSlice } from '../model/endpoint-slice.ts';
import type { Path } from '../model/labels.ts';
import type { FieldProblem } from '../model/policy.ts';
import { policyKey } from '../model/policy-ref.ts';
import type { Decoded, UnknownFields } from '../policy/decode/decoded.ts';
import { complete } from './complete.ts';
import { spokenFamilies } from './families.ts';
import { saysReady } from './readiness.ts';
import { podsOfWorkload, WORKLOADS } from './workload.ts';
import type { At, World } from './world.ts';

/** One object as it was read. */
export interface Gathered {
  readonly kind: string;
  readonly raw: unknown;
  readonly locate: Locate | null;
}

/** What is wrong with one field of one of them. */
export interface DecodingProblem {
  readonly object: Gathered;
  readonly problem: FieldProblem;
}

type Locate = (path: Path) => At | null;

export interface Decodings {
  readonly objects: { readonly [R in Resource]: Map<KeyOf<R>, ValueOf<R>> };
  /** Whether a pod says that it is ready, where it says anything. */
  readonly readiness: Map<PodKey, boolean>;
  /** Where an object was read, by `placeKey`. */
  readonly places: Map<string, Locate>;
  readonly problems: DecodingProblem[];
}

/** Whether `decodeAll` makes something of it; a kind of that name in another group is something else. */
export function isUsed(kind: string, apiVersion: string): boolean {
  const resource = resourceOf(kind);
  if (resource !== null) return KINDS[resource].apiVersion === apiVersion;
  return WORKLOADS.has(kind) && /^(?:v1|apps\/v1|batch\/v1)$/.test(apiVersion);
}

/** Every object by its key, and what is wrong with it; objects of other kinds are passed over. */
export function decodeAll(objects: readonly Gathered[], unknownFields: UnknownFields): Decodings {
  const into: Decodings = {
    objects: Object.fromEntries(
      RESOURCES.map((resource) => [resource, new Map()]),
    ) as unknown as Decodings['objects'],
    readiness: new Map(),
    places: new Map(),
    problems: [],
  };
  for (const object of objects) {
    const resource = resourceOf(object.kind);
    if (resource === null) takeWorkload(object, unknownFields, into);
    else takeObject(resource, object, unknownFields, into);
  }
  return into;
}

function takeObject<R extends Resource>(
  resource: R,
  object: Gathered,
  unknownFields: UnknownFields,
  into: Decodings,
): void {
  const value = take(object, KINDS[resource].decode(object.raw, unknownFields), into);
  if (value === null) return;
  const identity = identityOf(value);
  const key = KINDS[resource].key(identity);
  into.objects[resource].set(key, value);
  const ready = resource === 'pods' ? saysReady(object.raw) : null;
  if (ready !== null) into.readiness.set(podKey(identity.namespace, identity.name), ready);
  if (object.locate !== null) into.places.set(placeKey(object.kind, key), object.locate);
}

function takeWorkload(object: Gathered, unknownFields: UnknownFields, into: Decodings): void {
  const value = take(object, podsOfWorkload(object.kind, object.raw, unknownFields), into);
  if (value !== null) into.objects.pods.set(podKey(value.namespace, value.name), value);
}

function take<Value>(object: Gathered, { value, problems }: Decoded<Value>, into: Decodings): Value | null {
  for (const problem of problems) into.problems.push({ object, problem });
  return value;
}

function identityOf(value: { readonly namespace?: string; readonly name: string }): Identity {
  return { namespace: value.namespace ?? '', name: value.name };
}

function placeKey(kind: string, key: string): string {
  return `${kind} ${key}`;
}

export interface Surroundings {
  /** Where `internet` is, if that is known. */
  readonly internet?: readonly string[];
  /** Addresses that the question names. */
  readonly asked?: readonly Address[];
  /** All EndpointSlices there are were read; false: only those at hand. */
  readonly slicesListed?: boolean;
}

/** Pods without an address get stand-ins; `origin` is told on in the world's `input`. */
export function assembleWorld(
  decoded: Decodings,
  origin: Pick<World['input'], 'kind' | 'cluster' | 'files' | 'missing'>,
  { internet = [], asked = [], slicesListed = false }: Surroundings = {},
): World {
  const { namespaces, nodes, pods, services, networkpolicies: policies } = decoded.objects;
  // A file describes what shall run; a cluster's pod is not ready until it says so.
  const assumedReady = origin.kind === 'files';
  const families = spokenFamilies({ pods, policies }, services.values(), asked);
  const completed = complete({ namespaces, nodes, pods, policies }, families);
  return {
    ...completed,
    services,
    slices: byService(decoded.objects.endpointslices.values()),
    slicesListed,
    unready: new Set([...pods.keys()].filter((key) => !(decoded.readiness.get(key) ?? assumedReady))),
    internet,
    input: {
      ...origin,
      objects: {
        namespaces: namespaces.size,
        nodes: nodes.size,
        pods: pods.size,
        services: services.size,
        policies: policies.size,
      },
    },
    locate: (policy, path) => decoded.places.get(placeKey(policy.kind, policyKey(policy)))?.(path) ?? null,
  };
}

function byService(slices: Iterable<EndpointSlice>): ReadonlyMap<string, readonly EndpointSlice[]> {
  const found = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    if (slice.service === null) continue;
    const key = `${slice.namespace}/${slice.service}`;
    const known = found.get(key);
    if (known) known.push(slice);
    else found.set(key, [slice]);
  }
  return found;
}
