/**
 * Which policy something comes from. Whoever names a policy holds a ref; text for people and keys of maps are
 * made from it here and never taken apart again.
 */
import type { Branded } from './brand.ts';

/** The kinds of policies that are read; each has its own branch wherever kinds differ. */
export type PolicyKind = 'NetworkPolicy';

export interface PolicyRef {
  readonly kind: PolicyKind;
  /** Empty for a kind of the whole cluster. */
  readonly namespace: string;
  readonly name: string;
}

/** Cuts a policy, or anything that begins like one, to the ref of it. */
export function policyRef({ kind, namespace, name }: PolicyRef): PolicyRef {
  return { kind, namespace, name };
}

export type PolicyKey = Branded<'PolicyKey'>;

/**
 * Injective, since Kubernetes names hold no slash. A NetworkPolicy's is `namespace/name`, as in the comments of
 * the kernel's rules; another kind's has to begin with what no namespace does.
 */
export function policyKey({ kind, namespace, name }: PolicyRef): PolicyKey {
  switch (kind) {
    case 'NetworkPolicy':
      return `${namespace}/${name}` as PolicyKey;
  }
}

/** For people: `NetworkPolicy shop/api`; a kind of the whole cluster has no namespace to tell. */
export function policyText({ kind, namespace, name }: PolicyRef): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}
