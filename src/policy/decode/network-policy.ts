/**
 * NetworkPolicy as stored -> Policy, with the API server's defaults and validation (semantics 1.1).
 * Whatever is broken matches nothing, and the subject stays isolated (A8).
 */
import type { Path } from '../../model/labels.ts';
import type { Direction, FieldProblem, Peers, Policy, PolicyRule, Ports } from '../../model/policy.ts';
import {
  type Decoded,
  isAbsent,
  isObject,
  Problems,
  type RawObject,
  readList,
  readObject,
  type UnknownFields,
} from './decoded.ts';
import { findUnknownFields, NETWORK_POLICY } from './fields.ts';
import { readMetadata, readRoot } from './metadata.ts';
import { readPeer } from './peer.ts';
import { readPolicyPort } from './policy-port.ts';
import { readSelector } from './selector.ts';

export function decodeNetworkPolicy(raw: unknown, unknownFields: UnknownFields): Decoded<Policy> {
  const problems = new Problems();
  const root = readRoot(raw, problems);
  const metadata = root && readMetadata(root, 'namespaced', 'subdomain', problems);
  if (root && unknownFields === 'reject') findUnknownFields(root, NETWORK_POLICY, [], problems);
  if (!root || !metadata) return { value: null, problems: problems.list };
  const spec = readObject(root.spec, ['spec'], problems);
  const value = {
    namespace: metadata.namespace,
    name: metadata.name,
    ...(spec === null ? UNUSABLE : readSpec(spec, metadata.namespace, problems)),
    problems: problems.list,
  };
  return {
    value: unknownFields === 'reject' && problems.list.length > 0 ? null : value,
    problems: problems.list,
  };
}

/** The same validation for the API server of the lab: every problem of a new object, none for a valid one. */
export function validateNetworkPolicy(raw: unknown): readonly FieldProblem[] {
  return decodeNetworkPolicy(raw, 'ignore').problems;
}

type Spec = Pick<Policy, 'subject' | 'ingress' | 'egress'>;

const UNUSABLE: Spec = {
  subject: { kind: 'nothing', problem: 'spec must be an object' },
  ingress: [],
  egress: [],
};

function readSpec(spec: RawObject, namespace: string, problems: Problems): Spec {
  const subject = readSelector(spec.podSelector, ['spec', 'podSelector'], problems);
  const ingress = readRules(spec.ingress, 'ingress', namespace, problems);
  const egress = readRules(spec.egress, 'egress', namespace, problems);
  const types = readPolicyTypes(spec.policyTypes, problems) ?? defaultTypes(egress);
  return {
    subject,
    ingress: types.has('ingress') ? ingress : null,
    egress: types.has('egress') ? egress : null,
  };
}

/** A2: egress only if it has at least one rule; `egress: []` alone does not isolate egress. */
function defaultTypes(egress: readonly PolicyRule[]): ReadonlySet<Direction> {
  return new Set<Direction>(egress.length > 0 ? ['ingress', 'egress'] : ['ingress']);
}

/** null: absent or empty. What is invalid isolates both ways rather than none. */
function readPolicyTypes(value: unknown, problems: Problems): ReadonlySet<Direction> | null {
  const path = ['spec', 'policyTypes'];
  const list = readList(value, path, problems);
  if (list === null) return new Set<Direction>(['ingress', 'egress']);
  if (list.length === 0) return null;
  if (list.length > 2) problems.invalid(path, list, 'may not specify more than two policyTypes');
  const types = new Set<Direction>();
  for (const [index, item] of list.entries()) {
    if (item === 'Ingress') types.add('ingress');
    else if (item === 'Egress') types.add('egress');
    else problems.add('Unsupported value', [...path, index], item, 'supported values: "Egress", "Ingress"');
  }
  return types.size > 0 ? types : new Set<Direction>(['ingress', 'egress']);
}

function readRules(
  value: unknown,
  direction: Direction,
  namespace: string,
  problems: Problems,
): readonly PolicyRule[] {
  const path = ['spec', direction];
  return (readList(value, path, problems) ?? []).map((rule, index) =>
    readRule(rule, index, [...path, index], direction, namespace, problems),
  );
}

function readRule(
  value: unknown,
  index: number,
  path: Path,
  direction: Direction,
  namespace: string,
  problems: Problems,
): PolicyRule {
  if (!isObject(value)) {
    problems.invalid(path, value, 'must be an object');
    return { index, peers: { kind: 'some', peers: [] }, ports: { kind: 'some', ports: [] } };
  }
  const side = direction === 'ingress' ? 'from' : 'to';
  return {
    index,
    peers: readPeers(value[side], [...path, side], namespace, problems),
    ports: readPorts(value.ports, [...path, 'ports'], problems),
  };
}

/** C2: absent, null and `[]` mean everybody; what is not a list means nobody. */
function readPeers(value: unknown, path: Path, namespace: string, problems: Problems): Peers {
  const list = readList(value, path, problems);
  if (list === null) return { kind: 'some', peers: [] };
  if (isAbsent(value) || list.length === 0) return { kind: 'any' };
  return {
    kind: 'some',
    peers: list.map((peer, index) => readPeer(peer, [...path, index], namespace, problems)),
  };
}

function readPorts(value: unknown, path: Path, problems: Problems): Ports {
  const list = readList(value, path, problems);
  if (list === null) return { kind: 'some', ports: [] };
  if (list.length === 0) return { kind: 'any' };
  return { kind: 'some', ports: list.map((port, index) => readPolicyPort(port, [...path, index], problems)) };
}
