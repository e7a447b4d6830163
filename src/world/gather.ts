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
import { podKey } from '../model/cluster.ts';
import type { Path } from '../model/labels.ts';
import type { FieldProblem } from '../model/policy.ts';
import { policyKey } from '../model/policy-ref.ts';
import type { Decoded, UnknownFields } from '../policy/decode/decoded.ts';
import { complete } from './complete.ts';
import { spokenFamilies } from './families.ts';
import { podsOfWorkload, WORKLOADS } from './workload.ts';
import type { At, World } from './world.ts';

/** One object as it was read. */
export interface Gathered {
  readonly kind: string;
  readonly raw: unknown;
  readonly locate: Locate | null;
}

export interface DecodingProblem {
  readonly object: Gathered;
  readonly problem: FieldProblem;
}

type Locate = (path: Path) => At | null;

export interface Decodings {
  readonly objects: { readonly [R in Resource]: Map<KeyOf<R>, ValueOf<R>> };
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
  const key = KINDS[resource].key(identityOf(value));
  into.objects[resource].set(key, value);
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
}

export function assembleWorld(
  decoded: Decodings,
  origin: Pick<World['input'], 'kind' | 'cluster' | 'files' | 'missing'>,
  { internet = [], asked = [] }: Surroundings = {},
): World {
  const { namespaces, nodes, pods, services, networkpolicies: policies } = decoded.objects;
  const families = spokenFamilies({ pods, policies }, services.values(), asked);
  const completed = complete({ namespaces, nodes, pods, policies }, families);
  return {
    ...completed,
    services,
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
