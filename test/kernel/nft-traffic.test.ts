/** What `walk` says of a packet is what the kernel does with it: real UDP and TCP through random rulesets. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Address, Family } from '../../src/model/address.ts';
import type { Flow } from '../../src/model/verdict.ts';
import type { ChainName, Expression, Operand, Rule, Ruleset } from '../../src/nft/objects.ts';
import { firstPacket, type Packet, replyPacket } from '../../src/nft/packet.ts';
import { plan } from '../../src/nft/plan.ts';
import type { Nft } from '../../src/nft/port.ts';
import { type Walkable, walk, walkableFromRuleset } from '../../src/nft/walk.ts';
import { ADDRESSES, PORTS, rulesetArbitrary, TABLE } from '../kit/nft-rulesets.ts';
import { createSandbox, nftIn, type Sandbox } from '../kit/sandbox.ts';

let sandbox: Sandbox;
let nft: Nft;

const SENDER = new URL('nft-sender.mjs', import.meta.url).pathname;

beforeAll(async () => {
  sandbox = await createSandbox();
  nft = nftIn(sandbox);
  await must('ip', ['link', 'set', 'lo', 'up']);
  for (const address of ADDRESSES[6])
    await must('ip', ['addr', 'add', `${address}/128`, 'dev', 'lo', 'nodad']);
});

afterAll(() => sandbox.close());

async function must(command: string, args: readonly string[], input?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await sandbox.run(command, args, input);
  if (exitCode !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

interface Probe {
  readonly source: string;
  readonly destination: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
}

/** Nothing listens: a packet that gets through is answered with a reset. */
async function send(probes: readonly Probe[]): Promise<readonly string[]> {
  return JSON.parse(await must(process.execPath, [SENDER], JSON.stringify(probes)));
}

function flowOf({ source, destination, port, protocol }: Probe): Flow {
  return {
    source: source as Address,
    destination: destination as Address,
    transport: { kind: 'ports', protocol, port },
  };
}

function passes(walkable: Walkable, packet: Packet): boolean {
  return walk([walkable], { ...packet, way: 'from-node' }).verdict === 'accept';
}

/** Loopback takes the answer through the same hook: the reset that says "refused" must pass too. */
function expectation(walkable: Walkable, probe: Probe): string {
  const flow = flowOf(probe);
  const first = passes(walkable, firstPacket(flow));
  if (probe.protocol === 'UDP') return first ? 'sent' : 'EPERM';
  const reset: Packet = { ...replyPacket(flow), tcpFlags: ['rst', 'ack'] };
  return first && passes(walkable, reset) ? 'ECONNREFUSED' : 'timeout';
}

async function install(ruleset: Ruleset): Promise<void> {
  await sandbox.run('nft', ['delete', 'table', ruleset.table.family, ruleset.table.name]);
  for (const { commands } of plan(ruleset, null).batches) {
    expect(await nft.commit(commands)).toMatchObject({ kind: 'committed' });
  }
}

const probes = (['TCP', 'UDP'] as const).flatMap((protocol) =>
  ([4, 6] satisfies readonly Family[]).flatMap((family) =>
    ADDRESSES[family].flatMap((source) =>
      ADDRESSES[family].flatMap((destination) =>
        [...PORTS, 300, 65535].map((port): Probe => ({ source, destination, port, protocol })),
      ),
    ),
  ),
);

it('sends everything and hears every reset when there is no ruleset', async () => {
  const outcomes = await send(probes);
  for (const [index, probe] of probes.entries()) {
    expect(outcomes[index], JSON.stringify(probe)).toBe(probe.protocol === 'UDP' ? 'sent' : 'ECONNREFUSED');
  }
});

it('walks each packet as the kernel does', async () => {
  const rulesets = fc.sample(
    rulesetArbitrary().filter(({ chains }) => chains.size > 3),
    { seed: 41, numRuns: 30 },
  );
  const seen = new Map<string, number>();
  for (const [number, ruleset] of rulesets.entries()) {
    await install(ruleset);
    const walkable = walkableFromRuleset(ruleset);
    // TCP waits for what does not come: only a few of them per ruleset.
    const chosen = probes.filter(({ protocol }, index) => protocol === 'UDP' || index % 8 === number % 8);
    const outcomes = await send(chosen);
    for (const [index, probe] of chosen.entries()) {
      const outcome = outcomes[index] ?? 'none';
      const about = `ruleset ${number}, ${JSON.stringify(probe)}`;
      expect(outcome, about).toBe(expectation(walkable, probe));
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    }
  }
  // The comparison means something only if every outcome occurred often.
  for (const outcome of ['sent', 'EPERM', 'ECONNREFUSED', 'timeout']) {
    expect(seen.get(outcome) ?? 0, outcome).toBeGreaterThan(20);
  }
});

it('lets a negated match of one family say nothing about packets of the other', async () => {
  const hook = 'out_hook' as ChainName;
  const ends: readonly Expression[] = [
    { kind: 'ctAddress', direction: 'original', family: 4 },
    { kind: 'ctAddress', direction: 'reply', family: 4 },
    { kind: 'address', field: 'saddr', family: 4 },
    { kind: 'icmpType', family: 4 },
  ];
  const six = { source: '2001:db8::1', destination: '2001:db8::2', port: 80, protocol: 'UDP' } as const;
  const four = { source: '127.0.0.1', destination: '127.0.0.2', port: 80, protocol: 'UDP' } as const;
  for (const left of ends) {
    const right: Operand =
      left.kind === 'icmpType'
        ? { kind: 'words', words: ['redirect'] }
        : { kind: 'prefixes', cidrs: ['10.0.0.0/8'] };
    const rule: Rule = { statements: [{ kind: 'match', left, op: '!=', right }, { kind: 'drop' }], note: '' };
    const ruleset: Ruleset = {
      table: TABLE,
      chains: new Map([
        [
          hook,
          {
            name: hook,
            hook: { type: 'filter', hook: 'output', priority: -5, policy: 'accept' },
            fingerprint: 'h',
            rules: [rule],
          },
        ],
      ]),
      sets: new Map(),
      maps: new Map(),
    };
    await install(ruleset);
    const walkable = walkableFromRuleset(ruleset);
    const dropped = left.kind === 'icmpType' ? 'sent' : 'EPERM';
    expect(await send([six, four]), left.kind).toEqual(['sent', dropped]);
    expect(
      [six, four].map((probe) => expectation(walkable, probe)),
      left.kind,
    ).toEqual(['sent', dropped]);
  }
});
