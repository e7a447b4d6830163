import { createHash } from 'node:crypto';
import { canonicalJson, type JsonObject, type KubeObject, objectAt } from '../apiserver/json.ts';

/** The label that keeps the pods of one Deployment's ReplicaSets apart. */
export const hashLabel = 'pod-template-hash';

const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** Ten characters that differ when templates differ; `attempt` moves on when a name is taken. */
export function templateHash(template: JsonObject, attempt: number): string {
  const bytes = createHash('sha256')
    .update(`${attempt}\n${canonicalJson(template)}`)
    .digest();
  return [...bytes.subarray(0, 10)].map((byte) => alphabet[byte % alphabet.length]).join('');
}

/** The template a ReplicaSet was made from: its own without the hash. */
export function templateOf(set: KubeObject): JsonObject {
  const template = objectAt(set, 'spec', 'template');
  const metadata = objectAt(template, 'metadata');
  const { [hashLabel]: _hash, ...labels } = objectAt(metadata, 'labels');
  return { ...template, metadata: { ...metadata, labels } };
}
