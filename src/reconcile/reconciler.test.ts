import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { Compiler } from '../compile/compiler.ts';
import { objectOf } from '../kinds/kinds.ts';
import { versionsFrom } from '../kinds/versions.ts';
import type { Address } from '../model/address.ts';
import { type Change, changedObject, type Pod, podKey } from '../model/cluster.ts';
import { halved, type Limits, UNLIMITED } from '../nft/batch.ts';
import type { ObservedTable } from '../nft/observe.ts';
import { applyPlan, type Batch, plan } from '../nft/plan.ts';
import type { CommitResult } from '../nft/port.ts';
import type { Facts, Log } from '../status/log.ts';
import { Reconciler } from './reconciler.ts';

type Fault = 'refuse' | 'refuse-rule' | 'uncertain-before' | 'uncertain-after' | 'throw' | 'hang' | null;

/** A kernel that understands our batches, and can be told to fail. */
class FakeKernel {
  table: ObservedTable | null = null;
  commits: Batch[] = [];
  observations = 0;
  faults: Fault[] = [];
  /** Text in a command that the kernel refuses, for ever. */
  bad: readonly string[] = [];
  /** More commands than this are too many for one transaction. */
  room = Number.POSITIVE_INFINITY;
  unreadable = false;
  afterCommit: (batch: Batch) => void = () => {};
  release: () => void = () => {};

  async commit(batch: Batch): Promise<CommitResult> {
    this.commits.push(batch);
    const fault = this.faults.shift() ?? null;
    switch (fault) {
      case 'refuse':
        return { kind: 'refused', message: 'Could not process rule: File exists', command: null };
      case 'refuse-rule':
        return {
          kind: 'refused',
          message: 'syntax',
          command: batch.commands.findIndex(
            (command) =>
              'add' in command && 'rule' in command.add && command.add.rule.chain.startsWith('rin_'),
          ),
        };
      case 'uncertain-before':
        return { kind: 'uncertain', message: 'no answer in 60000 ms' };
      case 'uncertain-after':
        this.#apply(batch);
        return { kind: 'uncertain', message: 'No buffer space available' };
      case 'throw':
        throw new Error('nft is not installed');
      case 'hang':
        await new Promise<void>((resolve) => {
          this.release = resolve;
        });
        break;
      case null:
    }
    if (batch.commands.length > this.room)
      return { kind: 'refused', message: 'Message too long', command: null, tooLarge: true };
    const command = batch.commands.findIndex((each) => this.bad.some((text) => holds(each, text)));
    if (command >= 0)
      return { kind: 'refused', message: 'Invalid argument', command, ...this.#element(batch, command) };
    this.#apply(batch);
    this.afterCommit(batch);
    return { kind: 'committed', milliseconds: 3 };
  }

  #element({ commands }: Batch, index: number): { element?: number } {
    const command = commands[index];
    const elements = command && 'add' in command && 'set' in command.add ? (command.add.set.elem ?? []) : [];
    const element = elements.findIndex((each) => this.bad.includes(JSON.stringify(each)));
    return element >= 0 ? { element } : {};
  }

  async observe(): Promise<ObservedTable | null> {
    this.observations += 1;
    if (this.unreadable) throw new Error('Operation not permitted');
    if (this.table === null) return null;
    const forget = <T extends object>(objects: ReadonlyMap<string, T>): ReadonlyMap<string, T> =>
      new Map([...objects].map(([name, object]) => [name, { ...object, source: null }]));
    const { chains, sets, maps } = this.table;
    return { ...this.table, chains: forget(chains), sets: forget(sets), maps: forget(maps) };
  }

  #apply(batch: Batch): void {
    const desired = { ...compiler.result().ruleset, chains: new Map(), sets: new Map(), maps: new Map() };
    this.table = applyPlan({ desired, batches: [batch] }, this.table);
  }
}

/** Taking away is never refused. */
function holds(command: Batch['commands'][number], text: string): boolean {
  return 'add' in command && JSON.stringify(command).includes(text);
}

let kernel: FakeKernel;
let clock: ManualClock;
let compiler: Compiler;
let reconciler: Reconciler;
let stop: AbortController;
let running: Promise<void>;
let lines: { level: string; message: string; facts: Facts }[];
let version: number;
let compileError: Error | null;
let limits: Limits;

beforeEach(() => {
  kernel = new FakeKernel();
  clock = new ManualClock();
  compiler = new Compiler({ node: 'node-a', podRanges: [] });
  lines = [];
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
  reconciler = new Reconciler({
    steps: {
      compile: () => {
        if (compileError !== null) throw compileError;
        return compiler.result();
      },
      plan: ({ ruleset }, observed) => plan(ruleset, observed, limits),
      commit: (batch) => kernel.commit(batch),
      observe: () => kernel.observe(),
      shrink: () => {
        limits = halved(limits);
      },
    },
    clock,
    random: () => 0,
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') } satisfies Log,
    versions: () => versionsFrom(() => String(version)),
  });
  running = reconciler.run(stop.signal);
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
  expect(reconciler.state()).toMatchObject({ inSync: true, revision: 1, degraded: null });
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
  kernel.commits = [];
  begin();
  reconciler.start();
  await settled();
  expect(kernel.commits).toEqual([]);
  expect(reconciler.state()).toMatchObject({ inSync: true, everInSync: true, revision: 1 });
});

test('a change that makes no difference writes nothing and keeps the revision', async () => {
  reconciler.start();
  await settled();
  kernel.commits = [];
  apply([podChange('web', '10.0.0.1')]);
  await settled();
  expect(kernel.commits).toEqual([]);
  expect(reconciler.state()).toMatchObject({ inSync: true, revision: 1 });
});

test('changes that arrive while a commit runs gather into one', async () => {
  reconciler.start();
  await settled();
  kernel.commits = [];
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
  kernel.commits = [];
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
  kernel.commits = [];
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
    expect(reconciler.state()).toMatchObject({ inSync: true, degraded: null });
    const desired = compiler.result().ruleset;
    expect(plan(desired, await kernel.observe()).batches).toEqual([]);
  },
);

test('an error after the commit is recognised: what is there is not written again', async () => {
  reconciler.start();
  await settled();
  kernel.commits = [];
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
  const table = kernel.table;
  kernel.commits = [];
  kernel.faults = Array.from({ length: 100 }, () => 'refuse' as const);
  apply([policyChange('p', 'api', 'web')]);
  await settled();
  await clock.advance(5_000);
  expect(kernel.commits).toHaveLength(6);
  expect(reconciler.state().degraded?.code).toBe('NFT_REFUSED');
  expect(kernel.table).toBe(table);
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
  kernel.commits = [];
  for (let change = 0; change < 10; change += 1) {
    apply([podChange(`n${change}`, `10.0.2.${change}`)]);
    await clock.advance(50);
  }
  await settled();
  expect(kernel.commits).toHaveLength(1);
  await clock.advance(1_000);
  await settled();
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: null });
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
  expect(reconciler.problems.list()).toEqual([
    {
      object: 'NetworkPolicy shop/p',
      message: expect.stringContaining('the kernel refused "add rule rin_'),
    },
  ]);
  expect(lines.at(-1)?.message).toContain('which comes from NetworkPolicy shop/p: syntax');
  await clock.advance(200);
  await settled();
  expect(reconciler.problems.list()).toEqual([]);
});

test('a table that cannot be read is never overwritten', async () => {
  kernel.unreadable = true;
  reconciler.start();
  await settled();
  await clock.advance(5_000);
  expect(kernel.commits).toEqual([]);
  expect(reconciler.state().degraded).toEqual({
    code: 'NFT_UNREADABLE',
    message: 'cannot read the table from the kernel: Operation not permitted',
  });
  kernel.unreadable = false;
  await clock.advance(30_000);
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: null });
});

test('a compiler that fails keeps the last ruleset and is reported', async () => {
  reconciler.start();
  await settled();
  const table = kernel.table;
  compileError = new Error('broken');
  apply([policyChange('p', 'api', 'web')]);
  await settled();
  await clock.advance(5_000);
  expect(kernel.table).toBe(table);
  expect(reconciler.state().degraded?.code).toBe('COMPILE_FAILED');
  compileError = null;
  apply([podChange('x', '10.0.0.7')]);
  await clock.advance(1_000);
  await settled();
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: null });
});

test('looks at the kernel again a minute after the start, and repairs what came later', async () => {
  reconciler.start();
  await settled();
  const first = kernel.observations;
  kernel.table = null;
  await clock.advance(60_000);
  await settled();
  expect(kernel.observations).toBe(first + 1);
  expect(plan(compiler.result().ruleset, await kernel.observe()).batches).toEqual([]);
});

test('ends after the commit under way, and begins no other', async () => {
  reconciler.start();
  await settled();
  kernel.commits = [];
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
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: null });
  expect(reconciler.problems.list()).toEqual([
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
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: null });
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
  expect(reconciler.problems.list()).toHaveLength(1);
  kernel.bad = [];
  apply([podChange('third', '10.0.0.3')]);
  await settled();
  expect(reconciler.problems.list()).toHaveLength(1);
  apply([policyChange('bad', 'api', 'web')]);
  await settled();
  expect(reconciler.problems.list()).toEqual([]);
  expect(plan(compiler.result().ruleset, await kernel.observe()).batches).toEqual([]);

  kernel.bad = ['peer_'];
  apply([policyChange('other', 'api', 'api')]);
  await settled();
  await clock.advance(100);
  await settled();
  expect(reconciler.problems.list()).toHaveLength(1);
  kernel.bad = [];
  await clock.advance(301_000);
  await settled();
  expect(reconciler.problems.list()).toEqual([]);
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
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: null });
  expect(reconciler.problems.list().map(({ object }) => object)).toEqual(
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
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: null });
  const peers = [...(kernel.table?.sets.values() ?? [])].find(({ name }) => name.startsWith('peer_'));
  expect([...(peers?.elements ?? [])]).toEqual(['10.0.0.1']);
  expect(reconciler.problems.list()).toEqual([
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
  expect(reconciler.problems.list().map(({ object }) => object)).toEqual(['Pod shop/api']);
  const dispatch = kernel.table?.maps.get('in_4')?.elements;
  expect(dispatch?.get('10.0.0.2')).toBe('goto closed');
  expect(dispatch?.get('10.0.0.1')).toMatch(/^goto in_/);
});

test('what serves everybody cannot be left out: degraded, and the last ruleset stays', async () => {
  reconciler.start();
  await settled();
  const table = kernel.table;
  kernel.bad = ['"isolated_4"'];
  apply([policyChange('p', 'api', 'web')]);
  await settled();
  await clock.advance(5_000);
  expect(reconciler.state().degraded?.code).toBe('NFT_REFUSED');
  expect(kernel.table?.maps).toEqual(table?.maps);
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
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: null });
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
  expect(reconciler.state().degraded).toBeNull();
  await clock.advance(12_000);
  expect(reconciler.state().degraded).toEqual({
    code: 'NFT_SLOW',
    message: 'nft has been at work for 12 s; the last ruleset stays in force',
  });
  expect(lines.filter(({ facts }) => facts.code === 'NFT_SLOW')).toHaveLength(1);
  kernel.faults = ['uncertain-before'];
  kernel.release();
  await settled();
  expect(reconciler.state().degraded?.code).toBe('NFT_UNCERTAIN');
  await clock.advance(31_000);
  await settled();
  expect(reconciler.state()).toMatchObject({ inSync: true, degraded: null });
});
