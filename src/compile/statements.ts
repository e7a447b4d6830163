/** Short constructors for the statements compile writes. Shapes only, no decisions. */
import { createHash } from 'node:crypto';
import type { Family } from '../model/address.ts';
import type { DropReason } from '../model/drop-reason.ts';
import type {
  BaseHook,
  Chain,
  ChainName,
  ElementType,
  Expression,
  Operand,
  Rule,
  SetName,
  Statement,
} from '../nft/objects.ts';

export const FAMILIES: readonly Family[] = [4, 6];
export const ACCEPT: Statement = { kind: 'accept' };
export const PROTOCOL: Expression = { kind: 'l4proto' };
export const BACKEND_PORT: Expression = { kind: 'ctReplyPort' };

export type CtAddress = Extract<Expression, { kind: 'ctAddress' }>;

/** The real client, whatever NAT did. */
export function client(family: Family): CtAddress {
  return { kind: 'ctAddress', direction: 'original', family };
}

/** The real backend, whatever NAT did. */
export function backend(family: Family): CtAddress {
  return { kind: 'ctAddress', direction: 'reply', family };
}

/** An address of the IP header, whoever NAT has put there. */
export function header(field: 'saddr' | 'daddr', family: Family): Expression {
  return { kind: 'address', field, family };
}

/** `==`, or for a set: is in it. A packet without the key does not match. */
export function is(left: Expression, right: Operand): Statement {
  return { kind: 'match', left, op: '==', right };
}

/** `!=`, or for a set: is not in it. A packet without the key does not match either. */
export function isNot(left: Expression, right: Operand): Statement {
  return { kind: 'match', left, op: '!=', right };
}

/** A named set of the same table. */
export function inSet(name: SetName): Operand {
  return { kind: 'set', name };
}

/** Symbols of nft for the key they are compared with. */
export function words(...list: readonly string[]): Operand {
  return { kind: 'words', words: list };
}

/** Never comes back. */
export function goto(chain: ChainName): Statement {
  return { kind: 'goto', chain };
}

/** `note` stands in its comment; at most 90 bytes of our alphabet. */
export function rule(statements: readonly Statement[], note = ''): Rule {
  return { statements, note };
}

/**
 * The one way to drop: what is counted or logged of a drop is added here. `matches` are the conditions, none
 * for everything; the reason becomes the rule's comment.
 */
export function drop(reason: DropReason, matches: readonly Statement[] = []): Rule {
  return rule([...matches, { kind: 'counter' }, { kind: 'drop' }], reason);
}

/** nft's type of an address of this family. */
export function addressType(family: Family): ElementType {
  return family === 4 ? 'ipv4_addr' : 'ipv6_addr';
}

/** The fingerprint covers hook and rules, comments included. */
export function chain(name: ChainName, rules: readonly Rule[], hook: BaseHook | null = null): Chain {
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([hook, rules]))
    .digest('hex')
    .slice(0, 16);
  return { name, hook, rules, fingerprint };
}

/** The named sets on the right of its matches. */
export function setsOf(statements: Rule['statements']): readonly SetName[] {
  return statements.flatMap((each) =>
    each.kind === 'match' && each.right.kind === 'set' ? [each.right.name] : [],
  );
}
