/** Our own ruleset as something to walk through. */
import { prefixNumbers } from './address-numbers.ts';
import { unreadable } from './alphabet.ts';
import type {
  BaseHook,
  ChainName,
  Expression,
  Operand,
  Rule,
  Ruleset,
  SetName,
  Statement,
} from './objects.ts';
import { comparable } from './values.ts';
import type { NumberRange, Walkable, WalkBase, WalkOperand, WalkRule, WalkStatement } from './walkable.ts';

/** Counters are 0 and handles null, since it is not in a kernel. */
export function walkableFromRuleset(ruleset: Ruleset): Walkable {
  const read = new Map<string, readonly WalkRule[]>();
  return {
    table: ruleset.table,
    bases: [...ruleset.chains.values()].flatMap(({ name, hook }) =>
      hook === null ? [] : [base(name, hook)],
    ),
    rules(name) {
      const chain = ruleset.chains.get(name as ChainName);
      if (!chain) return null;
      const rules = read.get(name) ?? chain.rules.map((rule, index) => readRule(rule, index, name));
      read.set(name, rules);
      return rules;
    },
    set: (name) => ruleset.sets.get(name as SetName) ?? null,
    map: (name) => ruleset.maps.get(name as SetName) ?? null,
  };
}

function base(chain: ChainName, hook: BaseHook): WalkBase {
  const devices = hook.hook === 'ingress' ? [hook.device] : [];
  return { chain, hook: hook.hook, devices, priority: hook.priority, policy: hook.policy };
}

function readRule(rule: Rule, index: number, chain: string): WalkRule {
  const where = `rule ${index} of chain ${chain}`;
  return {
    index,
    handle: null,
    note: rule.note,
    statements: rule.statements.map((statement) => readStatement(statement, where)),
  };
}

function readStatement(statement: Statement, where: string): WalkStatement {
  switch (statement.kind) {
    case 'match': {
      const { left, op, right } = statement;
      return { kind: 'match', left, negated: op === '!=', right: readOperand(left, right, where) };
    }
    case 'counter':
      return { kind: 'counter', packets: 0, bytes: 0 };
    case 'tcpFlagsNotSyn':
    case 'vmap':
    case 'jump':
    case 'goto':
    case 'accept':
    case 'drop':
      return statement;
  }
}

function readOperand(left: Expression, operand: Operand, where: string): WalkOperand {
  const one = (word: unknown): NumberRange => {
    const value = comparable(left, word);
    if (value === null) throw unreadable(`${where}, ${left.kind}`, word);
    return { first: value, last: value };
  };
  switch (operand.kind) {
    case 'set':
      return operand;
    case 'words':
      return { kind: 'ranges', ranges: operand.words.map(one) };
    case 'ports':
      return {
        kind: 'ranges',
        ranges: operand.ranges.map(({ first, last }) => ({ first: one(first).first, last: one(last).last })),
      };
    case 'prefixes':
      return { kind: 'ranges', ranges: operand.cidrs.map((cidr) => prefixRange(left, cidr, where)) };
    case 'address':
      return { kind: 'ranges', ranges: [one(operand.address)] };
    case 'links':
      return { kind: 'ranges', ranges: operand.names.map(one) };
    case 'missing':
      return { kind: 'ranges', ranges: [one(false)] };
  }
}

/** The addresses of a prefix, which must be of the family the expression compares. */
export function prefixRange(left: Expression, cidr: string, where: string): NumberRange {
  const [address = '', length = ''] = cidr.split('/');
  const family = left.kind === 'ctAddress' || left.kind === 'address' ? left.family : null;
  const range = family && /^\d+$/.test(length) ? prefixNumbers(family, address, Number(length)) : null;
  if (!range) throw unreadable(`${where}, ${left.kind}`, cidr);
  return range;
}
