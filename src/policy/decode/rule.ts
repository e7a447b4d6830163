/** NetworkPolicyIngressRule and NetworkPolicyEgressRule. A broken rule keeps its place and matches nothing. */
import { z } from 'zod';
import type { Path } from '../../model/labels.ts';
import type { Direction, PolicyRule } from '../../model/policy.ts';
import type { Report } from './decoded.ts';
import { decodePeer } from './peer.ts';
import { decodePort } from './port.ts';
import { leftEmpty, part, readList, readObject } from './read.ts';

const schemas: Readonly<Record<Direction, z.ZodObject<z.ZodRawShape>>> = {
  ingress: z.object({ ports: part, from: part }),
  egress: z.object({ ports: part, to: part }),
};

/** `namespace` is the policy's own. */
export function decodeRule(
  raw: unknown,
  path: Path,
  index: number,
  direction: Direction,
  namespace: string,
  report: Report,
): PolicyRule {
  const schema = schemas[direction];
  const nothing: PolicyRule = {
    index,
    peers: { kind: 'some', peers: [] },
    ports: { kind: 'some', ports: [] },
  };
  if (leftEmpty(schema, raw, path, report)) return nothing;
  const fields = readObject(schema, raw, path, report);
  if (fields === null) return nothing;
  const portsPath = [...path, 'ports'];
  const peersField = direction === 'ingress' ? 'from' : 'to';
  const peersPath = [...path, peersField];
  const ports = readList(fields.ports, portsPath, report);
  const matches = (ports ?? []).map((entry, at) => decodePort(entry, [...portsPath, at], report));
  const peers = readList(fields[peersField], peersPath, report);
  const decodedPeers = (peers ?? []).map((entry, at) =>
    decodePeer(entry, [...peersPath, at], namespace, report),
  );
  return {
    index,
    peers: isAny(peers) ? { kind: 'any' } : { kind: 'some', peers: decodedPeers },
    ports: isAny(ports) ? { kind: 'any' } : { kind: 'some', ports: matches },
  };
}

/** Absent and empty mean everything (semantics C2); what is no list (null) means nothing. */
function isAny(list: readonly unknown[] | null | undefined): boolean {
  return list !== null && (list === undefined || list.length === 0);
}
