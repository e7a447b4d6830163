/** Ways a ruleset could be wrong by one object: the cases must notice every one of these kinds. */
import type {
  Chain,
  ChainName,
  Element,
  ElementVerdict,
  NftMap,
  NftSet,
  Rule,
  Ruleset,
  SetName,
} from '../../src/nft/objects.ts';

export interface Mutation {
  readonly what: string;
  readonly ruleset: Ruleset;
}

export type MutationKind = (ruleset: Ruleset) => readonly Mutation[];

export const MUTATION_KINDS: Readonly<Record<string, MutationKind>> = {
  'an element is missing from a set of peers': (ruleset) =>
    setsLike(ruleset, /^peer_/).flatMap((set) => withoutEachElement(ruleset, set)),
  'an element is missing from a set of address ranges': (ruleset) =>
    setsLike(ruleset, /^net_/).flatMap((set) => withoutEachElement(ruleset, set)),
  'an element is missing from a set of ports': (ruleset) =>
    setsLike(ruleset, /^ports_/).flatMap((set) => withoutEachElement(ruleset, set)),
  'an element is missing from a set of named ports': (ruleset) =>
    setsLike(ruleset, /^port_/).flatMap((set) => withoutEachElement(ruleset, set)),
  'a set of peers holds everybody': (ruleset) =>
    setsLike(ruleset, /^peer_/).map((set) => ({
      what: `${set.name} holds all addresses of the maps`,
      ruleset: withSet(ruleset, { ...set, elements: everybody(ruleset, set) }),
    })),
  'a drop is an accept': (ruleset) =>
    rulesOf(ruleset).flatMap(({ chain, rule, index }) =>
      rule.statements.some(({ kind }) => kind === 'drop')
        ? [
            {
              what: `${chain.name} rule ${index} accepts`,
              ruleset: withRule(ruleset, chain, index, {
                ...rule,
                statements: rule.statements.map((each) => (each.kind === 'drop' ? { kind: 'accept' } : each)),
              }),
            },
          ]
        : [],
    ),
  'an accept is a drop': (ruleset) =>
    rulesOf(ruleset).flatMap(({ chain, rule, index }) =>
      rule.statements.some(({ kind }) => kind === 'accept')
        ? [
            {
              what: `${chain.name} rule ${index} drops`,
              ruleset: withRule(ruleset, chain, index, {
                ...rule,
                statements: rule.statements.map((each) => (each.kind === 'accept' ? { kind: 'drop' } : each)),
              }),
            },
          ]
        : [],
    ),
  'a rule is missing': (ruleset) =>
    rulesOf(ruleset).map(({ chain, index }) => ({
      what: `${chain.name} without rule ${index}`,
      ruleset: withRule(ruleset, chain, index, null),
    })),
  'a match is missing': (ruleset) =>
    rulesOf(ruleset).flatMap(({ chain, rule, index }) =>
      rule.statements.flatMap((statement, at) =>
        statement.kind === 'match'
          ? [
              {
                what: `${chain.name} rule ${index} without statement ${at}`,
                ruleset: withRule(ruleset, chain, index, {
                  ...rule,
                  statements: rule.statements.filter((_, other) => other !== at),
                }),
              },
            ]
          : [],
      ),
    ),
  'a pod is missing from a dispatch map': (ruleset) =>
    [...ruleset.maps.values()].flatMap((map) =>
      [...map.elements.keys()].map((element) => ({
        what: `${map.name} without ${element}`,
        ruleset: withMap(
          ruleset,
          map,
          [...map.elements].filter(([key]) => key !== element),
        ),
      })),
    ),
  'two pods have each other’s chain': (ruleset) =>
    [...ruleset.maps.values()].flatMap((map) => {
      const [first, ...others] = [...map.elements];
      return others.flatMap(([element, verdict]) =>
        first === undefined || JSON.stringify(first[1]) === JSON.stringify(verdict)
          ? []
          : [
              {
                what: `${map.name} swaps ${first[0]} and ${element}`,
                ruleset: withMap(
                  ruleset,
                  map,
                  [...map.elements].map(([key, own]) =>
                    key === element ? [key, first[1]] : key === first[0] ? [key, verdict] : [key, own],
                  ),
                ),
              },
            ],
      );
    }),
  'an isolated pod is dispatched as an open one': (ruleset) =>
    [...ruleset.maps.values()].flatMap((map) =>
      [...map.elements].map(([element]) => ({
        what: `${map.name} accepts ${element}`,
        ruleset: withMap(
          ruleset,
          map,
          [...map.elements].map(([key, verdict]) => [key, key === element ? { kind: 'accept' } : verdict]),
        ),
      })),
    ),
};

function rulesOf(
  ruleset: Ruleset,
): readonly { readonly chain: Chain; readonly rule: Rule; readonly index: number }[] {
  return [...ruleset.chains.values()].flatMap((chain) =>
    chain.rules.map((rule, index) => ({ chain, rule, index })),
  );
}

function setsLike(ruleset: Ruleset, name: RegExp): readonly NftSet[] {
  return [...ruleset.sets.values()].filter((set) => name.test(set.name));
}

function withoutEachElement(ruleset: Ruleset, set: NftSet): readonly Mutation[] {
  return [...set.elements].map((element) => ({
    what: `${set.name} without ${element}`,
    ruleset: withSet(ruleset, {
      ...set,
      elements: new Set([...set.elements].filter((other) => other !== element)),
    }),
  }));
}

function everybody(ruleset: Ruleset, set: NftSet): ReadonlySet<Element> {
  const family = set.type[0] === 'ipv4_addr' ? 4 : 6;
  const locals = [...ruleset.maps.values()].flatMap((map) => [...map.elements.keys()]);
  const others = ['10.244.1.2', '10.244.1.3', '10.244.1.4', '10.244.2.2', '10.244.2.3', '10.244.2.4'];
  const others6 = others.map((address) => {
    const [, , net, last] = address.split('.');
    return `fd00:10:244:${net}::${last}`;
  });
  return new Set([...locals, ...others, ...others6].filter((text) => text.includes(':') === (family === 6)));
}

function withRule(ruleset: Ruleset, chain: Chain, index: number, rule: Rule | null): Ruleset {
  const rules = chain.rules.flatMap((own, at) => (at === index ? (rule === null ? [] : [rule]) : [own]));
  const chains = new Map<ChainName, Chain>(ruleset.chains).set(chain.name, { ...chain, rules });
  return { ...ruleset, chains };
}

function withSet(ruleset: Ruleset, set: NftSet): Ruleset {
  return { ...ruleset, sets: new Map<SetName, NftSet>(ruleset.sets).set(set.name, set) };
}

function withMap(
  ruleset: Ruleset,
  map: NftMap,
  elements: readonly (readonly [Element, ElementVerdict])[],
): Ruleset {
  const changed: NftMap = { ...map, elements: new Map(elements) };
  return { ...ruleset, maps: new Map<SetName, NftMap>(ruleset.maps).set(map.name, changed) };
}
