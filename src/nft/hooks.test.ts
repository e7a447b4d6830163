/** Base chains of every family on their way into the kernel and back. What a kernel says: nft-hooks.test.ts. */
import { describe, expect, it } from 'vitest';
import { StrictTable } from '../../test/kit/strict-table.ts';
import { Failure } from '../model/failure.ts';
import { addChain } from './commands.ts';
import { parseListing } from './listing.ts';
import { type BaseHook, type ChainName, HOOKS, type Ruleset, type TableFamily } from './objects.ts';
import { observe } from './observe.ts';
import { applyPlan, plan } from './plan.ts';
import { toText } from './text.ts';

const NAME = 'c' as ChainName;
const ALL: readonly BaseHook['hook'][] = [...new Set(Object.values(HOOKS).flat())];

function hook(name: BaseHook['hook'], device = 'veth0'): BaseHook {
  const common = { type: 'filter', priority: -5, policy: 'accept' } as const;
  return name === 'ingress' ? { ...common, hook: name, device } : { ...common, hook: name };
}

function ruleset(family: TableFamily, base: BaseHook): Ruleset {
  const rules = [{ statements: [{ kind: 'drop' }], note: '' }] as const;
  return {
    table: { family, name: 'policyd' },
    chains: new Map([[NAME, { name: NAME, hook: base, rules, fingerprint: 'f' }]]),
    sets: new Map(),
    maps: new Map(),
  };
}

/** What nft lists of it; `dev` as versions after 1.0.6 do. */
function listed({ table, chains }: Ruleset, dev?: unknown): ReturnType<typeof observe> {
  const [own] = [...chains.values()];
  const place = { family: table.family, table: table.name };
  const base = own?.hook;
  const listing = {
    nftables: [
      { table },
      {
        chain: {
          ...{
            ...place,
            name: NAME,
            handle: 1,
            type: 'filter',
            hook: base?.hook,
            prio: -5,
            policy: 'accept',
          },
          ...(dev === undefined ? {} : { dev }),
        },
      },
      { rule: { ...place, chain: NAME, handle: 2, comment: 'f.0', expr: [{ drop: null }] } },
    ],
  };
  return observe(parseListing(listing), table);
}

const KNOWN = Object.entries(HOOKS).flatMap(([family, hooks]) =>
  hooks.map((name) => [family as TableFamily, name] as const),
);

describe.each(KNOWN)('a chain of family %s in %s', (family, name) => {
  const desired = ruleset(family, hook(name));
  const device = name === 'ingress' ? 'veth0' : undefined;

  it('is written, listed and recognised', () => {
    const kernel = new StrictTable();
    const first = plan(desired, null);
    for (const { commands } of first.batches) kernel.commit(commands);
    expect(plan(desired, applyPlan(first, null)).batches).toEqual([]);
    expect(plan(desired, listed(desired, device)).batches).toEqual([]);
  });

  it('says its hook in JSON and in text', () => {
    const dev = device === undefined ? {} : { dev: device };
    expect(addChain(desired.table, { name: NAME, hook: hook(name) })).toEqual({
      add: {
        chain: {
          ...{ family, table: 'policyd', name: NAME, type: 'filter', hook: name, prio: -5, policy: 'accept' },
          ...dev,
        },
      },
    });
    const place = device === undefined ? '' : ' device "veth0"';
    expect(toText(desired)).toContain(`type filter hook ${name}${place} priority -5; policy accept;`);
  });

  it.each(ALL.filter((other) => other !== name && !HOOKS[family].includes(other)))(
    'cannot be in %s',
    (other) => {
      const wrong = ruleset(family, hook(other));
      expect(() => addChain(wrong.table, { name: NAME, hook: hook(other) })).toThrow(Failure);
      expect(() => toText(wrong)).toThrow(Failure);
    },
  );
});

describe('a chain of a link', () => {
  const desired = ruleset('netdev', hook('ingress'));

  it.each<[string, unknown]>([
    ['of another link', 'veth1'],
    ['of several', ['veth0', 'veth1']],
    ['of none that is listed', undefined],
  ])('is replaced with its table when it is %s', (_, dev) => {
    const [batch, ...more] = plan(desired, listed(desired, dev)).batches;
    expect(more).toEqual([]);
    expect(batch?.commands.map((command) => Object.keys(command)[0])).toEqual([
      'add',
      'delete',
      ...['add', 'add', 'add'],
    ]);
  });

  it('is recognised where nft lists its link as a list of one', () => {
    expect(plan(desired, listed(desired, ['veth0'])).batches).toEqual([]);
  });

  it('never names a link that could mean something else to nft', () => {
    for (const device of ['', '*', 'a b', 'x"; drop', 'a'.repeat(16)]) {
      const wrong = ruleset('netdev', hook('ingress', device));
      expect(() => addChain(wrong.table, { name: NAME, hook: hook('ingress', device) })).toThrow(Failure);
      expect(() => toText(wrong)).toThrow(Failure);
    }
  });
});
