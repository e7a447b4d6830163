import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeKernel } from '../../test/kit/fake-kernel.ts';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { frameRules } from '../compile/bridge-frames.ts';
import type { CompiledTable } from '../compile/compiled.ts';
import { Compiler } from '../compile/compiler.ts';
import { FRAME_TABLE, POLICY_TABLE } from '../compile/names.ts';
import { objectOf } from '../kinds/kinds.ts';
import { versionsFrom } from '../kinds/versions.ts';
import type { Setting, SwitchPlace } from '../machine/setting.ts';
import type { Address } from '../model/address.ts';
import { type Change, changedObject, type Pod, podKey } from '../model/cluster.ts';
import { halved, type Limits, UNLIMITED } from '../nft/batch.ts';
import type { Table } from '../nft/commands.ts';
import { plan, removal } from '../nft/plan.ts';
import type { Facts, Log } from '../status/log.ts';
import type { KeptTable } from './charge.ts';
import { type LoopEvent, toAll } from './events.ts';
import { logObserver } from './log-observer.ts';
import { Reconciler } from './reconciler.ts';

let kernel: FakeKernel;
/** The table of family `bridge`, wanted only where a test says so. */
let frames: FakeKernel;
let framePorts: readonly string[];
/** `place/family` to on or off; what is not there is absent. */
let switches: Map<string, boolean>;
let settings: readonly Setting[];
let clock: ManualClock;
let compiler: Compiler;
let reconciler: Reconciler;
let stop: AbortController;
let running: Promise<void>;
let events: LoopEvent[];
let lines: { level: string; message: string; facts: Facts }[];
let version: number;
let compileError: Error | null;
let limits: Limits;

beforeEach(() => {
  kernel = new FakeKernel(POLICY_TABLE);
  frames = new FakeKernel(FRAME_TABLE);
  framePorts = [];
  switches = new Map();
  settings = [];
  clock = new ManualClock();
  compiler = new Compiler({ node: 'node-a', podRanges: [] });
  lines = [];
  events = [];
  version = 1;
  compileError = null;
  limits = UNLIMITED;
  begin();
  apply([namespace('shop'), podChange('web', '10.0.0.1'), podChange('api', '10.0.0.2')]);
});

afterEach(async () => {
  stop.abort();
  kernel.release();
  await running;
});

/** A new agent on whatever the kernel holds. */
function begin(): void {
  stop = new AbortController();
  const log =
    (level: string) =>
    (message: string, facts: Facts = {}) => {
      lines.push({ level, message, facts });
    };
  const kept = (table: Table, at: FakeKernel): KeptTable => ({
    table,
    trouble: ({ code, message }) => ({ code, message: at === frames ? `frames: ${message}` : message }),
    steps: {
      plan: (wanted, observed) =>
        wanted === null ? removal(table, observed) : plan(wanted.ruleset, observed, limits),
      commit: (batch) => at.commit(batch),
      observe: () => at.observe(),
      shrink: () => {
        limits = halved(limits);
      },
    },
  });
  const framesTable = memoized();
  const logged: Log = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  const named = (place: SwitchPlace, family: number): string =>
    `${place.kind === 'bridge' ? place.name : 'all'}/${family}`;
  reconciler = new Reconciler({
    tables: [kept(POLICY_TABLE, kernel), kept(FRAME_TABLE, frames)],
    switches: {
      filterLoaded: () => switches.size > 0,
      state: (place, family) => {
        const on = switches.get(named(place, family));
        return on === undefined ? 'absent' : on ? 'on' : 'off';
      },
      switchOn: (place, family) => {
        if (!switches.has(named(place, family))) return 'EROFS';
        switches.set(named(place, family), true);
        return null;
      },
    },
    compile: () => {
      if (compileError !== null) throw compileError;
      const policies = compiler.result();
      const guard = framesTable(framePorts);
      return {
        tables: guard === null ? [policies] : [policies, guard],
        settings,
        unnameable: [],
        refused: [],
      };
    },
    clock,
    random: () => 0,
    tell: toAll([logObserver(logged), (event) => events.push(event)]),
    versions: () => versionsFrom(() => String(version)),
  });
  reconciler.hear({ kind: 'listening' });
  running = reconciler.run(stop.signal);
}

/** The frames' table for these ports: the same object for the same list. */
function memoized(): (ports: readonly string[]) => CompiledTable | null {
  let last: { readonly ports: readonly string[]; readonly table: CompiledTable } | null = null;
  return (ports) => {
    if (ports.length === 0) return null;
    const rest = { origins: new Map(), endpoints: new Map(), meanings: new Map() };
    if (last?.ports !== ports) last = { ports, table: { ruleset: frameRules(ports), ...rest } };
    return last.table;
  };
}

function apply(changes: readonly Change[]): void {
  for (const change of changes) compiler.update(change);
  reconciler.changed(changes.map(changedObject), changes.map(objectOf));
}

function namespace(name: string): Change {
  return {
    kind: 'namespace',
    key: name,
    value: { name, labels: new Map([['kubernetes.io/metadata.name', name]]) },
  };
}

function podChange(name: string, address: string): Change {
  const value: Pod = {
    namespace: 'shop',
    name,
    uid: name,
    labels: new Map([['app', name]]),
    node: 'node-a',
    addresses: [address as Address],
    hostNetwork: false,
    phase: 'Running',
    deleting: false,
    created: 0,
    ports: [],
  };
  return { kind: 'pod', key: podKey('shop', name), value };
}

/** Isolates `subject`, admits `peer`. */
function policyChange(name: string, subject: string, peer: string): Change {
  const selector = (app: string) =>
    ({
      kind: 'requirements',
      requirements: [{ key: 'app', operator: 'In', values: [app], path: [] }],
    }) as const;
  return {
    kind: 'policy',
    ref: { kind: 'NetworkPolicy', namespace: 'shop', name },
    value: {
      kind: 'NetworkPolicy',
      namespace: 'shop',
      name,
      subject: selector(subject),
      ingress: [
        {
          index: 0,
          peers: {
            kind: 'some',
            peers: [
              { kind: 'pods', path: [], namespaces: { kind: 'named', name: 'shop' }, pods: selector(peer) },
            ],
          },
          ports: { kind: 'any' },
        },
      ],
      egress: null,
      problems: [],
    },
  };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('writes nothing and reads nothing before everything has been listed', async () => {
  await settled();
  expect(kernel.commits).toEqual([]);
  expect(kernel.observations).toBe(0);
  expect(reconciler.state().inSync).toBe(false);
  reconciler.start();
  await settled();
  expect(kernel.commits.length).toBeGreaterThan(0);
  expect(kernel.table?.chains.size).toBeGreaterThan(0);
  expect(reconciler.state()).toMatchObject({ inSync: true, revision: 1, degraded: [] });
});

test('logs one line per commit with revision, cause, operations and milliseconds', async () => {
  reconciler.start();
  await settled();
  apply([policyChange('p', 'api', 'web')]);
  await settled();
  const commits = lines.filter(({ message }) => message === 'committed');
  expect(commits).toHaveLength(2);
  expect(commits[0]?.facts).toMatchObject({ revision: 1, cause: 'start' });
  expect(commits[1]?.facts).toMatchObject({ revision: 2, cause: 'policy shop/p', milliseconds: 0 });
  expect(commits[1]?.facts.operations).toBeGreaterThan(0);
});

test('adopts an equal table without a single write', async () => {
  reconciler.start();
  await settled();
  stop.abort();
  await running;
  kernel.commits.length = 0;
  begin();
  reconciler.start();
  await settled();
  expect(kernel.commits).toEqual([]);
  expect(reconciler.state()).toMatchObject({ inSync: true, everInSync: true, revision: 1 });
});

test('a change that makes no difference writes nothing and keeps the revision', async () => {
  reconciler.start();
  await settled();
  kernel.commits.length = 0;
  apply([podChange('web', '10.0.0.1')]);
  await settled();
  expect(kernel.commits).toEqual([]);
  expect(reconciler.state()).toMatchObject({ inSync: true, revision: 1 });
});

test('changes that arrive while a commit runs gather into one', async () => {
  reconciler.start();
  await settled();
  kernel.commits.length = 0;
  kernel.faults = ['hang'];
  apply([policyChange('p0', 'api', 'web')]);
  await settled();
  expect(reconciler.state().inSync).toBe(false);
  for (let index = 1; index <= 50; index += 1) apply([podChange(`new${index}`, `10.0.1.${index}`)]);
  await settled();
  expect(kernel.commits).toHaveLength(1);
  kernel.release();
  await settled();
  const commits = lines.filter(({ message }) => message === 'committed');
  expect(commits).toHaveLength(3);
  expect(commits.at(-1)?.facts.cause).toBe('pod shop/new1, pod shop/new2, pod shop/new3 and 47 more');
  expect(reconciler.state().inSync).toBe(true);
});

test('what nothing refers to any more waits for newer work, and is gone when there is none', async () => {
  reconciler.start();
  apply([policyChange('p', 'api', 'web')]);
  await settled();
  kernel.commits.length = 0;
  let news = 3;
  kernel.afterCommit = ({ purpose }) => {
    if (purpose !== 'switch' || news === 0) return;
    news -= 1;
    apply([policyChange('p', 'api', `client-${news}`)]);
  };
  apply([policyChange('p', 'api', 'db')]);
  for (let turn = 0; turn < 5; turn += 1) await settled();
  expect(news).toBe(0);
  expect(kernel.commits.map(({ purpose }) => purpose).filter((purpose) => purpose !== 'stage')).toEqual([
    'switch',
    'switch',
    'switch',
    'switch',
    'collect',
  ]);
  expect(reconciler.state().inSync).toBe(true);
  expect(plan(compiler.result().ruleset, await kernel.observe()).batches).toEqual([]);
});

test('what nothing refers to any more does not pile up while changes never end', async () => {
  reconciler.start();
  apply([policyChange('p', 'api', 'web')]);
  await settled();
  kernel.commits.length = 0;
  let news = 50;
  kernel.afterCommit = ({ purpose }) => {
    if (purpose !== 'switch' || news === 0) return;
    news -= 1;
    apply([policyChange('p', 'api', `client-${news}`)]);
  };
  apply([policyChange('p', 'api', 'db')]);
  for (let turn = 0; turn < 50 && news > 0; turn += 1) await settled();
  const collections = kernel.commits.filter(({ purpose }) => purpose === 'collect');
  expect(collections.length).toBeGreaterThanOrEqual(2);
  expect(collections.length).toBeLessThan(10);
});

test('the versions of a commit are those it contains, not those seen since', async () => {
  reconciler.start();
  await settled();
  version = 2;
  kernel.faults = ['hang'];
  apply([policyChange('p', 'api', 'web')]);
  await settled();
  version = 3;
  apply([podChange('late', '10.0.0.9')]);
  expect(reconciler.state().resourceVersions.pods).toBe('1');
  kernel.release();
  await settled();
  expect(reconciler.state().resourceVersions.pods).toBe('3');
  version = 4;
  reconciler.seen();
  expect(reconciler.state().resourceVersions.pods).toBe('4');
});

test.each(['refuse', 'uncertain-before', 'uncertain-after', 'throw'] as const)(
  'after "%s" the kernel is read before the next try, and the ruleset gets there',
  async (fault) => {
    reconciler.start();
    await settled();
    const before = kernel.observations;
    kernel.faults = [fault];
    apply([policyChange('p', 'api', 'web')]);
    await settled();
    expect(reconciler.state().inSync).toBe(false);
    expect(kernel.observations).toBe(before);
    await clock.advance(100);
    await settled();
    expect(kernel.observations).toBe(before + 1);
    expect(reconciler.state()).toMatchObject({ inSync: true, degraded: [] });
    const desired = compiler.result().ruleset;
    expect(plan(desired, await kernel.observe()).batches).toEqual([]);
  },
);

test('an error after the commit is recognised: what is there is not written again', async () => {
  reconciler.start();
  await settled();
  kernel.commits.length = 0;
  kernel.faults = ['uncertain-after'];
  apply([podChange('third', '10.0.0.3')]);
  await settled();
  await clock.advance(100);
  await settled();
  expect(kernel.commits).toHaveLength(1);
  expect(reconciler.state().inSync).toBe(true);
});

test('tries are bounded: then degraded, with the last ruleset in force, and a try every 30 s', async () => {
  reconciler.start();
  await settled();
  const table = kernel.reachable;
  kernel.commits.length = 0;
  kernel.faults = Array.from({ length: 100 }, () => 'refuse' as const);
  apply([policyChange('p', 'api', 'web')]);
  await settled();
  await clock.advance(5_000);
  expect(kernel.commits).toHaveLength(6);
  expect(reconciler.state().degraded[0]?.code).toBe('NFT_REFUSED');
  expect(kernel.reachable).toBe(table);
  await clock.advance(24_000);
  expect(kernel.commits).toHaveLength(6);
  await clock.advance(10_000);
  expect(kernel.commits).toHaveLength(7);
});

test('while degraded the next change brings a try, but no faster than once a second', async () => {
  reconciler.start();
  await settled();
  kernel.faults = Array.from({ length: 7 }, () => 'refuse' as const);
  apply([policyChange('p', 'api', 'web')]);
  await settled();
  await clock.advance(5_000);
  kernel.commits.length = 0;
  for (let change = 0; change < 10; change += 1) {
    apply([podChange(`n${change}`, `10.0.2.${change}`)]);
    await clock.advance(50);
  }
  await settled();
  expect(kernel.commits).toHaveLength(1);
  await clock.advance(1_000);
  await settled();
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: [] });
  expect(lines.slice(-2).map(({ message }) => message)).toEqual([
    'committed',
    'the kernel is in order again',
  ]);
});

test('a refusal names the command and the policy it comes from, until it is over', async () => {
  reconciler.start();
  await settled();
  kernel.faults = ['refuse-rule'];
  apply([policyChange('p', 'api', 'web')]);
  await settled();
  expect(reconciler.state().problems).toEqual([
    {
      object: 'NetworkPolicy shop/p',
      message: expect.stringContaining('the kernel refused "add rule rin_'),
    },
  ]);
  expect(lines.at(-1)?.message).toContain('which comes from NetworkPolicy shop/p: syntax');
  await clock.advance(200);
  await settled();
  expect(reconciler.state().problems).toEqual([]);
});

test('a table that cannot be read is never overwritten', async () => {
  kernel.unreadable = new Error('Operation not permitted');
  reconciler.start();
  await settled();
  await clock.advance(5_000);
  expect(kernel.commits).toEqual([]);
  expect(reconciler.state().degraded).toEqual([
    {
      code: 'NFT_UNREADABLE',
      message: 'cannot read the table from the kernel: Operation not permitted',
    },
  ]);
  kernel.unreadable = null;
  await clock.advance(30_000);
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: [] });
});

test('a compiler that fails keeps the last ruleset and is reported', async () => {
  reconciler.start();
  await settled();
  const table = kernel.reachable;
  compileError = new Error('broken');
  apply([policyChange('p', 'api', 'web')]);
  await settled();
  await clock.advance(5_000);
  expect(kernel.reachable).toBe(table);
  expect(reconciler.state().degraded[0]?.code).toBe('COMPILE_FAILED');
  compileError = null;
  apply([podChange('x', '10.0.0.7')]);
  await clock.advance(1_000);
  await settled();
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: [] });
});

test('looks at the kernel again every minute, and repairs what nobody was heard to change', async () => {
  reconciler.start();
  await settled();
  const first = kernel.observations;
  kernel.wipe();
  await clock.advance(60_000);
  await settled();
  expect(kernel.observations).toBe(first + 1);
  expect(plan(compiler.result().ruleset, await kernel.observe()).batches).toEqual([]);
});

test('ends after the commit under way, and begins no other', async () => {
  reconciler.start();
  await settled();
  kernel.commits.length = 0;
  kernel.faults = ['hang'];
  apply([podChange('third', '10.0.0.3')]);
  await settled();
  apply([podChange('fourth', '10.0.0.4')]);
  stop.abort();
  let ended = false;
  const end = running.then(() => {
    ended = true;
  });
  await settled();
  expect(ended).toBe(false);
  kernel.release();
  await end;
  expect(kernel.commits).toHaveLength(1);
});

/** Which addresses a pod's dispatch leads where, and which rules its policies have there. */
function rulesOf(prefix: string): number {
  return [...(kernel.table?.chains.values() ?? [])]
    .filter(({ name }) => name.startsWith(prefix))
    .reduce((sum, { rules }) => sum + rules, 0);
}

test('one bad policy admits nobody, is reported once, and holds up nothing else', async () => {
  reconciler.start();
  await settled();
  kernel.bad = ['shop/bad:ingress'];
  apply([policyChange('bad', 'api', 'web'), policyChange('good', 'web', 'api')]);
  await settled();
  await clock.advance(100);
  await settled();
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: [] });
  expect(reconciler.state().problems).toEqual([
    {
      object: 'NetworkPolicy shop/bad',
      message: expect.stringMatching(/^closed instead: the kernel refused "add rule rin_/),
    },
  ]);
  // Both pods are isolated; one rule admits, and each chain ends in its denial.
  expect(rulesOf('in_')).toBe(4);
  expect(rulesOf('rin_')).toBe(3);
  const reports = (): number => lines.filter(({ facts }) => facts.object === 'NetworkPolicy shop/bad').length;
  expect(reports()).toBe(1);

  // Others come and go meanwhile.
  apply([podChange('third', '10.0.0.3')]);
  await settled();
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: [] });
  expect(reports()).toBe(1);
});

test('what was refused is tried again when its object changes, and after a while', async () => {
  reconciler.start();
  await settled();
  kernel.bad = ['"shop/bad:ingress', 'peer_'];
  apply([policyChange('bad', 'api', 'web')]);
  await settled();
  await clock.advance(100);
  await settled();
  expect(reconciler.state().problems).toHaveLength(1);
  kernel.bad = [];
  apply([podChange('third', '10.0.0.3')]);
  await settled();
  expect(reconciler.state().problems).toHaveLength(1);
  apply([policyChange('bad', 'api', 'web')]);
  await settled();
  expect(reconciler.state().problems).toEqual([]);
  expect(plan(compiler.result().ruleset, await kernel.observe()).batches).toEqual([]);

  kernel.bad = ['peer_'];
  apply([policyChange('other', 'api', 'api')]);
  await settled();
  await clock.advance(100);
  await settled();
  expect(reconciler.state().problems).toHaveLength(1);
  kernel.bad = [];
  await clock.advance(301_000);
  await settled();
  expect(reconciler.state().problems).toEqual([]);
  expect(plan(compiler.result().ruleset, await kernel.observe()).batches).toEqual([]);
});

test('several bad objects are found one after the other', async () => {
  reconciler.start();
  await settled();
  const names = Array.from({ length: 8 }, (_, index) => `bad${index}`);
  kernel.bad = ['shop/bad'];
  apply([...names.map((name) => policyChange(name, 'api', 'web')), policyChange('good', 'web', 'api')]);
  await settled();
  await clock.advance(100);
  for (let turn = 0; turn < 10; turn += 1) await settled();
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: [] });
  expect(reconciler.state().problems.map(({ object }) => object)).toEqual(
    names.map((name) => `NetworkPolicy shop/${name}`),
  );
});

test('one bad address is left out of the peers, and the others are admitted', async () => {
  reconciler.start();
  await settled();
  kernel.bad = ['"10.0.0.9"'];
  const far = podChange('far', '10.0.0.9');
  const value =
    far.kind === 'pod' && far.value
      ? { ...far.value, node: 'node-b', labels: new Map([['app', 'web']]) }
      : null;
  if (value === null) throw new Error('a pod was made');
  apply([{ kind: 'pod', key: podKey('shop', 'far'), value }, policyChange('p', 'api', 'web')]);
  await settled();
  await clock.advance(100);
  await settled();
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: [] });
  const peers = [...(kernel.table?.sets.values() ?? [])].find(({ name }) => name.startsWith('peer_'));
  expect([...(peers?.elements ?? [])]).toEqual(['10.0.0.1']);
  expect(reconciler.state().problems).toEqual([
    {
      object: 'NetworkPolicy shop/p',
      message: expect.stringContaining('add element 10.0.0.9 to peer_'),
    },
  ]);
});

test("a pod whose own chain is refused is closed but for itself, and the other pods' rules are committed", async () => {
  reconciler.start();
  await settled();
  apply([policyChange('p', 'api', 'web'), policyChange('q', 'web', 'api')]);
  const { endpoints } = compiler.result();
  kernel.bad = [endpoints.get(podKey('shop', 'api'))?.ingress ?? 'none'];
  await settled();
  await clock.advance(100);
  await settled();
  expect(reconciler.state().problems.map(({ object }) => object)).toEqual(['Pod shop/api']);
  const dispatch = kernel.table?.maps.get('in_4')?.elements;
  expect(dispatch?.get('10.0.0.2')).toBe('goto closed');
  expect(dispatch?.get('10.0.0.1')).toMatch(/^goto in_/);
});

test('what serves everybody cannot be left out: degraded, and the last ruleset stays', async () => {
  reconciler.start();
  await settled();
  const table = kernel.reachable;
  kernel.bad = ['"isolated_4"'];
  apply([policyChange('p', 'api', 'web')]);
  await settled();
  await clock.advance(5_000);
  expect(reconciler.state().degraded[0]?.code).toBe('NFT_REFUSED');
  expect(kernel.reachable).toBe(table);
});

test('a transaction that is too large is cut smaller at the next try', async () => {
  kernel.room = 100;
  for (let index = 0; index < 60; index += 1)
    apply([podChange(`p${index}`, `10.0.3.${index + 1}`), policyChange(`q${index}`, `p${index}`, 'web')]);
  reconciler.start();
  for (let turn = 0; turn < 10; turn += 1) {
    await settled();
    await clock.advance(1_000);
  }
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: [] });
  expect(plan(compiler.result().ruleset, await kernel.observe()).batches).toEqual([]);
  // From then on it is known; a change of all pods at once becomes visible in several steps.
  apply([
    policyChange('all', 'web', 'p1'),
    ...Array.from({ length: 60 }, (_, index) => policyChange(`q${index}`, `p${index}`, `p${index + 1}`)),
  ]);
  await settled();
  expect(lines.at(-1)).toMatchObject({ message: 'committed', facts: { steps: expect.any(Number) } });
});

test('nft that does not end is reported after ten seconds, and at once when it is given up', async () => {
  reconciler.start();
  await settled();
  kernel.faults = ['hang'];
  apply([policyChange('p', 'api', 'web')]);
  await settled();
  expect(reconciler.state().degraded).toEqual([]);
  await clock.advance(12_000);
  expect(reconciler.state().degraded).toEqual([
    {
      code: 'NFT_SLOW',
      message: 'nft has been at work for 12 s; the last ruleset stays in force',
    },
  ]);
  expect(lines.filter(({ facts }) => facts.code === 'NFT_SLOW')).toHaveLength(1);
  kernel.faults = ['uncertain-before'];
  kernel.release();
  await settled();
  expect(reconciler.state().degraded[0]?.code).toBe('NFT_UNCERTAIN');
  await clock.advance(31_000);
  await settled();
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: [] });
});

describe('the table of family bridge', () => {
  test('is written while it is wanted, changed without a gap, and taken away when it is not', async () => {
    framePorts = ['veth0', 'veth1'];
    reconciler.start();
    await settled();
    expect(JSON.stringify(frames.commits)).toContain('"oifname"}},"right":{"set":["veth0","veth1"]}');
    expect(reconciler.state()).toMatchObject({ inSync: true, revision: 2, degraded: [] });
    frames.commits.length = 0;
    framePorts = ['veth0'];
    reconciler.changed(['bridges of pods']);
    await settled();
    expect(frames.commits.map(({ purpose }) => purpose)).toEqual(['switch']);
    framePorts = [];
    reconciler.changed(['bridges of pods']);
    await settled();
    expect([frames.table, reconciler.state().inSync]).toEqual([null, true]);
  });

  test('of a predecessor is adopted where it is wanted, and taken away where it is not', async () => {
    framePorts = ['veth0'];
    reconciler.start();
    await settled();
    stop.abort();
    await running;
    frames.commits.length = 0;
    begin();
    reconciler.start();
    await settled();
    expect(frames.commits).toEqual([]);
    stop.abort();
    await running;
    framePorts = [];
    begin();
    reconciler.start();
    await settled();
    expect(frames.table).toBeNull();
  });

  test('that is deleted is put back when the table is read again, as any table is, and that is told', async () => {
    framePorts = ['veth0'];
    reconciler.start();
    await settled();
    frames.wipe();
    await clock.advance(60_000);
    await settled();
    expect(frames.table?.chains.size).toBe(1);
    expect(events.filter(({ kind }) => kind === 'drift')).toEqual([
      {
        kind: 'drift',
        table: 'bridge policyd',
        operations: expect.any(Number),
        by: null,
        milliseconds: null,
        repairs: 1,
      },
    ]);
    expect(lines.map(({ message }) => message)).toContain(
      'somebody else had changed table bridge policyd; repaired',
    );
  });

  test('does not hold up the policies while it fails, is reported by itself, and tried again', async () => {
    framePorts = ['veth0'];
    frames.faults = Array.from({ length: 7 }, () => 'refuse' as const);
    reconciler.start();
    await settled();
    expect(kernel.table?.chains.size).toBeGreaterThan(0);
    await clock.advance(5_000);
    expect(reconciler.state()).toMatchObject({
      inSync: false,
      everInSync: false,
      degraded: [{ code: 'NFT_REFUSED', message: expect.stringMatching(/^frames: the kernel refused/) }],
    });
    const before = kernel.commits.length;
    apply([policyChange('p', 'api', 'web')]);
    await settled();
    expect(kernel.commits.length).toBeGreaterThan(before);
    const committed = lines.filter(({ message }) => message === 'committed').at(-1);
    expect(committed?.facts).toMatchObject({
      cause: 'policy shop/p',
      milliseconds: 0,
      table: 'inet policyd',
    });
    await clock.advance(31_000);
    await settled();
    expect(reconciler.state()).toMatchObject({ inSync: true, everInSync: true, degraded: [] });
  });

  test('is held up by nothing else: a table of policies that fails leaves it in order', async () => {
    framePorts = ['veth0'];
    kernel.faults = Array.from({ length: 100 }, () => 'refuse' as const);
    reconciler.start();
    await settled();
    expect(frames.table?.chains.size).toBe(1);
  });

  test('that cannot be read is no trouble where nobody wants it', async () => {
    frames.unreadable = new Error('Protocol not supported');
    reconciler.start();
    await settled();
    expect(reconciler.state()).toMatchObject({ inSync: true, degraded: [] });
    framePorts = ['veth0'];
    frames.faults = ['refuse'];
    reconciler.changed(['bridges of pods']);
    await settled();
    await clock.advance(5_000);
    expect(reconciler.state()).toMatchObject({
      inSync: false,
      degraded: [{ message: 'frames: cannot read the table from the kernel: Protocol not supported' }],
    });
  });
});

describe('settings', () => {
  const setting: Setting = { bridge: 'cni0', certain: true, family: 4 };

  test('are made before the tables, and not before everything has been listed', async () => {
    settings = [setting];
    switches.set('cni0/4', false);
    await settled();
    expect(switches.get('cni0/4')).toBe(false);
    reconciler.start();
    await settled();
    expect(switches.get('cni0/4')).toBe(true);
    const kinds = events.map(({ kind }) => kind);
    expect(kinds.indexOf('switched-on')).toBeLessThan(kinds.indexOf('committed'));
    expect(reconciler.state().bridges).toEqual([{ name: 'cni0', filtered: { ipv4: true, ipv6: false } }]);
  });

  test('that cannot be made are tried every second, told once, and hold up no table', async () => {
    settings = [setting];
    reconciler.start();
    await settled();
    expect(kernel.table?.chains.size).toBeGreaterThan(0);
    expect(reconciler.state()).toMatchObject({ inSync: true, degraded: [{ code: 'BRIDGE_UNFILTERED' }] });
    const { revision } = reconciler.state();
    await clock.advance(5_000);
    switches.set('cni0/4', false);
    await clock.advance(1_000);
    await settled();
    expect(reconciler.state()).toMatchObject({ inSync: true, degraded: [], revision });
    expect(events.map(({ kind }) => kind).filter((kind) => /degraded|restored|switched/.test(kind))).toEqual([
      'degraded',
      'switched-on',
      'restored',
    ]);
  });

  test('that somebody switches off are repaired at the next change, and counted', async () => {
    settings = [setting];
    switches.set('cni0/4', false);
    reconciler.start();
    await settled();
    switches.set('cni0/4', false);
    reconciler.changed(['bridges of pods']);
    await settled();
    expect([switches.get('cni0/4'), reconciler.state().bridgeRepairs]).toEqual([true, 1]);
  });
});

test('tables that nobody has touched are read every minute, are no drift, and are not written', async () => {
  framePorts = ['veth0'];
  reconciler.start();
  await settled();
  const { revision } = reconciler.state();
  await clock.advance(120_000);
  await settled();
  expect([kernel.observations, frames.observations]).toEqual([3, 3]);
  expect(reconciler.state()).toMatchObject({ inSync: true, revision });
  expect(events.filter(({ kind }) => kind === 'drift')).toEqual([]);
});

test('what our own commit in doubt has left is no drift', async () => {
  reconciler.start();
  await settled();
  kernel.faults = ['uncertain-before'];
  apply([policyChange('p', 'api', 'web')]);
  await settled();
  await clock.advance(100);
  await settled();
  expect(reconciler.state().inSync).toBe(true);
  expect(events.filter(({ kind }) => kind === 'drift')).toEqual([]);
});

describe('what others write', () => {
  const by = 'nft (process 7)';
  const foreign = (chains: readonly string[] = [], gone = false): void =>
    reconciler.foreign({ table: POLICY_TABLE, chains: new Set(chains), gone, by });
  const drifts = (): readonly LoopEvent[] => events.filter(({ kind }) => kind === 'drift');

  test('is not in sync at once, is put right, told with who did it, and counted', async () => {
    reconciler.start();
    await settled();
    kernel.wipe();
    foreign();
    expect(reconciler.state()).toMatchObject({ inSync: false, verified: false });
    await settled();
    expect(reconciler.state()).toMatchObject({ inSync: true, verified: true, repairs: 1 });
    expect(plan(compiler.result().ruleset, await kernel.observe()).batches).toEqual([]);
    expect(drifts()).toMatchObject([{ table: 'inet policyd', by, repairs: 1 }]);
  });

  test('after it was read and before it was written is read once more', async () => {
    reconciler.start();
    await settled();
    for (const moment of ['read', 'written'] as const) {
      kernel.wipe();
      foreign();
      let again = true;
      const strike = (): void => {
        if (!again) return;
        again = false;
        kernel.wipe();
        foreign();
      };
      if (moment === 'written') kernel.afterCommit = strike;
      else kernel.afterObservation = strike;
      for (let turn = 0; turn < 3; turn += 1) await settled();
      expect(again).toBe(false);
      expect(reconciler.state()).toMatchObject({ inSync: true, verified: true });
      expect(plan(compiler.result().ruleset, await kernel.observe()).batches).toEqual([]);
    }
  });

  test('that deletes the table is put right without reading it, in one transaction, whatever is there by now', async () => {
    reconciler.start();
    await settled();
    const before = kernel.observations;
    for (const really of [true, false]) {
      kernel.commits.length = 0;
      if (really) kernel.wipe();
      foreign([], true);
      await settled();
      expect(kernel.commits.map(({ purpose }) => purpose)).toEqual(['switch']);
      expect(kernel.observations).toBe(before);
      expect(reconciler.state()).toMatchObject({ inSync: true, verified: true });
      expect(plan(compiler.result().ruleset, kernel.table).batches).toEqual([]);
    }
    // The control: in more than one transaction, only what was read can be put right.
    limits = { ...UNLIMITED, maxCommands: 20 };
    kernel.wipe();
    foreign([], true);
    await settled();
    expect(kernel.observations).toBe(before + 1);
    expect(plan(compiler.result().ruleset, kernel.table).batches).toEqual([]);
  });

  test('while a change of the cluster waits is told all the same', async () => {
    reconciler.start();
    await settled();
    kernel.wipe();
    foreign();
    apply([policyChange('p', 'api', 'web')]);
    await settled();
    expect(drifts()).toMatchObject([{ by }]);
  });

  test('that makes no difference is neither written nor told', async () => {
    reconciler.start();
    await settled();
    kernel.commits.length = 0;
    foreign();
    await settled();
    expect([kernel.commits, drifts()]).toEqual([[], []]);
    expect(reconciler.state()).toMatchObject({ inSync: true, verified: true, repairs: 0 });
  });

  test('into a chain is rewritten even if its comments are ours: those can be copied', async () => {
    reconciler.start();
    apply([policyChange('p', 'api', 'web')]);
    await settled();
    kernel.commits.length = 0;
    foreign(['forward_hook']);
    await settled();
    const commands = JSON.stringify(kernel.commits);
    expect(commands).toContain('"flush":{"chain":{"family":"inet","table":"policyd","name":"forward_hook"}}');
    expect(kernel.commits.map(({ purpose }) => purpose)).toEqual(['switch']);
    expect(drifts()).toHaveLength(1);
  });

  test('cannot be heard for a moment: not in sync until a table is read after that', async () => {
    reconciler.start();
    await settled();
    reconciler.hear({ kind: 'starting', reason: 'killed' });
    await settled();
    expect(reconciler.state()).toMatchObject({ inSync: false, verified: false });
    kernel.wipe();
    reconciler.hear({ kind: 'listening' });
    await settled();
    expect(reconciler.state()).toMatchObject({ inSync: true, verified: true, repairs: 1, degraded: [] });
  });

  test('cannot be heard at all: tables are read every few seconds, and that is said while it lasts', async () => {
    reconciler.start();
    await settled();
    reconciler.hear({ kind: 'failing', reason: 'killed' });
    await settled();
    expect(reconciler.state()).toMatchObject({
      inSync: true,
      verified: true,
      degraded: [{ code: 'CHANGES_UNHEARD' }],
    });
    kernel.wipe();
    await clock.advance(10_000);
    await settled();
    expect(reconciler.state().repairs).toBe(1);
    reconciler.hear({ kind: 'listening' });
    await settled();
    expect(reconciler.state()).toMatchObject({ inSync: true, degraded: [] });
    // The control: from here on a minute passes before anybody looks.
    kernel.wipe();
    await clock.advance(10_000);
    await settled();
    expect(reconciler.state().repairs).toBe(1);
  });

  test('that was missed is looked for at once', async () => {
    reconciler.start();
    await settled();
    kernel.wipe();
    reconciler.lost('generation 9 came after 7');
    await settled();
    expect(reconciler.state().repairs).toBe(1);
  });
});
