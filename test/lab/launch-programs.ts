/** The built policyctl, run as different users, each with labs and a home of its own. */
import { cp, mkdir, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa, type ResultPromise } from 'execa';
import { DIST } from '../kit/built.ts';

export interface Identity {
  readonly name: string;
  /** Null: as whoever runs the tests. */
  readonly uid: number | null;
}

/** Root can show both sides; an ordinary user only its own. */
export const identities: readonly Identity[] =
  process.getuid?.() === 0
    ? [
        { name: 'root', uid: null },
        { name: 'an ordinary user', uid: 12_345 },
      ]
    : [{ name: 'an ordinary user', uid: null }];

/** Ends what a killed test has left. */
const LIFETIME_MS = 3_600_000;

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Settings {
  readonly cwd: string;
  readonly timeout: number;
  readonly input: string;
  readonly env: Readonly<Record<string, string>>;
  readonly reject: false;
  readonly all: true;
}

export type Running = ResultPromise<Settings>;

export interface Programs {
  readonly directory: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  readonly policyctl: string;
  /** Never rejects for an exit status. */
  run(args: readonly string[], options?: RunOptions): Running;
  remove(): Promise<void>;
}

/** A copy that the user can read wherever the checkout is, and a TMPDIR in which only its own labs are. */
export async function installFor({ uid }: Identity): Promise<Programs> {
  const directory = await mkdtemp('/tmp/pl-');
  await cp(DIST, join(directory, 'dist'), { recursive: true, verbatimSymlinks: true });
  const [home, temporary] = [join(directory, 'home'), join(directory, 'tmp')];
  await mkdir(home);
  await mkdir(temporary);
  await execa('chmod', ['-R', 'a+rX', directory]);
  if (uid !== null) await execa('chown', [`${uid}:${uid}`, home, temporary]);
  const as = uid === null ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  const policyctl = join(directory, 'dist/bin/policyctl');
  const env = { HOME: home, TMPDIR: temporary, PATH: await pathFor(as) };
  return {
    directory,
    home,
    env,
    policyctl,
    run: (args, { input = '', env: more = {} } = {}) => {
      const [file = '', ...rest] = [...as, policyctl, ...args];
      const settings = { cwd: temporary, timeout: LIFETIME_MS, input, env: { ...env, ...more } };
      return execa(file, rest, { ...settings, reject: false, all: true } satisfies Settings as Settings);
    },
    remove: async () => await rm(directory, { recursive: true, force: true }),
  };
}

/** A directory of PATH that one may not enter makes a missing program look like a forbidden one. */
async function pathFor(as: readonly string[]): Promise<string> {
  const script = 'IFS=:; for d in $PATH; do [ -x "$d" ] && printf "%s:" "$d"; done; true';
  const [file = 'sh', ...args] = [...as, 'sh', '-c', script];
  return (await execa(file, args)).stdout.replace(/:$/, '');
}

/** Every process, zombies left out, that lives in the PID namespace. */
export async function processesIn(pidNamespace: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const namespace = await readlink(`/proc/${pid}/ns/pid`).catch(() => null);
      const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      const state = status.slice(status.lastIndexOf(')') + 2, status.lastIndexOf(')') + 3);
      return namespace === pidNamespace && state !== 'Z' ? [pid] : [];
    }),
  );
  return found.flat();
}

/** What of the machine's network a lab could have touched, as this process sees it. */
export async function machineNetwork(): Promise<unknown> {
  return {
    links: (await readFile('/proc/self/net/dev', 'utf8'))
      .split('\n')
      .slice(2)
      .map((line) => line.split(':')[0]?.trim()),
    routes: await readFile('/proc/self/net/route', 'utf8'),
    names: await readdir('/run/netns').catch(() => 'none'),
    forwarding: await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8'),
  };
}
