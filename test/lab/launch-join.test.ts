/** Both ways of joining a lab, with a lab that is nothing but its namespaces. */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listenToSupervisor } from '../../src/lab/launch/channel.ts';
import { initScript } from '../../src/lab/launch/init.ts';
import {
  findJoiner,
  type Joiner,
  joinCommand,
  joinEnvironment,
  joinScript,
} from '../../src/lab/launch/join.ts';
import { enterNewNamespaces, initProcess, type LabNamespaces } from '../../src/lab/launch/namespaces.ts';
import { mayMakeNamespaces } from '../../src/lab/launch/privileges.ts';
import { eventually } from '../kit/waiting.ts';
import { processesIn } from './launch-programs.ts';

const perl = await findJoiner();
const joiners: readonly Joiner[] = [perl, { kind: 'nsenter', keepCapabilities: false }];

describe('joining namespaces', () => {
  let directory: string;
  let lab: LabNamespaces;
  let init: number;
  let userNamespace: boolean;

  beforeAll(async () => {
    directory = await mkdtemp('/tmp/pl-');
    await mkdir(join(directory, 'run'));
    await writeFile(join(directory, 'init'), initScript);
    await writeFile(join(directory, 'join'), joinScript);
    userNamespace = !(await mayMakeNamespaces());
    const program = ['sh', '-c', 'echo \'{"event":"ready","env":{}}\' >&3; sleep 3600 & wait'];
    const [scratch, initFile] = [join(directory, 'run'), join(directory, 'init')];
    lab = enterNewNamespaces({ userNamespace, init: initFile, scratch, program, env: process.env, log: 2 });
    await listenToSupervisor(lab.channel, { step: () => {}, warn: () => {} }).ready;
    init = (await initProcess(lab.launcher.pid ?? 0)) ?? 0;
  });
  afterAll(async () => {
    lab.launcher.kill('SIGKILL');
    await lab.ended;
    await rm(directory, { recursive: true, force: true });
  });

  async function run(joiner: Joiner, argv: readonly string[], env: Record<string, string> = {}) {
    const request = { directory, init, userNamespace, argv, cwd: directory, forward: ['SIGTERM'] };
    const [file, ...args] = joinCommand(joiner, request);
    const path = process.env.PATH ?? '';
    const started = { env: joinEnvironment(joiner, { PATH: path, ...env }), extendEnv: false, cwd: '/' };
    return await execa(file, args, { ...started, reject: false });
  }

  test.each(joiners)(
    'with $kind a command is in the lab, in its directory, and its status comes back',
    async (joiner) => {
      const result = await run(joiner, [
        'sh',
        '-c',
        'pwd; ls /run/netns; readlink /proc/self/ns/net; id -u; exit 5',
      ]);
      const [where, network, user] = result.stdout.split('\n');
      expect([where, user, result.exitCode]).toEqual([directory, String(process.getuid?.()), 5]);
      expect(network).not.toBe((await execa('readlink', ['/proc/self/ns/net'])).stdout);
    },
  );

  test.each(joiners)(
    "with $kind a command gets exactly the caller's environment, that of perl included",
    async (joiner) => {
      const env = { PERL5OPT: '-MNoSuchModule', PERL5LIB: '/nowhere', LC_ALL: 'no_SUCH', A: 'b c' };
      const result = await run(joiner, ['env'], env);
      const seen = result.stdout.split('\n').filter((line) => /^(PERL|LC_ALL|A=|POLICYD)/.test(line));
      expect(seen.sort()).toEqual([
        'A=b c',
        'LC_ALL=no_SUCH',
        'PERL5LIB=/nowhere',
        'PERL5OPT=-MNoSuchModule',
      ]);
      expect(result.stderr).toBe('');
    },
  );

  test('with perl the command has every capability over the lab', async () => {
    const result = await run(perl, ['ip', 'link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'two']);
    expect(result.exitCode).toBe(0);
  });

  test('a directory that the lab does not have is said, and the command does not run elsewhere', async () => {
    const [file, ...args] = joinCommand(perl, {
      ...{ directory, init, userNamespace, argv: ['echo', 'ran'], cwd: '/no/such/place', forward: [] },
    });
    const result = await execa(file, args, { reject: false });
    expect([result.exitCode, result.stdout]).toEqual([125, '']);
    expect(result.stderr).toContain('/no/such/place');
  });

  test('a signal that comes with the first word of the command is passed on, however late the joiner is', async () => {
    const starts = 'defined $child or';
    const late = joinScript.replace(starts, `select(undef, undef, undef, 0.5) if $child; ${starts}`);
    expect(late).not.toBe(joinScript);
    const place = join(directory, 'late');
    await mkdir(place);
    await writeFile(join(place, 'join'), late);
    const argv = ['sh', '-c', 'trap "exit 9" TERM; echo up; while :; do sleep 0.1; done'];
    const request = { directory: place, init, userNamespace, cwd: directory, forward: ['SIGTERM'], argv };
    const [file, ...args] = joinCommand(perl, request);
    const started = execa(file, args, { reject: false });
    started.stdout.once('data', () => started.kill('SIGTERM'));
    // Its exit alone: a command without its joiner would keep the output open.
    expect(await once(started, 'exit')).toEqual([9, null]);
  });

  test('PID 1 reaps orphans', async () => {
    await run(perl, ['sh', '-c', 'for i in 1 2 3; do (sleep 0.05 &); done']);
    const none = async (): Promise<boolean> => {
      const { stdout } = await run(perl, [
        'sh',
        '-c',
        'cat /proc/[0-9]*/stat 2>/dev/null | grep -c " Z " || true',
      ]);
      return stdout === '0';
    };
    await eventually('no zombie is left', none);
  });

  test('a socket or directory in /run stays visible, the names of network namespaces do not', async () => {
    const outside = (await execa('ls', ['/run'])).stdout.split('\n').filter((name) => name !== 'netns');
    const inside = (await run(perl, ['ls', '/run'])).stdout.split('\n');
    expect(inside.filter((name) => name !== 'netns')).toEqual(outside);
    expect(inside).toContain('netns');
  });

  test('TERM to PID 1 ends the lab with every process in it', async () => {
    const namespace = (await run(perl, ['readlink', '/proc/self/ns/pid'])).stdout;
    expect((await processesIn(namespace)).length).toBeGreaterThan(1);
    process.kill(init, 'SIGTERM');
    await lab.ended;
    await eventually('no process is left', async () => (await processesIn(namespace)).length === 0);
  });
});
