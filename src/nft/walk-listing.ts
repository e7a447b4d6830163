/**
 * What the kernel listed as something to walk through. Rules are read when a packet first reaches their
 * chain; one of an unknown shape throws, since a guess could turn a denial into an allowance.
 */
import { z } from 'zod';
import { maskLength } from '../net/cidr.ts';
import { addressNumber } from './address-numbers.ts';
import { parseRuleComment, unreadable } from './alphabet.ts';
import { decodeElement } from './elements.ts';
import type { ListedChain, ListedRule, ListedSet, Listing } from './listing.ts';
import type { Element, Expression, Ruleset } from './objects.ts';
import { rulesByChain, setShape } from './observe.ts';
import { expressionJson, SYN_MASK } from './statement-json.ts';
import { comparable } from './values.ts';
import { prefixRange } from './walk-ruleset.ts';
import type {
  NumberRange,
  Walkable,
  WalkBase,
  WalkMap,
  WalkOperand,
  WalkRule,
  WalkSet,
  WalkStatement,
  WalkVerdict,
} from './walkable.ts';

/** The table of that family and name; without it a table with nothing in it. */
export function walkableFromListing(listing: Listing, table: Ruleset['table']): Walkable {
  const inside = (object: { readonly family: string; readonly table: string }): boolean =>
    object.family === table.family && object.table === table.name;
  const chains = listing.chains.filter(inside);
  const rules = rulesByChain(listing.rules.filter(inside));
  const sets = listing.sets.filter(inside);
  const maps = listing.maps.filter(inside);
  const dormant = listing.tables.some(
    ({ family, name, flags }) => family === table.family && name === table.name && flags.includes('dormant'),
  );
  return {
    table,
    bases: dormant ? [] : chains.flatMap(readBase),
    rules: remembered((name) => {
      if (!chains.some((chain) => chain.name === name)) return null;
      return (rules.get(name) ?? []).map(readRule);
    }),
    set: remembered((name) => readSet(sets.find((set) => set.name === name))),
    map: remembered((name) => readMap(maps.find((map) => map.name === name))),
  };
}

function readBase({ name, hook, dev, prio, policy }: ListedChain): readonly WalkBase[] {
  if (hook === undefined) return [];
  const devices = dev === undefined ? [] : [dev].flat();
  return [{ chain: name, hook, devices, priority: prio ?? 0, policy: policy === 'drop' ? 'drop' : 'accept' }];
}

function remembered<T>(read: (name: string) => T): (name: string) => T {
  const known = new Map<string, { readonly value: T }>();
  return (name) => {
    const entry = known.get(name) ?? { value: read(name) };
    known.set(name, entry);
    return entry.value;
  };
}

function readSet(set: ListedSet | undefined): WalkSet | null {
  if (!set) return null;
  const shape = setShape(set.type, set.flags);
  const elements = new Set<Element>();
  for (const json of set.elem ?? []) {
    const element = shape && decodeElement(shape.type, json);
    if (element === null) throw unreadable(`set ${set.name}, element`, json);
    elements.add(element);
  }
  if (!shape) throw unreadable(`set ${set.name}`, { type: set.type, flags: set.flags });
  return { ...shape, elements };
}

function readMap(map: ListedSet | undefined): WalkMap | null {
  if (!map) return null;
  const shape = setShape(map.type, map.flags);
  if (!shape || shape.interval || map.map !== 'verdict') {
    throw unreadable(`map ${map.name}`, { type: map.type, flags: map.flags, map: map.map });
  }
  const elements = new Map<Element, WalkVerdict>();
  for (const json of map.elem ?? []) {
    const key = Array.isArray(json) && json.length === 2 ? decodeElement(shape.type, json[0]) : null;
    const verdict = Array.isArray(json) ? readVerdict(json[1]) : null;
    if (key === null || verdict === null) throw unreadable(`map ${map.name}, element`, json);
    elements.set(key, verdict);
  }
  return { type: shape.type, elements };
}

function readRule(rule: ListedRule, index: number): WalkRule {
  const where = `rule ${index} of chain ${rule.chain} (handle ${rule.handle ?? 'unknown'})`;
  const mark = parseRuleComment(rule.comment ?? null);
  const statements = rule.expr.map((json) => readStatement(json, where));
  // Our own rules name bridges with pods; about other links a packet says nothing.
  if (mark === null && statements.some(namesLink)) throw unreadable(where, rule.expr);
  return { index, handle: rule.handle ?? null, note: mark?.note ?? '', statements };
}

function namesLink(statement: WalkStatement): boolean {
  return statement.kind === 'match' && statement.left.kind === 'link';
}

const target = z.strictObject({ target: z.string() });
const counterShape = z.strictObject({ counter: z.looseObject({ packets: z.number(), bytes: z.number() }) });
const vmapShape = z.strictObject({
  vmap: z.strictObject({ key: z.unknown(), data: z.string().startsWith('@') }),
});
const matchShape = z.strictObject({
  match: z.strictObject({ op: z.enum(['==', '!=', 'in']), left: z.unknown(), right: z.unknown() }),
});
const verdictShape = z.union([
  z.strictObject({ accept: z.null() }).transform(() => ({ kind: 'accept' as const })),
  z.strictObject({ drop: z.null() }).transform(() => ({ kind: 'drop' as const })),
  z.strictObject({ return: z.null() }).transform(() => ({ kind: 'return' as const })),
  z.strictObject({ goto: target }).transform((json) => ({ kind: 'goto' as const, chain: json.goto.target })),
  z.strictObject({ jump: target }).transform((json) => ({ kind: 'jump' as const, chain: json.jump.target })),
]);

function readVerdict(json: unknown): WalkVerdict | null {
  return verdictShape.safeParse(json).data ?? null;
}

function readStatement(json: unknown, where: string): WalkStatement {
  const verdict = readVerdict(json);
  if (verdict) return verdict;
  const counter = counterShape.safeParse(json).data?.counter;
  if (counter) return { kind: 'counter', packets: counter.packets, bytes: counter.bytes };
  const vmap = vmapShape.safeParse(json).data?.vmap;
  if (vmap) return { kind: 'vmap', key: readExpression(vmap.key, where), map: vmap.data.slice(1) };
  const match = matchShape.safeParse(json).data?.match;
  if (match) return readMatch(match, where);
  throw unreadable(where, json);
}

/** nft 1.0.6 lists the mask as it is given it, 1.1.3 as an expression. */
const SYN_TESTS: readonly string[] = [SYN_MASK, { '|': SYN_MASK }].map((mask) =>
  JSON.stringify({
    op: '!=',
    left: { '&': [{ payload: { protocol: 'tcp', field: 'flags' } }, mask] },
    right: 'syn',
  }),
);

function readMatch(match: z.infer<typeof matchShape>['match'], where: string): WalkStatement {
  if (SYN_TESTS.includes(JSON.stringify({ op: match.op, left: match.left, right: match.right }))) {
    return { kind: 'tcpFlagsNotSyn' };
  }
  const left = readExpression(match.left, where);
  // `in` tests bits: the same as equality for the state, of which a packet has exactly one.
  if (match.op === 'in' && left.kind !== 'ctState') throw unreadable(where, match);
  return { kind: 'match', left, negated: match.op === '!=', right: readOperand(left, match.right, where) };
}

function readOperand(left: Expression, json: unknown, where: string): WalkOperand {
  if (typeof json === 'string' && json.startsWith('@')) return { kind: 'set', name: json.slice(1) };
  const list = left.kind === 'ctState' && Array.isArray(json) ? json : setShapeOf(json);
  return { kind: 'ranges', ranges: (list ?? [json]).map((item: unknown) => readRange(left, item, where)) };
}

function setShapeOf(json: unknown): readonly unknown[] | null {
  return z.strictObject({ set: z.array(z.unknown()) }).safeParse(json).data?.set ?? null;
}

const rangeShape = z.strictObject({ range: z.tuple([z.unknown(), z.unknown()]) });
const prefixShape = z.strictObject({ prefix: z.strictObject({ addr: z.string(), len: z.number() }) });

function readRange(left: Expression, json: unknown, where: string): NumberRange {
  const prefix = prefixShape.safeParse(json).data?.prefix;
  if (prefix) return prefixRange(left, `${prefix.addr}/${prefix.len}`, where);
  const [firstWord, lastWord] = rangeShape.safeParse(json).data?.range ?? [json, json];
  const [first, last] = [comparable(left, firstWord), comparable(left, lastWord)];
  if (first === null || last === null) throw unreadable(`${where}, ${left.kind}`, json);
  return { first, last };
}

const EXPRESSIONS: ReadonlyMap<string, Expression> = new Map(
  (
    [
      { kind: 'ctState' },
      { kind: 'ctReplyPort' },
      { kind: 'l4proto' },
      { kind: 'hopLimit' },
      { kind: 'payloadLength' },
      { kind: 'packetLength' },
      { kind: 'packetType' },
      { kind: 'etherType' },
      { kind: 'link', direction: 'in' },
      { kind: 'link', direction: 'out' },
      { kind: 'sourceRoute' },
      { kind: 'udpPort' },
      ...([4, 6] as const).flatMap((family) => [
        { kind: 'ctAddress', direction: 'original', family } as const,
        { kind: 'ctAddress', direction: 'reply', family } as const,
        { kind: 'address', field: 'saddr', family } as const,
        { kind: 'address', field: 'daddr', family } as const,
        { kind: 'icmpType', family } as const,
      ]),
    ] satisfies readonly Expression[]
  ).map((expression) => [canonicalJson(expressionJson(expression)), expression]),
);

function readExpression(json: unknown, where: string): Expression {
  const parts = z.strictObject({ concat: z.array(z.unknown()).min(2) }).safeParse(json).data?.concat;
  if (parts) return { kind: 'concat', parts: parts.map((part) => readExpression(part, where)) };
  const expression = EXPRESSIONS.get(canonicalJson(json)) ?? readMasked(json);
  if (!expression) throw unreadable(where, json);
  return expression;
}

const maskedShape = z.strictObject({ '&': z.tuple([z.unknown(), z.string()]) });

/** null: it is not the beginning of an address. */
function readMasked(json: unknown): Expression | null {
  const [whole, mask] = maskedShape.safeParse(json).data?.['&'] ?? [];
  const expression = EXPRESSIONS.get(canonicalJson(whole));
  if (expression?.kind !== 'ctAddress' || mask === undefined) return null;
  const { family } = expression;
  const number = addressNumber(family, mask);
  const prefix = number === null ? null : maskLength(family, number);
  return prefix === null || prefix === 0 ? null : { ...expression, prefix };
}

/** Keys sorted, so that equal objects are equal text. */
function canonicalJson(json: unknown): string {
  return JSON.stringify(json, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
