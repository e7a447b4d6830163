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

/** The real client, whatever NAT did. */
export function client(family: Family): Expression {
  return { kind: 'ctAddress', direction: 'original', family };
}

/** The real backend, whatever NAT did. */
export function backend(family: Family): Expression {
  return { kind: 'ctAddress', direction: 'reply', family };
}

export function header(field: 'saddr' | 'daddr', family: Family): Expression {
  return { kind: 'address', field, family };
}

export function is(left: Expression, right: Operand): Statement {
  return { kind: 'match', left, op: '==', right };
}

export function isNot(left: Expression, right: Operand): Statement {
  return { kind: 'match', left, op: '!=', right };
}

export function inSet(name: SetName): Operand {
  return { kind: 'set', name };
}

export function words(...list: readonly string[]): Operand {
  return { kind: 'words', words: list };
}

export function goto(chain: ChainName): Statement {
  return { kind: 'goto', chain };
}

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
