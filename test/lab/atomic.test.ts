/**
 * Policies are replaced under traffic: no denied packet passes, and no allowed one is dropped. The same flows
 * notice an implementation that changes the kernel in two transactions.
 */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Topology } from '../../src/lab/network/topology.ts';
import { type Account, flowsDuring } from './atomic-flows.ts';
import { type Addresses, type Raw, type State, stateOf } from './atomic-states.ts';
import { type InsideLab, namespace, startReady, synced } from './inside-lab.ts';

const POLICIES = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies';
const REPLACEMENTS = 200;
const FEWER = 40;
const WRONG = new URL('two-transactions.mjs', import.meta.url).pathname;
const PLACES = {
  server: 'node-a',
  'near-friend': 'node-a',
  'near-stranger': 'node-a',
  muted: 'node-a',
  open: 'node-b',
  friend: 'node-b',
  stranger: 'node-b',
};
const SERVER = { matchLabels: { app: 'server' } };
const EMPTY: State = new Map();

let shims: string;
let lab: InsideLab;
let addresses: Addresses;
let present: State = EMPTY;

beforeAll(async () => {
  shims = await mkdtemp(join(tmpdir(), 'atomic-'));
  await placeShim();
  await begin('routed');
});
afterAll(async () => {
  await lab.stop();
  await rm(shims, { recursive: true, force: true });
});

async function begin(topology: Topology): Promise<void> {
  const pods = Object.entries(PLACES).map(([name, nodeName]) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels: { app: name } },
    spec: {
      nodeName,
      containers: [{ name: 'main', image: 'none', ports: [{ name: 'web', containerPort: 8080 }] }],
    },
  }));
  const tools = [join(shims, 'bin')];
  lab = await startReady([namespace('shop'), ...pods], { nodes: 2, topology, tools });
  present = EMPTY;
  const state = await lab.client.state();
  addresses = { of: (name) => state.pods.find((pod) => pod.name === name)?.addresses ?? [] };
}

/**
 * In front of nft for the whole lab; only commits of the agents, and only while a mode is set, are touched. Of a
 * transaction that is cut in two, one half is somebody else's to whoever listens: nobody does then.
 */
async function placeShim(): Promise<void> {
  const nft = (process.env.PATH ?? '')
    .split(':')
    .concat('/usr/sbin', '/sbin')
    .map((directory) => join(directory, 'nft'));
  await mkdir(join(shims, 'bin'));
  const script = `#!/bin/sh
for nft in ${nft.map((file) => `'${file}'`).join(' ')}; do [ -x "$nft" ] && break; done
if [ "$1" = monitor ]; then [ -e '${shims}/deaf' ] && exit 1; echo $$ >> '${shims}/monitors'; fi
case "$*" in *-j*-f*) [ -e '${shims}/mode' ] && exec '${process.execPath}' '${WRONG}' "$(cat '${shims}/mode')" "$nft" "$@";; esac
exec "$nft" "$@"
`;
  await writeFile(join(shims, 'bin/nft'), script);
  await chmod(join(shims, 'bin/nft'), 0o755);
}

async function withMode(mode: 'split' | 'rewrite' | 'slow', use: () => Promise<void>): Promise<void> {
  if (mode !== 'slow') {
    await writeFile(join(shims, 'deaf'), '');
    await lab.sh(`kill -9 $(cat '${shims}/monitors') 2>/dev/null; true`);
  }
  await writeFile(join(shims, 'mode'), mode);
  try {
    await use();
  } finally {
    await rm(join(shims, 'mode'));
    await rm(join(shims, 'deaf'), { force: true });
  }
}

async function put(name: string, spec: Raw): Promise<void> {
  const object = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name }, spec };
  const { status, body } = present.has(name)
    ? await lab.api('PUT', `${POLICIES}/${name}`, object)
    : await lab.api('POST', POLICIES, object);
  expect([200, 201], JSON.stringify(body)).toContain(status);
}

/** What is new before what goes: at no moment does the API server hold less than one whole state. */
async function moveTo(next: State): Promise<void> {
  for (const [name, spec] of next) {
    if (JSON.stringify(present.get(name)) !== JSON.stringify(spec)) await put(name, spec);
  }
  for (const name of present.keys()) {
    if (!next.has(name)) expect((await lab.api('DELETE', `${POLICIES}/${name}`)).status).toBe(200);
  }
  present = next;
}

async function replace(count: number, first = 0): Promise<void> {
  for (let number = first; number < first + count; number += 1) {
    await moveTo(stateOf(number, addresses));
    await synced(lab);
  }
}

/** With no chance to finish anything; the lab starts another one. */
async function kill(node: string): Promise<void> {
  const { nodes } = await lab.client.state();
  const pid = nodes.find(({ name }) => name === node)?.policyd?.pid ?? null;
  expect(pid).not.toBeNull();
  await lab.sh(`kill -9 ${pid}`);
}

async function revisions(): Promise<number> {
  const { nodes } = await lab.client.state();
  return nodes.reduce((sum, { policyd }) => sum + (policyd?.revision ?? 0), 0);
}

function expectNoLeak({ denied, deniedFlows }: Account): void {
  const leaks = Object.entries(deniedFlows).filter(([, { arrived }]) => arrived > 0);
  expect({ arrived: denied.arrived, leaks }).toEqual({ arrived: 0, leaks: [] });
}

function report(what: string, { denied, allowed, lost }: Account): void {
  process.stdout.write(
    `atomic: ${what}: ${denied.arrived} of ${denied.sent} denied arrived, ${lost} of ${allowed.sent} allowed lost\n`,
  );
}

async function denyNothing(): Promise<void> {
  const account = await flowsDuring(lab, addresses, async () => undefined);
  report('no policies', account);
  for (const [flow, { sent, arrived }] of Object.entries(account.deniedFlows)) {
    expect(sent, flow).toBeGreaterThan(10);
    // A busy machine may be late with some of them.
    expect(arrived, flow).toBeGreaterThan(sent * 0.5);
  }
  expect(account.lost).toBe(0);
}

async function replaceUnderTraffic(count: number): Promise<void> {
  await replace(1);
  const before = await revisions();
  const replaced = await flowsDuring(lab, addresses, () => replace(count, 1));
  expect((await revisions()) - before).toBeGreaterThanOrEqual(count);
  report(`${count} replacements`, replaced);
  expect(replaced.denied.sent).toBeGreaterThan(count * 20);
  expect(replaced.allowed.sent).toBeGreaterThan(count * 20);
  expectNoLeak(replaced);
  expect(replaced.lost).toBe(0);
}

test('without policies the denied flows arrive like the others', denyNothing);

test(`${REPLACEMENTS} replacements let no denied packet through, and lose no allowed one`, () =>
  replaceUnderTraffic(REPLACEMENTS));

test('a policy deleted and created anew opens nothing while another one denies', async () => {
  const admit = new Map(
    ['friend', 'near-friend'].map((name, index): [string, Raw] => [
      `admit-${index}`,
      { podSelector: SERVER, ingress: [{ from: [{ podSelector: { matchLabels: { app: name } } }] }] },
    ]),
  );
  const deny = new Map<string, Raw>([
    ['deny-server', { podSelector: SERVER, policyTypes: ['Ingress'] }],
    ['deny-muted', { podSelector: { matchLabels: { app: 'muted' } }, policyTypes: ['Egress'] }],
  ]);
  await moveTo(new Map([...deny, ...admit]));
  await synced(lab);
  const account = await flowsDuring(lab, addresses, async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      await moveTo(deny);
      // Every other time in one go: the agents see both changes at once, or one after the other.
      if (turn % 2 === 0) await synced(lab);
      await moveTo(new Map([...deny, ...admit]));
      await synced(lab);
    }
  });
  report('20 times deleted and created', account);
  expectNoLeak(account);
  // A control of the test itself: the admitting policies did go.
  expect(account.lost).toBeGreaterThan(0);
});

test('agents killed in the middle of their commits: no leak, no loss', async () => {
  await replace(1);
  const restarts = async (): Promise<number> => {
    const { nodes } = await lab.client.state();
    return nodes.reduce((sum, { policyd }) => sum + (policyd?.restarts ?? 0), 0);
  };
  const before = await restarts();
  const killed = await flowsDuring(lab, addresses, async () => {
    await withMode('slow', async () => {
      for (let turn = 0; turn < 6; turn += 1) {
        await moveTo(stateOf(turn + 1, addresses));
        await kill(turn % 2 === 0 ? 'node-a' : 'node-b');
        // Some of these changes are made while no agent runs.
        await moveTo(stateOf(turn + 2, addresses));
        await synced(lab);
      }
    });
  });
  expect((await restarts()) - before).toBe(6);
  report('6 agents killed', killed);
  expectNoLeak(killed);
  expect(killed.lost).toBe(0);
});

test('a table that a starting agent cannot adopt is replaced as a whole: no leak, no loss', async () => {
  await replace(1);
  const inside = (node: string, command: string): Promise<string> =>
    lab.sh(`ip netns exec ${node} nft ${command}`);
  const replaced = await flowsDuring(lab, addresses, async () => {
    for (const node of ['node-a', 'node-b']) {
      // Something of no kind of ours: what it does cannot be known, so the table is not taken over.
      await inside(node, 'add counter inet policyd stray');
      await kill(node);
      await synced(lab);
      expect(await inside(node, '-s list table inet policyd')).not.toMatch(/stray/);
    }
  });
  report('2 tables replaced', replaced);
  expectNoLeak(replaced);
  expect(replaced.lost).toBe(0);
});

test('two transactions in place of one are noticed', async () => {
  await replace(1);
  /** A few at a time, until they are: on a busy machine the flows are thin. */
  const noticed = async (
    what: string,
    mode: 'split' | 'rewrite',
    harm: (account: Account) => number,
  ): Promise<void> => {
    let found = 0;
    for (let turn = 0; turn < 20 && found === 0; turn += 1) {
      const replaced = () => withMode(mode, () => replace(4, 1 + 4 * turn));
      const account = await flowsDuring(lab, addresses, replaced);
      report(what, account);
      found = harm(account);
    }
    expect(found).toBeGreaterThan(0);
  };
  await noticed('taken away first, added later', 'split', ({ lost }) => lost);
  await noticed('table deleted, then written again', 'rewrite', ({ denied }) => denied.arrived);
});

test(`on bridges ${FEWER} replacements do the same`, async () => {
  await lab.stop();
  await begin('bridge');
  await denyNothing();
  await replaceUnderTraffic(FEWER);
});
