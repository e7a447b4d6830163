import type { Cidr } from './address.ts';
import type { Path, Selector } from './labels.ts';
import type { PolicyRef } from './policy-ref.ts';
import type { PortRange, Protocol } from './protocol.ts';

export type Direction = 'ingress' | 'egress';
export const DIRECTIONS: readonly Direction[] = ['egress', 'ingress'];

/**
 * A NetworkPolicy after defaulting and validation (semantics 1.1). A direction that is null is not
 * isolated by it; an empty list isolates and allows nothing.
 */
export interface Policy extends PolicyRef {
  readonly kind: 'NetworkPolicy';
  readonly subject: Selector;
  readonly ingress: readonly PolicyRule[] | null;
  readonly egress: readonly PolicyRule[] | null;
  /** What was invalid and therefore matches nothing (semantics A8); empty for a valid object. */
  readonly problems: readonly FieldProblem[];
}

export interface PolicyRule {
  /** Position in spec.ingress or spec.egress. */
  readonly index: number;
  readonly peers: Peers;
  readonly ports: Ports;
}

/** `any` (from/to absent or empty, C2) is kept apart from an empty list: an empty list matches nobody. */
export type Peers = { readonly kind: 'any' } | { readonly kind: 'some'; readonly peers: readonly Peer[] };

export type Peer =
  | {
      readonly kind: 'pods';
      readonly path: Path;
      readonly namespaces: NamespaceScope;
      readonly pods: Selector;
    }
  | {
      readonly kind: 'ipBlock';
      readonly path: Path;
      readonly cidr: Cidr;
      readonly except: readonly Cidr[];
    }
  /** An invalid or unrecognised peer (A7, A8). */
  | { readonly kind: 'nothing'; readonly path: Path; readonly problem: string };

/** The policy's own namespace, applied outside any selector, or the namespaces a selector chooses. */
export type NamespaceScope =
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'selected'; readonly selector: Selector };

export type Ports =
  | { readonly kind: 'any' }
  | { readonly kind: 'some'; readonly ports: readonly PortMatch[] };

export type PortMatch =
  /** A protocol without a port is the range 1..65535... of that protocol: `all`. */
  | { readonly kind: 'all'; readonly path: Path; readonly protocol: Protocol }
  | ({ readonly kind: 'range'; readonly path: Path } & PortRange)
  | { readonly kind: 'named'; readonly path: Path; readonly protocol: Protocol; readonly name: string }
  | { readonly kind: 'nothing'; readonly path: Path; readonly problem: string };

/** The vocabulary of the API server's field errors (k8s.io/apimachinery field.Error). */
export type FieldProblemType =
  | 'Required value'
  | 'Invalid value'
  | 'Unsupported value'
  | 'Forbidden'
  | 'Too long'
  | 'Too many'
  | 'Duplicate value'
  | 'unknown field';

export interface FieldProblem {
  readonly type: FieldProblemType;
  readonly path: Path;
  /** Where to point in the text, when that is deeper than the path the API server names (a key of a map). */
  readonly at?: Path;
  /** What was found there; undefined when there was nothing. */
  readonly got: unknown;
  /** The rule it breaks, in the API server's words where it has them. */
  readonly detail: string;
  /** The fields that exist where an unknown one was found. */
  readonly known?: readonly string[];
}
