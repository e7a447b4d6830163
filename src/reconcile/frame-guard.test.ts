import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import type { NftCommand } from '../nft/commands.ts';
import type { CommitResult } from '../nft/port.ts';
import { FrameGuard } from './frame-guard.ts';

const TABLE = { family: 'bridge', table: 'policyd' };
const COMMITTED: CommitResult = { kind: 'committed', milliseconds: 1 };

/** The kernel's table, as far as this guard reads it. */
class Kernel {
  comments: string[] | null = null;
  reads = 0;
  readonly committed: NftCommand[][] = [];
  answers: (CommitResult | Error)[] = [];
  unreadable: Error | null = null;

  async listTable(): Promise<unknown> {
    this.reads += 1;
    if (this.unreadable) throw this.unreadable;
    if (this.comments === null) return null;
    const hook = {
      ...TABLE,
      name: 'frames_hook',
      type: 'filter',
      hook: 'forward',
      prio: -210,
      policy: 'accept',
    };
    const rules = this.comments.map((comment) => ({
      rule: { ...TABLE, chain: 'frames_hook', comment, expr: [] },
    }));
    return { nftables: [{ table: { family: 'bridge', name: 'policyd' } }, { chain: hook }, ...rules] };
  }

  async commit(commands: readonly NftCommand[]): Promise<CommitResult> {
    const answer = this.answers.shift() ?? COMMITTED;
    if (answer instanceof Error) throw answer;
    if (answer.kind !== 'committed') return answer;
    this.committed.push([...commands]);
    for (const command of commands) {
      if ('delete' in command && 'table' in command.delete) this.comments = null;
      else if ('flush' in command) this.comments = [];
      else if ('add' in command && 'rule' in command.add) this.comments?.push(command.add.rule.comment);
      else this.comments ??= [];
    }
    return answer;
  }
}

let kernel: Kernel;
let clock: ManualClock;
let guard: FrameGuard;
let ended: AbortController;
let running: Promise<void>;

function begin(): void {
  const quiet = (): void => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  guard = new FrameGuard({ nft: kernel, clock, random: () => 0, log });
  running = guard.run(ended.signal);
}

beforeEach(() => {
  kernel = new Kernel();
  clock = new ManualClock();
  ended = new AbortController();
  begin();
});
afterEach(async () => {
  ended.abort();
  await running;
});

async function want(...ports: readonly string[]): Promise<void> {
  guard.want(ports);
  await clock.advance(0);
}

test('touches nothing before it is told what to guard', async () => {
  kernel.comments = ['left.0', 'left.1'];
  await clock.advance(60_000);
  expect([kernel.reads, guard.settled]).toEqual([0, false]);
});

test('writes its table for the ports it is told of, once, and takes it away when there are none', async () => {
  await want('veth0', 'veth1');
  expect(guard.settled).toBe(true);
  expect(JSON.stringify(kernel.committed)).toContain('"oifname"}},"right":{"set":["veth0","veth1"]}');
  const writes = kernel.committed.length;
  await want('veth0', 'veth1');
  expect(kernel.committed).toHaveLength(writes);
  await want();
  expect([kernel.comments, guard.settled]).toEqual([null, true]);
});

test('changes its ports in one transaction that never leaves the chain empty', async () => {
  await want('veth0');
  kernel.committed.length = 0;
  await want('veth0', 'veth1');
  expect(kernel.committed).toHaveLength(1);
  expect(kernel.comments).toHaveLength(4);
});

test('adopts what a predecessor left, and takes away what nobody needs', async () => {
  await want('veth0');
  ended.abort();
  await running;
  kernel.committed.length = 0;
  ended = new AbortController();
  begin();
  await want('veth0');
  expect([guard.settled, kernel.committed]).toEqual([true, []]);
  await want();
  expect(kernel.comments).toBeNull();
});

test.each<[string, CommitResult | Error]>([
  ['is refused', { kind: 'refused', message: 'Operation not supported', command: null }],
  ['ends in doubt', { kind: 'uncertain', message: 'Operation not supported' }],
  ['throws', new Error('Operation not supported')],
])('a write that %s is reported, and tried again after reading', async (_, answer) => {
  kernel.answers = [answer, answer];
  await want('veth0');
  expect(guard.degraded).toEqual([
    {
      code: 'BRIDGE_UNGUARDED',
      message: 'frames in disguise are not stopped on bridges with pods: Operation not supported',
    },
  ]);
  expect(guard.settled).toBe(false);
  const reads = kernel.reads;
  await clock.advance(5_000);
  expect(guard.settled).toBe(true);
  expect(guard.degraded).toEqual([]);
  expect(kernel.reads).toBe(reads + 2);
});

test('a kernel without such tables is no trouble where no bridge is', async () => {
  kernel.unreadable = new Error('Protocol not supported');
  await want();
  expect([guard.settled, guard.degraded]).toEqual([true, []]);
  await want('veth0');
  expect([guard.settled, guard.degraded.length]).toEqual([false, 1]);
});
