/**
 * What policyd sends to the kernel when something happens, as text that people have read: the transactions of
 * an event, in order. `make golden` writes them anew. The real nft does with the text what it does with the JSON.
 */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compile } from '../../src/compile/compile.ts';
import { UNLIMITED, UNPRIVILEGED_LIMITS } from '../../src/nft/batch.ts';
import { parseListing } from '../../src/nft/listing.ts';
import type { Ruleset } from '../../src/nft/objects.ts';
import { observe } from '../../src/nft/observe.ts';
import { applyPlan, type Limits, type Plan, plan } from '../../src/nft/plan.ts';
import { usableRanges } from '../../src/policy/quarantine.ts';
import { namespace, type Raw } from '../kit/objects.ts';
import { createSandbox, nftIn, type Sandbox } from '../kit/sandbox.ts';
import { snapshotOf } from '../kit/snapshot.ts';
import { batchText } from '../kit/transaction-text.ts';
import { addresses, extraPod, policy, world } from './world.ts';

interface Event {
  readonly before: readonly Raw[] | null;
  readonly after: readonly Raw[];
  readonly limits?: Limits;
}

const app = (name: string): Raw => ({ matchLabels: { app: name } });
const ON_NODE_A = { node: 'node-a' } as const;

/** Isolates db, and admits the pods of shop at the back. */
const TO_DB = policy('to-db', {
  podSelector: app('db'),
  ingress: [{ from: [{ podSelector: { matchLabels: { tier: 'back' } } }], ports: [{ port: 'postgres' }] }],
});
/** Isolates web both ways: it asks the namespaces of a team. */
const OF_WEB = policy('of-web', {
  podSelector: app('web'),
  policyTypes: ['Ingress', 'Egress'],
  egress: [{ to: [{ namespaceSelector: { matchLabels: { team: 'other' } } }], ports: [{ port: 443 }] }],
});
const FROM_OUTSIDE = policy('from-outside', {
  podSelector: app('web'),
  ingress: [
    {
      from: [{ ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.128/25'] } }],
      ports: [{ port: 'http' }],
    },
  ],
});

const worker = (labels: Readonly<Record<string, string>>): Raw => extraPod('worker', 9, { labels });
const second = (last: number): Raw =>
  extraPod('db-2', 9, {
    ...ON_NODE_A,
    labels: { app: 'db' },
    addresses: addresses(1, last),
    ports: [{ name: 'postgres', containerPort: 5432, protocol: 'TCP' }],
  });
const db = (ports: object): Raw =>
  policy('to-db', { podSelector: app('db'), ingress: [{ from: [{ podSelector: app('web') }], ...ports }] });

const EVENTS: Readonly<Record<string, Event>> = {
  'policyd starts where nothing is': { before: null, after: world(TO_DB) },
  'a pod comes that is a peer': { before: world(TO_DB), after: world(TO_DB, worker({ tier: 'back' })) },
  'a pod goes that is a peer': { before: world(TO_DB, worker({ tier: 'back' })), after: world(TO_DB) },
  'an isolated pod of this node comes': { before: world(TO_DB), after: world(TO_DB, second(9)) },
  'an isolated pod of this node goes': { before: world(TO_DB, second(9)), after: world(TO_DB) },
  'an isolated pod of this node gets another address': {
    before: world(TO_DB, second(9)),
    after: world(TO_DB, second(10)),
  },
  'a pod is relabelled and a peer no more': {
    before: world(TO_DB, OF_WEB, worker({ tier: 'back' })),
    after: world(TO_DB, OF_WEB, worker({ tier: 'front' })),
  },
  'a policy is added': { before: world(), after: world(TO_DB) },
  'a policy is added to one that admits others': { before: world(TO_DB), after: world(TO_DB, OF_WEB) },
  'a port is added to a policy': {
    before: world(db({ ports: [{ port: 5432 }] })),
    after: world(db({ ports: [{ port: 5432 }, { port: 6432 }] })),
  },
  'a policy is deleted': { before: world(TO_DB), after: world() },
  'a policy with a block and an exception is added': { before: world(), after: world(FROM_OUTSIDE) },
  'a namespace is relabelled': {
    before: world(OF_WEB),
    after: world(OF_WEB, namespace('ops', { team: 'other' })),
  },
  'a pod of this node waits for its address': {
    before: world(TO_DB),
    after: world(
      TO_DB,
      extraPod('late', 9, { ...ON_NODE_A, labels: { app: 'db' }, addresses: [], phase: 'Pending' }),
    ),
  },
  'a policy is added where transactions must be small': {
    before: world(),
    after: world(TO_DB, OF_WEB, FROM_OUTSIDE),
    limits: { maxCommands: 8, maxElements: 8 },
  },
};

function rulesetOf(objects: readonly Raw[]): Ruleset {
  const snapshot = snapshotOf(objects);
  return compile(snapshot, { ...ON_NODE_A, podRanges: usableRanges(snapshot, ON_NODE_A.node) }).ruleset;
}

function planOf({ before, after, limits = UNLIMITED }: Event): Plan {
  const observed = before === null ? null : applyPlan(plan(rulesetOf(before), null), null);
  return plan(rulesetOf(after), observed, limits);
}

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox();
});
afterAll(() => sandbox.close());

test.each(Object.entries(EVENTS))('%s', async (name, event) => {
  const { desired, batches } = planOf(event);
  const texts = batches.map(batchText);
  const golden = batches.map(
    ({ purpose }, index) => `# transaction ${index + 1} of ${batches.length}: ${purpose}\n${texts[index]}`,
  );
  await expect(`# ${name}\n${golden.join('')}`).toMatchFileSnapshot(`golden/transactions/${fileOf(name)}`);

  const nft = nftIn(sandbox);
  const { family, name: table } = desired.table;
  await sandbox.run('nft', ['delete', 'table', family, table]);
  const start = event.before === null ? [] : plan(rulesetOf(event.before), null, small()).batches;
  for (const { commands } of start) expect(await nft.commit(commands)).toMatchObject({ kind: 'committed' });
  for (const text of texts) {
    const file = join(sandbox.directory, 'transaction.nft');
    await writeFile(file, text);
    expect(await sandbox.run('nft', ['-f', file])).toMatchObject({ exitCode: 0, stderr: '' });
  }
  const listed = observe(parseListing(await nft.listTable(family, table)), desired.table);
  expect(plan(desired, listed).batches).toEqual([]);
});

test('no golden file is left of an event that is gone', async () => {
  const files = await readdir(new URL('golden/transactions', import.meta.url));
  expect(files.sort()).toEqual(Object.keys(EVENTS).map(fileOf).sort());
});

function fileOf(name: string): string {
  return `${name.replaceAll(' ', '-')}.nft`;
}

function small(): Limits {
  return sandbox.unprivileged ? UNPRIVILEGED_LIMITS : UNLIMITED;
}
