/** Namespace as stored -> name and labels. */
import type { Namespace } from '../../model/cluster.ts';
import { type Decoded, Problems, type UnknownFields } from './decoded.ts';
import { findUnknownFields, NAMESPACE } from './fields.ts';
import { readMetadata, readRoot } from './metadata.ts';

/** The API server sets this label on every namespace and lets nobody change it (semantics D6). */
const NAME_LABEL = 'kubernetes.io/metadata.name';

export function decodeNamespace(raw: unknown, unknownFields: UnknownFields): Decoded<Namespace> {
  const problems = new Problems();
  const root = readRoot(raw, problems);
  const metadata = root && readMetadata(root, 'cluster', 'label', problems);
  if (root && unknownFields === 'reject') findUnknownFields(root, NAMESPACE, [], problems);
  if (!metadata || (unknownFields === 'reject' && problems.list.length > 0))
    return { value: null, problems: problems.list };
  const { name } = metadata;
  return { value: { name, labels: new Map(metadata.labels).set(NAME_LABEL, name) }, problems: problems.list };
}
