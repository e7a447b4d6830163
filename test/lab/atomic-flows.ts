/** Steady flows between the pods of a lab, and the account of them: what leaked, what was lost. */
import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { eventually } from '../kit/waiting.ts';
import { type Addresses, PORT } from './atomic-states.ts';
import { countedDuring } from './hook-counters.ts';
import type { InsideLab } from './inside-lab.ts';

const PROGRAM = new URL('paced-flows.mjs', import.meta.url).pathname;
const TICK_MS = 5;
/** However little the machine gets done meanwhile. */
const LEAST_TICKS = 60;
const LINGER_MS = 300;
const NODES = ['node-a', 'node-b'];
const KINDS = ['steady', 'fresh', 'connect'] as const;

export interface Client {
  readonly from: string;
  readonly to: string;
  /** By the policies; without them everything arrives. */
  readonly allowed: boolean;
}

/** On one node and across, out and in. */
export const CLIENTS: readonly Client[] = [
  { from: 'friend', to: 'server', allowed: true },
  { from: 'near-friend', to: 'server', allowed: true },
  { from: 'stranger', to: 'server', allowed: false },
  { from: 'near-stranger', to: 'server', allowed: false },
  { from: 'muted', to: 'open', allowed: false },
];

export interface Account {
  /** Denied datagrams and connections sent, and how many of them arrived; in all kinds and families. */
  readonly denied: Tally;
  /** Of each denied flow, by name. */
  readonly deniedFlows: Readonly<Record<string, Tally>>;
  readonly allowed: Tally;
  /** Allowed ones that a node dropped, of the first packets of connections and of datagrams. */
  readonly lost: number;
}

export interface Tally {
  readonly sent: number;
  readonly arrived: number;
}

const number = z.int();
const receivedSchema = z.object({
  datagrams: z.record(z.string(), number),
  connections: z.record(z.string(), number),
});
const sentSchema = z.record(z.string(), z.object({ tried: number, done: number }));

/** All flows, from before `use` until after it. */
export async function flowsDuring(
  lab: InsideLab,
  addresses: Addresses,
  use: () => Promise<void>,
): Promise<Account> {
  const directory = await mkdtemp(join(lab.directory, 'flows-'));
  const start = (name: string, stop: string, mode: string, options: object): Program =>
    program(lab, name, mode, join(directory, `${mode}-${name}`), { ...options, stop: join(directory, stop) });
  const receivers = ['server', 'open'].map((name) =>
    start(name, 'all-sent', 'receive', { ports: [PORT], lingerMs: LINGER_MS }),
  );
  await Promise.all(receivers.map(({ ready }) => ready()));
  const senders = CLIENTS.map((client) =>
    start(client.from, 'enough', 'send', {
      tickMs: TICK_MS,
      leastTicks: LEAST_TICKS,
      flows: flowsOf(client, addresses),
    }),
  );
  await Promise.all(senders.map(({ ready }) => ready()));
  const passing = await countedDuring(lab, NODES, matchesOf(addresses), async () => {
    try {
      await use();
    } finally {
      await writeFile(join(directory, 'enough'), '');
      await Promise.all(senders.map(({ said }) => said));
      await writeFile(join(directory, 'all-sent'), '');
    }
  });
  const sent = await Promise.all(senders.map(async ({ said }) => sentSchema.parse(await said)));
  const received = await Promise.all(receivers.map(async ({ said }) => receivedSchema.parse(await said)));
  const lost = passing.reduce((sum, { offered, delivered }) => sum + offered - delivered, 0);
  return account(sent, received, addresses, lost);
}

/** The first packets of what is allowed: what follows them passes or not as connection tracking has it. */
function matchesOf(addresses: Addresses): readonly string[] {
  const pairs = CLIENTS.filter(({ allowed }) => allowed).flatMap(({ from, to }) =>
    addresses.of(from).flatMap((source) =>
      addresses.of(to).flatMap((destination) => {
        const family = source.includes(':') ? 'ip6' : 'ip';
        if (destination.includes(':') !== source.includes(':')) return [];
        return [`${family} saddr ${source} ${family} daddr ${destination}`];
      }),
    ),
  );
  return pairs.flatMap((pair) => [
    `${pair} udp dport ${PORT}`,
    `${pair} tcp dport ${PORT} tcp flags & (syn | ack) == syn`,
  ]);
}

interface Program {
  readonly ready: () => Promise<void>;
  readonly said: Promise<unknown>;
}

function program(lab: InsideLab, name: string, mode: string, ready: string, options: object): Program {
  const argument = JSON.stringify({ ...options, ready });
  const line = `ip netns exec shop_${name} '${process.execPath}' '${PROGRAM}' ${mode} '${argument}'`;
  const said = lab.sh(line).then((text): unknown => JSON.parse(text));
  let over: string | null = null;
  said.then(
    () => undefined,
    (error: unknown) => {
      over = String(error);
    },
  );
  return {
    said,
    async ready() {
      await eventually(`${mode} in ${name} begins`, () => {
        if (over !== null) throw new Error(over);
        return existsSync(ready);
      });
    },
  };
}

function flowsOf({ from, to }: Client, addresses: Addresses): readonly object[] {
  return addresses.of(to).flatMap((address) =>
    KINDS.map((kind) => ({
      name: nameOf(from, address, kind),
      address,
      port: PORT,
      kind,
      every: kind === 'connect' ? 4 : 1,
    })),
  );
}

function nameOf(from: string, address: string, kind: string): string {
  return `${from}/${address.includes(':') ? 6 : 4}/${kind}`;
}

function account(
  sent: readonly z.infer<typeof sentSchema>[],
  received: readonly z.infer<typeof receivedSchema>[],
  addresses: Addresses,
  lost: number,
): Account {
  const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0);
  const arrived = (flow: string): number => sum(received.map(({ datagrams }) => datagrams[flow] ?? 0));
  const flows = CLIENTS.flatMap((client, index) =>
    addresses.of(client.from).flatMap((address) =>
      KINDS.map((kind) => {
        const name = nameOf(client.from, address, kind);
        const { tried, done } = sent[index]?.[name] ?? { tried: 0, done: 0 };
        // A connection is seen by both ends, and either is enough to call it a leak.
        const accepted = sum(received.map(({ connections }) => connections[address] ?? 0));
        const tally: Tally =
          kind === 'connect'
            ? { sent: tried, arrived: client.allowed ? done : Math.max(done, accepted) }
            : { sent: done, arrived: arrived(name) };
        return { name, allowed: client.allowed, tally };
      }),
    ),
  );
  const total = (allowed: boolean): Tally => {
    const chosen = flows.filter((flow) => flow.allowed === allowed);
    return {
      sent: sum(chosen.map(({ tally }) => tally.sent)),
      arrived: sum(chosen.map(({ tally }) => tally.arrived)),
    };
  };
  return {
    denied: total(false),
    deniedFlows: Object.fromEntries(
      flows.filter((flow) => !flow.allowed).map(({ name, tally }) => [name, tally]),
    ),
    allowed: total(true),
    lost,
  };
}
