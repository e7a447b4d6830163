/** Every hook that the types know, once in a kernel: taken as JSON and as text, listed back, walked alike. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Address } from '../../src/model/address.ts';
import { parseListing } from '../../src/nft/listing.ts';
import {
  type BaseHook,
  type Chain,
  type ChainName,
  HOOKS,
  type Rule,
  type Ruleset,
  type Statement,
  type TableFamily,
} from '../../src/nft/objects.ts';
import { observe } from '../../src/nft/observe.ts';
import { firstPacket, type Packet } from '../../src/nft/packet.ts';
import { applyPlan, plan } from '../../src/nft/plan.ts';
import type { Nft } from '../../src/nft/port.ts';
import { toText } from '../../src/nft/text.ts';
import { type Walk, walk, walkableFromListing, walkableFromRuleset } from '../../src/nft/walk.ts';
import { createSandbox, nftIn, type Sandbox } from '../kit/sandbox.ts';

let sandbox: Sandbox;
let nft: Nft;

beforeAll(async () => {
  sandbox = await createSandbox();
  nft = nftIn(sandbox);
  const links = ['link', 'add', 'va', 'type', 'veth', 'peer', 'name', 'vb'];
  expect(await sandbox.run('ip', links)).toMatchObject({ exitCode: 0 });
});

afterAll(() => sandbox.close());

const FAMILIES = Object.keys(HOOKS) as readonly TableFamily[];
/** Each chain drops packets of a length of its own. */
const LENGTHS: ReadonlyMap<string, number> = new Map(
  FAMILIES.flatMap((family) => HOOKS[family].map((hook) => `${family} ${hook}`)).map((place, index) => [
    place,
    1000 + index,
  ]),
);

function chain(name: string, hook: BaseHook, matches: readonly Statement[]): Chain {
  const rules: readonly Rule[] = [
    { statements: [...matches, { kind: 'counter' }, { kind: 'drop' }], note: `length-of-${name}` },
  ];
  return { name: name as ChainName, hook, rules, fingerprint: `f-${name}` };
}

/** A chain in each hook of the family; in that of links, one for each of two. */
function ruleset(family: TableFamily): Ruleset {
  const chains = HOOKS[family].flatMap((hook): readonly Chain[] => {
    const length = LENGTHS.get(`${family} ${hook}`) ?? 0;
    const common = { type: 'filter', priority: -5, policy: 'accept' } as const;
    const ofLength: Statement = {
      ...{ kind: 'match', left: { kind: 'packetLength' }, op: '==' },
      right: { kind: 'ports', ranges: [{ first: length, last: length }] },
    };
    if (hook !== 'ingress') return [chain(`${hook}_hook`, { ...common, hook }, [ofLength])];
    return ['lo', 'va'].map((device) => {
      const fromLink: Statement = {
        ...{ kind: 'match', left: { kind: 'link', direction: 'in' }, op: '==' },
        right: { kind: 'links', names: [device] },
      };
      return chain(`ingress_${device}`, { ...common, hook, device }, [fromLink, ofLength]);
    });
  });
  const sorted = chains.sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    table: { family, name: 'policyd' },
    chains: new Map(sorted.map((each) => [each.name, each])),
    sets: new Map(),
    maps: new Map(),
  };
}

/** One of each length, on every way there is. */
function packets(): readonly Packet[] {
  const first = firstPacket({
    source: '10.0.0.1' as Address,
    destination: '10.0.0.2' as Address,
    transport: { kind: 'ports', protocol: 'UDP', port: 53 },
  });
  return [...LENGTHS.values()].flatMap((length) =>
    (['routed', 'bridged', 'to-node', 'from-node'] as const).flatMap((way): readonly Packet[] => {
      const packet: Packet = { ...first, way, payloadLength: length - 20, links: { in: 'va', out: 'vb' } };
      const loop = { ...packet, links: { in: 'lo', out: 'lo' } };
      return [packet, loop, { ...loop, bridgePorts: { in: 'va', out: 'vb' } }];
    }),
  );
}

/** Handles and counters are the kernel's. */
function wayOf({ verdict, decided, path }: Walk): unknown {
  return { verdict, decided, path: path.map((step) => ({ ...step, handle: null, counter: null })) };
}

async function listing(family: TableFamily): Promise<ReturnType<typeof parseListing>> {
  const json = await nft.listTable(family, 'policyd');
  if (json === null) throw new Error(`no table ${family} policyd`);
  return parseListing(json);
}

test.each(FAMILIES)('chains of family %s are taken as text and as JSON, and recognised', async (family) => {
  const desired = ruleset(family);
  const file = join(sandbox.directory, `${family}.nft`);
  await writeFile(file, toText(desired));
  expect(await sandbox.run('nft', ['-c', '-f', file])).toMatchObject({ exitCode: 0, stderr: '' });
  const first = plan(desired, null);
  for (const { commands } of first.batches) {
    expect(await nft.check(commands)).toMatchObject({ kind: 'committed' });
    expect(await nft.commit(commands)).toMatchObject({ kind: 'committed' });
  }
  const seen = observe(await listing(family), desired.table);
  const predicted = applyPlan(first, null);
  const forget = (chains: typeof predicted.chains): unknown =>
    [...chains.values()].map((each) => ({ ...each, source: null }));
  expect(seen && forget(seen.chains)).toEqual(forget(predicted.chains));
  expect(plan(desired, seen).batches).toEqual([]);
});

test('packets go the same way through all of them, as written and as listed', async () => {
  const written = FAMILIES.map((family) => walkableFromRuleset(ruleset(family)));
  const listed = await Promise.all(
    FAMILIES.map(async (family) => walkableFromListing(await listing(family), { family, name: 'policyd' })),
  );
  const deciding = new Set<string>();
  for (const packet of packets()) {
    const kernel = walk(listed, packet);
    expect(wayOf(kernel)).toEqual(wayOf(walk(written, packet)));
    if (kernel.verdict === 'drop') deciding.add(`${kernel.decided?.table.family} ${kernel.decided?.chain}`);
  }
  // The comparison means something only if every chain decided something.
  const all = FAMILIES.flatMap((family) =>
    [...ruleset(family).chains.keys()].map((name) => `${family} ${name}`),
  );
  expect([...deciding].sort()).toEqual(all.sort());
});

test('a chain that somebody hooks to another link is put back', async () => {
  const desired = ruleset('netdev');
  const place = '{ type filter hook ingress device "vb" priority -5; }';
  for (const args of [
    ['flush', 'chain', 'netdev', 'policyd', 'ingress_va'],
    ['delete', 'chain', 'netdev', 'policyd', 'ingress_va'],
    ['add', 'chain', 'netdev', 'policyd', 'ingress_va', place],
  ])
    expect(await sandbox.run('nft', args)).toMatchObject({ exitCode: 0, stderr: '' });
  const damaged = observe(await listing('netdev'), desired.table);
  expect(damaged?.chains.get('ingress_va')?.hook?.device).toBe('vb');
  for (const { commands } of plan(desired, damaged).batches)
    expect(await nft.commit(commands)).toMatchObject({ kind: 'committed' });
  expect(plan(desired, observe(await listing('netdev'), desired.table)).batches).toEqual([]);
});
