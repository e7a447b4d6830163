/** Which object a raw one is, before anything else of it is decoded. */
import type { Identity } from '../kinds/kinds.ts';

/** null when the object cannot be told apart from others; `version` is its resourceVersion, empty without one. */
export function identityOf(raw: unknown): (Identity & { readonly version: string }) | null {
  const { metadata } = fields(raw);
  const { namespace = '', name, resourceVersion = '' } = fields(metadata);
  if (typeof name !== 'string' || name === '' || typeof namespace !== 'string') return null;
  return { namespace, name, version: typeof resourceVersion === 'string' ? resourceVersion : '' };
}

/** `NetworkPolicy shop/api`, `Node a`. */
export function describeObject(kind: string, { namespace, name }: Identity): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
