/**
 * nft commands as data: the objects that `nft -j -f` reads, and how our objects become them. Guarantees
 * that every name and comment is of our alphabet; anything else throws before it can reach nft.
 */
import { checkHook, checkLink, checkName, ruleComment } from './alphabet.ts';
import { encodeElement } from './elements.ts';
import type {
  JsonChain,
  JsonElements,
  JsonMap,
  JsonName,
  JsonRule,
  JsonSet,
  JsonTable,
  JsonVerdict,
} from './json.ts';
import type {
  BaseHook,
  Chain,
  Element,
  ElementType,
  ElementVerdict,
  NftMap,
  NftSet,
  Rule,
  Ruleset,
} from './objects.ts';
import { statementJson } from './statement-json.ts';

export type NftCommand =
  | { readonly add: AddBody }
  | { readonly flush: { readonly chain: JsonName } | { readonly set: JsonName } }
  | { readonly delete: DeleteBody };

export type AddBody =
  | { readonly table: JsonTable }
  | { readonly chain: JsonChain }
  | { readonly rule: JsonRule }
  | { readonly set: JsonSet }
  | { readonly map: JsonMap };

export type DeleteBody =
  | { readonly table: JsonTable }
  | { readonly chain: JsonName }
  | { readonly set: JsonName }
  | { readonly map: JsonName }
  | { readonly element: JsonElements };

export type Table = Ruleset['table'];

/** Of one family and name. */
export function sameTable(a: Table, b: Table): boolean {
  return a.family === b.family && a.name === b.name;
}

/** No error when it is there already. */
export function addTable(table: Table): NftCommand {
  return { add: { table: tableJson(table) } };
}

/** With everything in it. A table that is missing fails the batch. */
export function deleteTable(table: Table): NftCommand {
  return { delete: { table: tableJson(table) } };
}

/** No error when it is there already with the same hook. Throws NFT_UNWRITABLE for a hook the family has not. */
export function addChain(table: Table, chain: Pick<Chain, 'name' | 'hook'>): NftCommand {
  const hooked = chain.hook && hookJson(table, chain.hook);
  return { add: { chain: { ...named(table, chain.name), ...hooked } } };
}

function hookJson({ family }: Table, hook: BaseHook): Partial<JsonChain> {
  checkHook(family, hook.hook);
  const device = hook.hook === 'ingress' ? { dev: checkLink(hook.device) } : {};
  return { type: hook.type, hook: hook.hook, ...device, prio: hook.priority, policy: hook.policy };
}

/** All its rules; the chain stays. */
export function flushChain(table: Table, name: string): NftCommand {
  return { flush: { chain: named(table, name) } };
}

/** It must be empty, and nothing may refer to it. */
export function deleteChain(table: Table, name: string): NftCommand {
  return { delete: { chain: named(table, name) } };
}

/** The comment carries the chain's fingerprint and the rule's position: see `observe`. */
export function addRule(
  table: Table,
  chain: Pick<Chain, 'name' | 'fingerprint'>,
  rule: Rule,
  index: number,
): NftCommand {
  const { family, name } = tableJson(table);
  return {
    add: {
      rule: {
        family,
        table: name,
        chain: checkName(chain.name),
        comment: ruleComment(chain.fingerprint, index, rule.note),
        expr: rule.statements.map(statementJson),
      },
    },
  };
}

/**
 * Creates the set, or only adds elements when it exists already: nft then does not fetch what is in it,
 * as it does for `add element` (datapath 5.2).
 */
export function addSet(table: Table, set: Omit<NftSet, 'elements'>, elements: Iterable<Element>): NftCommand {
  const elem = Array.from(elements, (element) => encodeElement(set.type, element));
  return {
    add: {
      set: {
        ...named(table, set.name),
        type: typeJson(set.type),
        ...(set.interval ? { flags: ['interval'] as const } : {}),
        ...(elem.length > 0 ? { elem } : {}),
      },
    },
  };
}

/** Like `addSet`. An element that is there with another verdict fails the batch: delete it first. */
export function addMap(
  table: Table,
  map: Omit<NftMap, 'elements'>,
  elements: Iterable<readonly [Element, ElementVerdict]>,
): NftCommand {
  const elem = Array.from(
    elements,
    ([key, verdict]) => [encodeElement(map.type, key), verdictJson(verdict)] as const,
  );
  return {
    add: {
      map: {
        ...named(table, map.name),
        type: typeJson(map.type),
        map: 'verdict',
        ...(elem.length > 0 ? { elem } : {}),
      },
    },
  };
}

/** For sets and maps. An element that is missing fails the batch. */
export function deleteElements(
  table: Table,
  set: { readonly name: string; readonly type: readonly ElementType[] },
  elements: Iterable<Element>,
): NftCommand {
  const elem = Array.from(elements, (element) => encodeElement(set.type, element));
  return { delete: { element: { ...named(table, set.name), elem } } };
}

/** With its elements; no rule may look it up. */
export function deleteSet(table: Table, name: string): NftCommand {
  return { delete: { set: named(table, name) } };
}

/** With its elements; no rule may look it up. */
export function deleteMap(table: Table, name: string): NftCommand {
  return { delete: { map: named(table, name) } };
}

function verdictJson(verdict: ElementVerdict): JsonVerdict {
  switch (verdict.kind) {
    case 'accept':
      return { accept: null };
    case 'drop':
      return { drop: null };
    case 'goto':
      return { goto: { target: checkName(verdict.chain) } };
  }
}

function typeJson(type: readonly ElementType[]): string | readonly string[] {
  const [only] = type;
  return type.length === 1 && only !== undefined ? only : type;
}

function tableJson(table: Table): JsonTable {
  return { family: table.family, name: checkName(table.name) };
}

function named(table: Table, name: string): JsonName {
  return { family: table.family, table: checkName(table.name), name: checkName(name) };
}
