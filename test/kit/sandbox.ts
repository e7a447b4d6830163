/**
 * A network namespace of its own for one test: nothing here can touch the machine's own ruleset or links.
 * Root makes it directly, an ordinary user inside a user namespace of his own.
 */
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { createNft, type Nft } from '../../src/host/nft.ts';
import { FAR_MS, farEnd } from './waiting.ts';

export interface SandboxResult {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Sandbox {
  /** A program that runs nft inside; for `createNft({ binary })`. */
  readonly nft: string;
  /** True in a user namespace: batches are limited (datapath 5.9). */
  readonly unprivileged: boolean;
  /** Arguments of `nsenter` before a command, for programs that run longer than `run` allows. */
  readonly enter: readonly string[];
  /** A private directory, gone after `close`. */
  readonly directory: string;
  /** Inside the namespace; a failing status is a result. */
  run(command: string, args: readonly string[], input?: string): Promise<SandboxResult>;
  close(): Promise<void>;
}

/** Holds the namespace open until its standard input ends: also when the test is killed. */
const HOLD = 'echo ready; exec cat';

/** With mounts of its own: /sys shows the links inside, and `ip netns` may be used. */
const HOLD_MOUNTS = `set -e; mount -t tmpfs tmpfs /run; mkdir /run/netns; mount -t sysfs sysfs /sys; ${HOLD}`;

/**
 * `userNamespace`: one of its own also for root, where nft's batches are limited as for an ordinary user.
 * `mounts`: a mount namespace of its own as well.
 */
export async function createSandbox(
  options: { readonly userNamespace?: boolean; readonly mounts?: boolean } = {},
): Promise<Sandbox> {
  const unprivileged = options.userNamespace === true || process.getuid?.() !== 0;
  const directory = await mkdtemp(join(tmpdir(), 'policyd-sandbox-'));
  const mounts = options.mounts === true;
  const flags = `${unprivileged ? '-Urn' : '-n'}${mounts ? 'm' : ''}`;
  const holder = execa('unshare', [flags, 'sh', '-c', mounts ? HOLD_MOUNTS : HOLD], {
    stdin: 'pipe',
    buffer: false,
    reject: false,
  });
  const ended = holder.then(({ exitCode, signal }) => {
    throw new Error(`no network namespace: unshare ended with ${exitCode ?? signal}`);
  });
  await Promise.race([once(holder.stdout, 'data', { signal: farEnd() }), ended]);
  ended.catch(() => undefined);
  const enter = [
    ...['-t', String(holder.pid), ...(unprivileged ? ['-U', '--preserve-credentials'] : []), '-n'],
    ...(mounts ? ['-m'] : []),
  ];
  const nft = join(directory, 'nft');
  await writeFile(nft, `#!/bin/sh\nexec nsenter ${enter.join(' ')} nft "$@"\n`);
  await chmod(nft, 0o700);
  return {
    nft,
    unprivileged,
    enter,
    directory,
    async run(command, args, input) {
      const { exitCode, stdout, stderr } = await execa('nsenter', [...enter, command, ...args], {
        reject: false,
        timeout: FAR_MS,
        env: { LC_ALL: 'C' },
        ...(input === undefined ? { stdin: 'ignore' } : { input }),
      });
      return { exitCode, stdout, stderr };
    },
    async close() {
      holder.stdin?.end();
      await holder;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** nft inside, as policyd runs it. */
export function nftIn({ nft, directory }: Sandbox): Nft {
  return createNft({ binary: nft, timeoutMs: FAR_MS, directory });
}

/** All tables but the one of revisions, which is of no meaning to packets and whose elements go after a second. */
export async function rulesetOf(sandbox: Sandbox): Promise<string> {
  const { stdout } = await sandbox.run('nft', ['-s', 'list', 'ruleset']);
  return `${stdout}\n`.replace(REVISIONS, '').trimEnd();
}

const REVISIONS = /^table inet policyd_revision \{\n(?:\t.*\n|\n)*\}\n/m;
