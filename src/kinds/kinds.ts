/**
 * The one table of the kinds of objects that policyd reads. Guarantees: whoever lists, watches, decodes, names
 * or counts kinds takes them from here, so that a new one is an entry of this file, its decoder, and, for the
 * agent, its member of `Change`.
 */
import type { Change, Namespace, Node, Pod, PodKey } from '../model/cluster.ts';
import { podKey } from '../model/cluster.ts';
import type { EndpointSlice } from '../model/endpoint-slice.ts';
import type { Policy } from '../model/policy.ts';
import { type PolicyKey, policyKey, policyText } from '../model/policy-ref.ts';
import type { Service } from '../model/service.ts';
import type { Decoded, UnknownFields } from '../policy/decode/decoded.ts';
import { decodeEndpointSlice } from '../policy/decode/endpoint-slice.ts';
import { decodeNamespace } from '../policy/decode/namespace.ts';
import { decodeNetworkPolicy } from '../policy/decode/network-policy.ts';
import { decodeNode } from '../policy/decode/node.ts';
import { decodePod } from '../policy/decode/pod.ts';
import { decodeService } from '../policy/decode/service.ts';

/** What the agent follows, and policyctl lists as well, by the name in the API's paths. */
interface WatchedObjects {
  readonly pods: Keyed<PodKey, Pod>;
  readonly namespaces: Keyed<string, Namespace>;
  readonly nodes: Keyed<string, Node>;
  readonly networkpolicies: Keyed<PolicyKey, Policy>;
}

/** What policyctl alone lists. */
interface ListedObjects {
  readonly services: Keyed<string, Service>;
  readonly endpointslices: Keyed<string, EndpointSlice>;
}

interface Keyed<Key extends string, Value> {
  readonly key: Key;
  readonly value: Value;
}

type Objects = WatchedObjects & ListedObjects;

export type WatchedResource = keyof WatchedObjects;
export type Resource = keyof Objects;
export type KeyOf<R extends Resource> = Objects[R]['key'];
export type ValueOf<R extends Resource> = Objects[R]['value'];

export interface Identity {
  /** Empty for what has no namespace. */
  readonly namespace: string;
  readonly name: string;
}

export interface Kind<R extends Resource> {
  readonly resource: R;
  /** `NetworkPolicy` */
  readonly kind: string;
  readonly apiVersion: string;
  readonly namespaced: boolean;
  /** Without all of these no verdict can be given; of the others a verdict says what it does not know. */
  readonly decisive: boolean;
  decode(raw: unknown, unknownFields: UnknownFields): Decoded<ValueOf<R>>;
  key(identity: Identity): KeyOf<R>;
}

export interface WatchedKind<R extends WatchedResource> extends Kind<R> {
  /** `null`: it is gone. */
  change(identity: Identity, value: ValueOf<R> | null): Change;
}

export const WATCHED: { readonly [R in WatchedResource]: WatchedKind<R> } = {
  pods: {
    resource: 'pods',
    kind: 'Pod',
    apiVersion: 'v1',
    namespaced: true,
    decisive: true,
    decode: decodePod,
    key: ({ namespace, name }) => podKey(namespace, name),
    change: ({ namespace, name }, value) => ({ kind: 'pod', key: podKey(namespace, name), value }),
  },
  namespaces: {
    resource: 'namespaces',
    kind: 'Namespace',
    apiVersion: 'v1',
    namespaced: false,
    decisive: false,
    decode: decodeNamespace,
    key: ({ name }) => name,
    change: ({ name }, value) => ({ kind: 'namespace', key: name, value }),
  },
  nodes: {
    resource: 'nodes',
    kind: 'Node',
    apiVersion: 'v1',
    namespaced: false,
    decisive: false,
    decode: decodeNode,
    key: ({ name }) => name,
    change: ({ name }, value) => ({ kind: 'node', key: name, value }),
  },
  networkpolicies: {
    resource: 'networkpolicies',
    kind: 'NetworkPolicy',
    apiVersion: 'networking.k8s.io/v1',
    namespaced: true,
    decisive: true,
    decode: decodeNetworkPolicy,
    key: ({ namespace, name }) => policyKey({ kind: 'NetworkPolicy', namespace, name }),
    change: ({ namespace, name }, value) => ({
      kind: 'policy',
      ref: { kind: 'NetworkPolicy', namespace, name },
      value,
    }),
  },
};

/** The watched ones too. */
export const KINDS: { readonly [R in Resource]: Kind<R> } = {
  ...WATCHED,
  services: {
    resource: 'services',
    kind: 'Service',
    apiVersion: 'v1',
    namespaced: true,
    decisive: false,
    decode: decodeService,
    key: ({ namespace, name }) => `${namespace}/${name}`,
  },
  endpointslices: {
    resource: 'endpointslices',
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    namespaced: true,
    decisive: false,
    decode: decodeEndpointSlice,
    key: ({ namespace, name }) => `${namespace}/${name}`,
  },
};

/** What a change is about; policies say it themselves. */
const CHANGED: { readonly [K in Exclude<Change['kind'], 'policy'>]: Pick<Kind<Resource>, 'kind'> } = {
  pod: WATCHED.pods,
  namespace: WATCHED.namespaces,
  node: WATCHED.nodes,
};

export const WATCHED_RESOURCES: readonly WatchedResource[] = keys(WATCHED);
export const RESOURCES: readonly Resource[] = keys(KINDS);

/** `NetworkPolicy shop/api`, as problems and refusals name it. */
export function objectOf(change: Change): string {
  return change.kind === 'policy' ? policyText(change.ref) : `${CHANGED[change.kind].kind} ${change.key}`;
}

/** null: nobody here reads such objects. */
export function resourceOf(kind: string): Resource | null {
  return RESOURCES.find((resource) => KINDS[resource].kind === kind) ?? null;
}

/** Where all of them are listed and watched, in every namespace. */
export function pathOf({ apiVersion, resource }: Pick<Kind<Resource>, 'apiVersion' | 'resource'>): string {
  return `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}/${resource}`;
}

/** As in the rules of a ClusterRole; the core group is empty. */
export function groupOf({ apiVersion }: Pick<Kind<Resource>, 'apiVersion'>): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

function keys<Key extends string>(table: Readonly<Record<Key, unknown>>): readonly Key[] {
  return Object.keys(table) as Key[];
}
