/**
 * What is in the kernel, as identities: which of our chains stand there unaltered (by the fingerprint in
 * their rules' comments), and which elements the sets and maps hold. Rule text is never compared, since
 * nft normalises it. What is not recognised as ours is marked so that `plan` rewrites it.
 */
import { parseRuleComment } from './alphabet.ts';
import { decodeElement } from './elements.ts';
import type { ListedChain, ListedRule, ListedSet, Listing } from './listing.ts';
import type { Chain, Element, ElementType, ElementVerdict, NftMap, NftSet, Ruleset } from './objects.ts';
import { elementVerdict, verdictKey } from './verdicts.ts';

export interface ObservedHook {
  readonly type: string;
  readonly hook: string;
  /** Of netdev: its link; of several, their names with commas between, as none of ours has. */
  readonly device: string | null;
  readonly priority: number;
  readonly policy: string;
}

export interface ObservedChain {
  readonly name: string;
  readonly hook: ObservedHook | null;
  /** Of all its rules; null when one is missing, foreign or out of order. A chain without rules: ''. */
  readonly fingerprint: string | null;
  readonly rules: number;
  /** The object it was last written from, so that an unchanged one is recognised without comparing. */
  readonly source: Chain | null;
}

export interface ObservedSet {
  readonly name: string;
  /** null: of a type, a flag or with elements that policyd never writes. */
  readonly shape: SetShape | null;
  readonly elements: ReadonlySet<Element>;
  readonly source: NftSet | null;
}

export interface ObservedMap {
  readonly name: string;
  readonly shape: SetShape | null;
  /** Verdicts as text (`accept`, `drop`, `goto chain`). */
  readonly elements: ReadonlyMap<Element, string>;
  readonly source: NftMap | null;
}

export interface SetShape {
  readonly type: readonly ElementType[];
  readonly interval: boolean;
}

export interface ObservedTable {
  readonly table: Ruleset['table'];
  /** Objects and flags that policyd never writes, as text; any of them and the table is replaced. */
  readonly foreign: readonly string[];
  readonly chains: ReadonlyMap<string, ObservedChain>;
  readonly sets: ReadonlyMap<string, ObservedSet>;
  readonly maps: ReadonlyMap<string, ObservedMap>;
}

/** null: there is no such table. */
export function observe(listing: Listing, table: Ruleset['table']): ObservedTable | null {
  const own = listing.tables.find(({ family, name }) => family === table.family && name === table.name);
  if (!own) return null;
  const inside = (object: { readonly family: string; readonly table: string }): boolean =>
    object.family === table.family && object.table === table.name;
  const rules = rulesByChain(listing.rules.filter(inside));
  return {
    table,
    foreign: [...own.flags.map((flag) => `table flag ${flag}`), ...listing.others.map(({ kind }) => kind)],
    chains: byName(
      listing.chains.filter(inside).map((chain) => observeChain(chain, rules.get(chain.name) ?? [])),
    ),
    sets: byName(listing.sets.filter(inside).map(observeSet)),
    maps: byName(listing.maps.filter(inside).map(observeMap)),
  };
}

function byName<T extends { readonly name: string }>(objects: readonly T[]): ReadonlyMap<string, T> {
  return new Map(objects.map((object) => [object.name, object]));
}

/** In the order in which they stand. */
export function rulesByChain(rules: readonly ListedRule[]): ReadonlyMap<string, readonly ListedRule[]> {
  const result = new Map<string, ListedRule[]>();
  for (const rule of rules) {
    const list = result.get(rule.chain);
    if (list) list.push(rule);
    else result.set(rule.chain, [rule]);
  }
  return result;
}

function observeChain(chain: ListedChain, rules: readonly ListedRule[]): ObservedChain {
  const { name } = chain;
  let fingerprint: string | null = '';
  for (const [index, rule] of rules.entries()) {
    fingerprint = nextFingerprint(fingerprint, index, rule.comment ?? null);
  }
  return {
    name,
    hook: observedHook(chain),
    fingerprint,
    rules: rules.length,
    source: null,
  };
}

/** Of a chain as it is listed, or as it is written; null: no base chain. */
export function observedHook(
  chain: Pick<ListedChain, 'type' | 'hook' | 'dev' | 'prio' | 'policy'>,
): ObservedHook | null {
  const { type = '', hook, dev, prio = 0, policy = 'accept' } = chain;
  if (hook === undefined) return null;
  return { type, hook, device: dev === undefined ? null : [dev].flat().join(), priority: prio, policy };
}

/** The fingerprint of a chain after one more rule at its end. */
export function nextFingerprint(sofar: string | null, index: number, comment: string | null): string | null {
  const mark = parseRuleComment(comment);
  if (mark === null || mark.index !== index || sofar === null) return null;
  return index === 0 || mark.fingerprint === sofar ? mark.fingerprint : null;
}

/** null: a type or a flag that policyd never writes. */
export function setShape(type: readonly string[], flags: readonly string[]): SetShape | null {
  const known = type.filter(isElementType);
  if (known.length === 0 || known.length !== type.length) return null;
  return flags.every((flag) => flag === 'interval') ? { type: known, interval: flags.length > 0 } : null;
}

const ELEMENT_TYPES: readonly string[] = [
  'ipv4_addr',
  'ipv6_addr',
  'inet_service',
  'inet_proto',
  'ifname',
] satisfies readonly ElementType[];

function isElementType(type: string): type is ElementType {
  return ELEMENT_TYPES.includes(type);
}

/** Properties nft prints of a set that make it another set than ours would be. */
const FOREIGN_PROPERTIES = ['timeout', 'gc-interval', 'size', 'stmt', 'policy', 'auto-merge'];

function observedShape(set: ListedSet): SetShape | null {
  return FOREIGN_PROPERTIES.some((property) => property in set) ? null : setShape(set.type, set.flags);
}

function observeSet(set: ListedSet): ObservedSet {
  const shape = observedShape(set);
  const elements = new Set<Element>();
  for (const json of set.elem ?? []) {
    const element = shape && decodeElement(shape.type, json);
    if (element === null) return { name: set.name, shape: null, elements: new Set(), source: null };
    elements.add(element);
  }
  return { name: set.name, shape, elements, source: null };
}

function observeMap(map: ListedSet): ObservedMap {
  const shape = map.map === 'verdict' ? observedShape(map) : null;
  const elements = new Map<Element, string>();
  for (const json of map.elem ?? []) {
    const entry = shape && decodeEntry(shape.type, json);
    if (entry === null) return { name: map.name, shape: null, elements: new Map(), source: null };
    elements.set(...entry);
  }
  return { name: map.name, shape, elements, source: null };
}

/** One `[key, verdict]` of a verdict map. */
export function decodeEntry(type: readonly ElementType[], json: unknown): [Element, string] | null {
  if (!Array.isArray(json) || json.length !== 2) return null;
  const key = decodeElement(type, json[0]);
  const verdict: ElementVerdict | null = elementVerdict(json[1]);
  return key === null || verdict === null ? null : [key, verdictKey(verdict)];
}
