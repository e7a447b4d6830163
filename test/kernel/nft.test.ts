/** The kit against the real kernel, each test in a network namespace of its own. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UNLIMITED, UNPRIVILEGED_LIMITS } from '../../src/nft/batch.ts';
import { addChain, addMap, addSet, addTable } from '../../src/nft/commands.ts';
import { parseListing } from '../../src/nft/listing.ts';
import type { ChainName, Ruleset, SetName } from '../../src/nft/objects.ts';
import { type ObservedTable, observe } from '../../src/nft/observe.ts';
import { applyPlan, type Plan, plan } from '../../src/nft/plan.ts';
import type { Nft } from '../../src/nft/port.ts';
import { toText } from '../../src/nft/text.ts';
import { type Walk, walk, walkableFromListing, walkableFromRuleset } from '../../src/nft/walk.ts';
import { rulesetArbitrary, TABLE } from '../kit/nft-rulesets.ts';
import { createSandbox, nftIn, type Sandbox } from '../kit/sandbox.ts';
import { packetArbitrary } from './nft-packets.ts';

let sandbox: Sandbox;
let nft: Nft;

beforeAll(async () => {
  sandbox = await createSandbox();
  nft = nftIn(sandbox);
});

afterAll(() => sandbox.close());

async function list(): Promise<unknown> {
  const listing = await nft.listTable(TABLE.family, TABLE.name);
  if (listing === null) throw new Error('no table');
  return listing;
}

async function observed(): Promise<ObservedTable | null> {
  const listing = await nft.listTable(TABLE.family, TABLE.name);
  return listing === null ? null : observe(parseListing(listing), TABLE);
}

async function carryOut({ batches }: Plan): Promise<void> {
  for (const { purpose, commands } of batches) {
    const result = await nft.commit(commands);
    if (result.kind === 'committed') continue;
    const command = result.kind === 'refused' && result.command !== null ? commands[result.command] : null;
    throw new Error(`${purpose}: ${result.message} at ${JSON.stringify(command)}`);
  }
}

/** Brings the kernel from whatever it holds to the ruleset; returns what it must be then. */
async function reach(ruleset: Ruleset): Promise<ObservedTable> {
  const before = await observed();
  const next = plan(ruleset, before, sandbox.unprivileged ? UNPRIVILEGED_LIMITS : UNLIMITED);
  await carryOut(next);
  return applyPlan(next, before);
}

/** Without the memory of what objects were written from, which a listing cannot have. */
function identities(table: ObservedTable | null): unknown {
  const forget = (objects: ReadonlyMap<string, { readonly source: unknown }>): unknown =>
    new Map([...objects].map(([name, object]) => [name, { ...object, source: null }]));
  return (
    table && { ...table, chains: forget(table.chains), sets: forget(table.sets), maps: forget(table.maps) }
  );
}

const SAMPLES = fc.sample(rulesetArbitrary(), { seed: 20240611, numRuns: 32 });
const PACKETS = fc.sample(packetArbitrary(), { seed: 7, numRuns: 400 });

/**
 * Handles and counters are the kernel's. Of a rule that did not match, what was asked before differs: nft
 * lists `meta l4proto icmp` no more where `icmp type` implies it.
 */
function ways({ verdict, decided, path }: Walk): unknown {
  const bare = path.map((step) => ({
    ...step,
    handle: null,
    counter: null,
    lookups: step.matched ? step.lookups : [],
  }));
  return { verdict, decided, path: bare };
}

describe('rulesets in the kernel', () => {
  it('read back as predicted through random transitions, and then nothing is left to write', async () => {
    for (const ruleset of SAMPLES) {
      const predicted = await reach(ruleset);
      const seen = await observed();
      expect(identities(seen)).toEqual(identities(predicted));
      expect(plan(ruleset, seen).batches).toEqual([]);
      expect(plan(ruleset, predicted).batches).toEqual([]);
    }
  });

  it('are walked alike as objects and as the kernel lists them', async () => {
    const verdicts = { accept: 0, drop: 0 };
    const lookups = { hit: 0, miss: 0 };
    for (const ruleset of SAMPLES) {
      await reach(ruleset);
      const fromListing = walkableFromListing(parseListing(await list()), TABLE);
      const fromRuleset = walkableFromRuleset(ruleset);
      for (const sent of PACKETS) {
        const packet = { ...sent, way: 'from-node' } as const;
        const kernel = walk([fromListing], packet);
        expect(ways(kernel)).toEqual(ways(walk([fromRuleset], packet)));
        verdicts[kernel.verdict] += 1;
        for (const { hit } of kernel.path.flatMap((step) => step.lookups)) lookups[hit ? 'hit' : 'miss'] += 1;
      }
    }
    // The comparison means something only if packets went both ways.
    for (const count of [...Object.values(verdicts), ...Object.values(lookups)])
      expect(count).toBeGreaterThan(100);
  });

  it('are taken by nft as text, and mean the same as the JSON', async () => {
    for (const [index, ruleset] of SAMPLES.slice(0, 12).entries()) {
      await reach(ruleset);
      const json = ruleTexts(await list());
      const file = join(sandbox.directory, `${index}.nft`);
      await writeFile(file, toText(ruleset));
      expect(await sandbox.run('nft', ['-c', '-f', file])).toMatchObject({ exitCode: 0, stderr: '' });
      await sandbox.run('nft', ['delete', 'table', TABLE.family, TABLE.name]);
      expect(await sandbox.run('nft', ['-f', file])).toMatchObject({ exitCode: 0, stderr: '' });
      expect(ruleTexts(await list())).toEqual(json);
      expect(identities(await observed())).toEqual(identities(applyPlan(plan(ruleset, null), null)));
    }
  });

  it('show every kind of damage done by hand, which one plan repairs', async () => {
    const ruleset = damageable();
    const damages: readonly (readonly [string, ...string[]])[] = [
      ['add', 'rule', 'inet', 'policyd', 'c', 'accept'],
      ['insert', 'rule', 'inet', 'policyd', 'c', 'accept'],
      ['flush', 'chain', 'inet', 'policyd', 'fwd_hook'],
      ['add', 'element', 'inet', 'policyd', 's', '{ 10.0.0.9 }'],
      ['delete', 'element', 'inet', 'policyd', 's', '{ 10.0.0.1 }'],
      ['add', 'element', 'inet', 'policyd', 'm', '{ 10.0.0.9 : accept }'],
      ['add', 'chain', 'inet', 'policyd', 'foreign', '{ type filter hook forward priority -7 ; }'],
      ['add', 'counter', 'inet', 'policyd', 'foreign'],
      ['add', 'set', 'inet', 'policyd', 'foreign', '{ type ifname ; }'],
      ['add', 'table', 'inet', 'policyd', '{ flags dormant ; }'],
      ['delete', 'table', 'inet', 'policyd'],
    ];
    for (const damage of damages) {
      await reach(ruleset);
      expect(plan(ruleset, await observed()).batches).toEqual([]);
      expect(await sandbox.run('nft', damage), damage.join(' ')).toMatchObject({ exitCode: 0, stderr: '' });
      expect(plan(ruleset, await observed()).batches, damage.join(' ')).not.toEqual([]);
      await reach(ruleset);
      expect(identities(await observed()), damage.join(' ')).toEqual(
        identities(applyPlan(plan(ruleset, null), null)),
      );
    }
  });

  it('hold IPv6 intervals that end among the IPv4-mapped addresses', async () => {
    const name = 'net_six' as SetName;
    const elements = new Set(['::-::ffff:ffff:ffff . 0-255', '::1:0:0:0-::1:0:0:9 . tcp']);
    const ruleset: Ruleset = {
      table: TABLE,
      chains: new Map(),
      sets: new Map([[name, { name, type: ['ipv6_addr', 'inet_proto'], interval: true, elements }]]),
      maps: new Map(),
    };
    await reach(ruleset);
    expect((await observed())?.sets.get(name)?.elements).toEqual(elements);
    expect(plan(ruleset, await observed()).batches).toEqual([]);
  });

  it('replace intervals by overlapping ones in one batch', async () => {
    const blocks = (...elements: readonly string[]): Ruleset => ({
      table: TABLE,
      chains: new Map(),
      sets: new Map([
        [
          'b' as SetName,
          {
            name: 'b' as SetName,
            type: ['ipv4_addr', 'inet_proto'],
            interval: true,
            elements: new Set(elements),
          },
        ],
      ]),
      maps: new Map(),
    });
    for (const ruleset of [
      blocks('10.0.0.0-10.0.255.255 . 0-255', '11.0.0.1 . 0-255'),
      blocks('10.0.0.0-10.0.0.255 . 0-255', '10.0.1.7-11.0.0.9 . 0-255'),
      blocks('0.0.0.0-255.255.255.255 . 0-255'),
      blocks('10.0.0.1 . tcp', '10.0.0.2-10.0.0.3 . 7-255'),
      blocks(),
    ]) {
      const predicted = await reach(ruleset);
      expect(identities(await observed())).toEqual(identities(predicted));
    }
  });
});

/** The rules of each chain in nft's own words, without handles and counts. */
function ruleTexts(listing: unknown): unknown {
  const { rules, sets, maps } = parseListing(listing);
  const bare = (object: object): object => ({ ...object, handle: null });
  const order = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  const byChain = new Map<string, unknown[]>();
  for (const rule of rules) byChain.set(rule.chain, [...(byChain.get(rule.chain) ?? []), bare(rule)]);
  const elements = [...sets, ...maps].map((set) => ({
    ...Object(bare(set)),
    elem: set.elem?.toSorted(order),
  }));
  return { rules: [...byChain].toSorted(order), elements: elements.toSorted(order) };
}

function damageable(): Ruleset {
  const [s, m, c, hook] = ['s' as SetName, 'm' as SetName, 'c' as ChainName, 'fwd_hook' as ChainName];
  const left = { kind: 'ctAddress', direction: 'original', family: 4 } as const;
  return {
    table: TABLE,
    chains: new Map([
      [
        c,
        {
          name: c,
          hook: null,
          fingerprint: 'cc',
          rules: [
            {
              statements: [
                { kind: 'match', left, op: '==', right: { kind: 'set', name: s } },
                { kind: 'accept' },
              ],
              note: 'n',
            },
            { statements: [{ kind: 'counter' }, { kind: 'drop' }], note: '' },
          ],
        },
      ],
      [
        hook,
        {
          name: hook,
          hook: { type: 'filter', hook: 'forward', priority: -5, policy: 'accept' },
          fingerprint: 'hh',
          rules: [{ statements: [{ kind: 'vmap', key: left, map: m }], note: '' }],
        },
      ],
    ]),
    sets: new Map([[s, { name: s, type: ['ipv4_addr'], interval: false, elements: new Set(['10.0.0.1']) }]]),
    maps: new Map([
      [m, { name: m, type: ['ipv4_addr'], elements: new Map([['10.0.0.1', { kind: 'goto', chain: c }]]) }],
    ]),
  };
}

describe('the nft program', () => {
  it('tells its version', async () => {
    expect(await nft.version()).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('says null for a table that is not there', async () => {
    expect(await nft.listTable('inet', 'nothing_of_that_name')).toBeNull();
  });

  it('names the command that the kernel refuses, wherever it stands, and changes nothing', async () => {
    const table = { family: 'inet', name: 'other' } as const;
    const set = { name: 's' as SetName, type: ['ipv4_addr'] as const, interval: false };
    const good = Array.from({ length: 9 }, (_, index) => addSet(table, set, [`10.0.0.${index + 1}`]));
    const bad = [
      addChain({ ...table, name: 'absent' }, { name: 'c' as ChainName, hook: null }),
      addSet(table, set, ['10.0.0.999']),
      addSet(table, { ...set, type: ['ipv6_addr'] }, []),
      addMap(table, { name: 'm' as SetName, type: ['ipv4_addr'] }, [
        ['10.0.0.1', { kind: 'goto', chain: 'absent' as ChainName }],
      ]),
    ];
    for (const command of bad) {
      for (const position of [2, 5, 9]) {
        const commands = [addTable(table), ...good.slice(0, position), command, ...good.slice(position)];
        const result = await nft.commit(commands);
        expect(result).toMatchObject({ kind: 'refused', command: position + 1 });
        expect(await nft.listTable('inet', 'other')).toBeNull();
      }
    }
    expect((await nft.commit([addTable(table), ...good])).kind).toBe('committed');
  });
});

it('blames no command for a transaction too large for a user namespace, and nothing changes', async () => {
  const small = await createSandbox({ userNamespace: true });
  try {
    const own = nftIn(small);
    const addresses = Array.from({ length: 20_000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
    const set = {
      name: 'many' as SetName,
      type: ['ipv4_addr'],
      interval: false,
      elements: new Set(),
    } as const;
    const result = await own.commit([addTable(TABLE), addSet(TABLE, set, addresses)]);
    expect(result).toMatchObject({ kind: 'refused', command: null });
    expect(result.kind === 'refused' && result.message).toMatch(/too large for one transaction/);
    expect(await own.listTable(TABLE.family, TABLE.name)).toBeNull();
    // The control: a part of it is taken.
    const part = await own.commit([addTable(TABLE), addSet(TABLE, set, addresses.slice(0, 2500))]);
    expect(part.kind).toBe('committed');
  } finally {
    await small.close();
  }
});
