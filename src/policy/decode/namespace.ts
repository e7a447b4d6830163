/** v1 Namespace. */
import type { Namespace } from '../../model/cluster.ts';
import { type Decoded, decoded, newReport, type UnknownFields } from './decoded.ts';
import { type KindRules, readTop } from './metadata.ts';
import { checkDnsLabel } from './syntax.ts';

const RULES: KindRules = {
  apiVersion: 'v1',
  kind: 'Namespace',
  namespaced: false,
  checkName: checkDnsLabel,
};

/** Set by the API server whatever the user wrote there (semantics D6). */
const NAME_LABEL = 'kubernetes.io/metadata.name';

/** v1 Namespace, of any JSON. Never throws. */
export function decodeNamespace(raw: unknown, unknownFields: UnknownFields): Decoded<Namespace> {
  const report = newReport(unknownFields);
  const read = readTop(raw, RULES, report);
  if (read === null) return decoded<Namespace>(null, report);
  const { name, labels } = read.metadata;
  return decoded({ name, labels: new Map([...labels, [NAME_LABEL, name]]) }, report);
}
