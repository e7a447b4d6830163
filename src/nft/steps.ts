/**
 * A switch that does not fit one transaction, in several. Guarantees: a packet meets each pod's rules whole,
 * old or new; and between two steps no pod is less isolated than before the first and after the last. For
 * that, what admits is taken away first and given last, what drops the other way round. In between some
 * allowed packets may be dropped, for the milliseconds that the steps take.
 */
import type { Limits } from './batch.ts';
import { chunks } from './chunks.ts';
import type { NftCommand, Table } from './commands.ts';
import type { ElementChange } from './difference.ts';
import type { Chain, Element, Ruleset, SetName } from './objects.ts';
import type { ObservedTable } from './observe.ts';
import { type Changes, commandsOf } from './switch.ts';

const NOTHING: Changes = { sets: [], maps: [], rewritten: [], hooked: [], unhooked: [] };

/** Groups of commands in order; each group is one transaction, or part of one. */
export function switchGroups(
  desired: Ruleset,
  observed: ObservedTable | null,
  changes: Changes,
  limits: Limits,
): readonly (readonly NftCommand[])[] {
  const { table } = desired;
  const { refusing, excepting } = setRoles(desired);
  const admitting = changes.sets.filter(({ object }) => !refusing.has(object.name));
  // Intervals that overlap cannot be added before others are removed.
  const atOnce = changes.sets.filter(
    ({ object, change }) =>
      refusing.has(object.name) && object.interval && change.removed.length > 0 && change.added.length > 0,
  );
  const others = changes.sets
    .filter((each) => refusing.has(each.object.name) && !atOnce.includes(each))
    // What drops by itself comes before, and goes after, what keeps somebody from being dropped.
    .sort((a, b) => Number(excepting.has(a.object.name)) - Number(excepting.has(b.object.name)));
  const pods = podGroups(desired, observed, changes);
  const inPods = new Set(pods.flatMap(({ rewritten }) => rewritten));
  const frame: Changes = {
    ...NOTHING,
    sets: atOnce,
    rewritten: changes.rewritten.filter((chain) => !inPods.has(chain)),
    hooked: changes.hooked,
    unhooked: changes.unhooked,
  };
  const groups = (list: readonly Changes[]): readonly (readonly NftCommand[])[] =>
    list.map((each) => commandsOf(table, each)).filter((commands) => commands.length > 0);
  return [
    ...elementGroups(table, others, 'added', limits),
    ...elementGroups(table, admitting, 'removed', limits),
    // Addresses that come or change, then what is said of unknown ones, then those that leave: these are
    // judged by what is said of unknown addresses now, and never by what was said before.
    ...groups(pods.map((pod) => withKeys(pod, (key, { added }) => added.includes(key)))),
    ...groups([frame]),
    ...groups(
      pods.map((pod) => ({ ...withKeys(pod, (key, { added }) => !added.includes(key)), rewritten: [] })),
    ),
    ...elementGroups(table, admitting, 'added', limits),
    ...elementGroups(table, others.toReversed(), 'removed', limits),
  ];
}

/** With the map keys that the filter keeps. */
function withKeys(pod: Changes, keep: (key: Element, change: ElementChange) => boolean): Changes {
  const maps = pod.maps.map(({ object, change }) => ({
    object,
    change: {
      removed: change.removed.filter((key) => keep(key, change)),
      added: change.added.filter((key) => keep(key, change)),
    },
  }));
  return { ...pod, maps };
}

interface SetRoles {
  /** Members are dropped by some rule, or strangers are. */
  readonly refusing: ReadonlySet<SetName>;
  /** Some rule drops strangers only: its members are let through there, to be judged elsewhere. */
  readonly excepting: ReadonlySet<SetName>;
}

function setRoles(desired: Ruleset): SetRoles {
  const refusing = new Set<SetName>();
  const excepting = new Set<SetName>();
  for (const { rules } of desired.chains.values()) {
    for (const { statements } of rules) {
      const drops = statements.at(-1)?.kind === 'drop';
      for (const statement of statements) {
        if (statement.kind !== 'match' || statement.right.kind !== 'set') continue;
        if (drops || statement.op === '!=') refusing.add(statement.right.name);
        if (statement.op === '!=') excepting.add(statement.right.name);
      }
    }
  }
  return { refusing, excepting };
}

function elementGroups(
  table: Table,
  sets: Changes['sets'],
  side: 'added' | 'removed',
  { maxElements }: Limits,
): readonly (readonly NftCommand[])[] {
  return sets.flatMap(({ object, change }) =>
    chunks(change[side], Math.max(1, Math.floor(maxElements * 0.9))).map((elements) => {
      const part = { removed: [], added: [], [side]: elements };
      return commandsOf(table, { ...NOTHING, sets: [{ object, change: part }] });
    }),
  );
}

/**
 * The changes of the maps and of the chains they lead to, put together by pod: addresses that lead to one
 * chain, before or after, belong together, and so do the chains one address leads to.
 */
function podGroups(
  desired: Ruleset,
  observed: ObservedTable | null,
  { maps, rewritten }: Changes,
): readonly Changes[] {
  const own = ownChains(desired);
  const chains: ReadonlyMap<string, Chain> = desired.chains;
  const groups = new Groups();
  const link = (key: Element, target: string | null): void => {
    groups.join(`key ${key}`, target === null ? `key ${key}` : `chain ${target}`);
  };
  const changedChains = new Map(
    rewritten.filter(({ name }) => own.has(name)).map((each) => [each.name, each]),
  );
  const changedKeys = new Set(maps.flatMap(({ change }) => [...change.removed, ...change.added]));
  for (const { name, elements } of desired.maps.values()) {
    for (const [key, verdict] of elements) {
      const target = verdict.kind === 'goto' && own.has(verdict.chain) ? verdict.chain : null;
      if (changedKeys.has(key) || (target !== null && changedChains.has(target))) link(key, target);
    }
    for (const key of changedKeys) {
      const before = observed?.maps.get(name)?.elements.get(key);
      const target = before?.startsWith('goto ') ? before.slice('goto '.length) : null;
      if (target !== null && (own.has(target) || !chains.has(target))) link(key, target);
    }
  }
  const rootOf = (member: string): string => groups.root(member);
  const roots = new Set([
    ...[...changedKeys].map((key) => rootOf(`key ${key}`)),
    ...[...changedChains.keys()].map((name) => rootOf(`chain ${name}`)),
  ]);
  return [...roots].map((root) => ({
    ...NOTHING,
    rewritten: [...changedChains.values()].filter(({ name }) => rootOf(`chain ${name}`) === root),
    maps: maps.map(({ object, change }) => ({
      object,
      change: {
        removed: change.removed.filter((key) => rootOf(`key ${key}`) === root),
        added: change.added.filter((key) => rootOf(`key ${key}`) === root),
      },
    })),
  }));
}

/** Chains that only elements of maps lead to, and no rule. */
function ownChains(desired: Ruleset): ReadonlySet<string> {
  const result = new Set<string>();
  for (const { elements } of desired.maps.values()) {
    for (const verdict of elements.values()) if (verdict.kind === 'goto') result.add(verdict.chain);
  }
  for (const target of [...desired.chains.values()].flatMap(targetsOf)) result.delete(target);
  return result;
}

function targetsOf({ rules }: Chain): readonly string[] {
  return rules.flatMap(({ statements }) =>
    statements.flatMap((statement) =>
      statement.kind === 'goto' || statement.kind === 'jump' ? [statement.chain] : [],
    ),
  );
}

/** Disjoint sets of names, joined two at a time. */
class Groups {
  readonly #parents = new Map<string, string>();

  root(member: string): string {
    const parent = this.#parents.get(member) ?? member;
    if (parent === member) return member;
    const root = this.root(parent);
    this.#parents.set(member, root);
    return root;
  }

  join(one: string, other: string): void {
    this.#parents.set(this.root(one), this.root(other));
  }
}
