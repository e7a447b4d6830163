import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, FAR_MS } from '../kit/waiting.ts';
import { identities, installFor, machineNetwork, type Programs, processesIn } from './launch-programs.ts';

/** `lab up` that is ready, and what it printed. */
async function up(
  programs: Programs,
  args: readonly string[],
): Promise<{ stop(): Promise<number | undefined>; text: string }> {
  const lab = programs.run(['lab', 'up', ...args]);
  let text = '';
  await new Promise<void>((resolve, reject) => {
    lab.stdout?.on('data', (data: Buffer) => {
      text += data.toString();
      if (text.includes('lab exec')) resolve();
    });
    lab.then((result) => reject(new Error(`it ended with ${result.exitCode}: ${result.all}`)), reject);
  });
  const stop = async (): Promise<number | undefined> => {
    lab.kill('SIGINT');
    return (await lab).exitCode;
  };
  return { stop, text };
}

describe.each(identities)('policyctl lab as $name', (identity) => {
  let programs: Programs;
  const root = (): string =>
    join(programs.directory, 'tmp', `policyd-lab-${identity.uid ?? process.getuid?.() ?? 0}`);

  beforeAll(async () => {
    programs = await installFor(identity);
  });
  afterAll(async () => await programs.remove());

  test('run gives the command its directory, input, output and environment, and keeps who the user is', async () => {
    const script = 'pwd; cat; echo "$GREETING"; id -u; echo to stderr >&2';
    const options = { input: 'from stdin\n', env: { GREETING: 'hello' } };
    const result = await programs.run(['lab', 'run', '-q', '--', 'sh', '-c', script], options);
    const uid = identity.uid ?? process.getuid?.() ?? 0;
    expect(result.stdout).toBe(`${programs.env.TMPDIR}\nfrom stdin\nhello\n${uid}`);
    expect(result.stderr).toBe('to stderr');
    expect(result.exitCode).toBe(0);
  });

  test('run sets KUBECONFIG, POLICYD_LAB and PATH so that kubectl and policyctl work', async () => {
    const script = 'test -S "$POLICYD_LAB" && kubectl get nodes -o name && command -v policyctl';
    const result = await programs.run(['lab', 'run', '--nodes', '2', '--', 'sh', '-c', script]);
    expect(result.stdout).toBe(`node/node-a\nnode/node-b\n${programs.policyctl}`);
    expect(result.stderr).toContain('lab: ');
  });

  test('the command may work on the network of the lab, not on that of the machine', async () => {
    const before = await machineNetwork();
    const script =
      'ip link add seen-only-here type veth peer name peer && ip -o link; ip netns; sysctl -wq net.ipv4.ip_forward=1';
    const result = await programs.run(['lab', 'run', '-q', '--', 'sh', '-c', script]);
    expect(result.all).toContain('seen-only-here');
    expect(result.all).toContain('node-a');
    expect(result.exitCode).toBe(0);
    expect(await machineNetwork()).toEqual(before);
  });

  test('run ends as the command ends', async () => {
    expect((await programs.run(['lab', 'run', '-q', '--', 'sh', '-c', 'exit 7'])).exitCode).toBe(7);
  });

  test('a signal for policyctl reaches the command, whose status counts', async () => {
    const script = 'trap "exit 9" TERM; echo up; while :; do sleep 0.1; done';
    const lab = programs.run(['lab', 'run', '-q', '--', 'sh', '-c', script]);
    await new Promise((resolve) => lab.stdout?.once('data', resolve));
    lab.kill('SIGTERM');
    expect((await lab).exitCode).toBe(9);
  });

  test('a terminal stays one, and Ctrl-C is for the command', async () => {
    const script =
      'trap "echo caught; exit 9" INT; test -t 0 && test -t 1 && tty && echo up; while :; do sleep 0.1; done';
    await writeFile(join(programs.directory, 'script'), script);
    // `exec`: script(1) runs the command through $SHELL, and dash would wait, be interrupted, and say 130.
    const command = `exec ${programs.policyctl} lab run -q -- sh ${join(programs.directory, 'script')}`;
    const as =
      identity.uid === null
        ? []
        : ['setpriv', `--reuid=${identity.uid}`, `--regid=${identity.uid}`, '--clear-groups'];
    const [file = 'script', ...args] = [...as, 'script', '-qec', command, '/dev/null'];
    const terminal = execa(file, args, { env: programs.env, cwd: '/', reject: false, timeout: FAR_MS });
    let seen = '';
    await new Promise<void>((resolve) => {
      terminal.stdout?.on('data', (data: Buffer) => {
        seen += data.toString();
        if (seen.includes('up')) resolve();
      });
    });
    terminal.stdin?.write('\x03');
    const result = await terminal;
    expect(result.stdout).toMatch(/\/dev\/pts\/\d+\s+up\s+\^C\s*caught/);
    expect(result.exitCode).toBe(9);
  });

  test('kill -9 of policyctl leaves no process and no namespace, and the next lab removes its directory', async () => {
    const script = 'readlink /proc/self/ns/pid /proc/self/ns/net; sleep 1000 & exec sleep 1000';
    const lab = programs.run(['lab', 'run', '-q', '--', 'sh', '-c', script]);
    const text = await new Promise<string>((resolve) => {
      lab.stdout?.once('data', (data: Buffer) => resolve(data.toString()));
    });
    const [pidNamespace = ''] = text.split('\n');
    // The control: PID 1, the supervisor, policyd, the residents and the two sleeps are there.
    expect((await processesIn(pidNamespace)).length).toBeGreaterThan(5);
    const network = await machineNetwork();
    const holder = JSON.parse(await readFile(join(root(), 'lab-1', 'lab.json'), 'utf8')) as { owner: number };
    process.kill(holder.owner, 'SIGKILL');
    await lab;
    await eventually('no process is left', async () => (await processesIn(pidNamespace)).length === 0);
    expect(await machineNetwork()).toEqual(network);
    expect((await execa('ls', [root()])).stdout).toBe('lab-1');
    expect((await programs.run(['lab', 'list'])).stdout).toBe('');
    expect((await programs.run(['lab', 'run', '-q', '--', 'sh', '-c', 'ls "$TMPDIR"/*'])).stdout).toBe(
      'lab-1',
    );
    expect((await execa('ls', [root()])).stdout).toBe('');
  });

  test('the death of the lab is not taken for the status of the command', async () => {
    const script =
      'for p in /proc/[0-9]*; do grep -qs lab-supervisor $p/cmdline && [ $p != /proc/1 ] && kill -9 $(basename $p); done; sleep 20';
    const result = await programs.run(['lab', 'run', '-q', '--', 'sh', '-c', script]);
    expect(result.exitCode).toBe(125);
    expect(result.stderr).toContain('error: the lab ended with status 137');
  });

  test('two labs side by side are told apart by name and joined from outside', async () => {
    const [one, two] = await Promise.all([
      up(programs, ['--name', 'one', '--nodes', '1']),
      up(programs, ['--name', 'two', '--nodes', '2']),
    ]);
    try {
      const list = await programs.run(['lab', 'list']);
      expect(list.stdout).toMatch(/^one +ready +1 .*\(up\)\ntwo +ready +2 /m);
      const nodes = ['exec', '--name', 'two', '--', 'kubectl', 'get', 'nodes', '-o', 'name'];
      expect((await programs.run(['lab', ...nodes])).stdout).toBe('node/node-a\nnode/node-b');
      const undecided = await programs.run(['lab', 'exec', '--', 'true']);
      expect([undecided.exitCode, undecided.stderr]).toEqual([
        125,
        'error: several labs are running: one, two\nhint: Say which one: --name NAME',
      ]);
      const within = [
        'exec',
        '--name',
        'one',
        '--',
        'policyctl',
        'lab',
        'exec',
        '--',
        'sh',
        '-c',
        'ip netns | wc -l; exit 3',
      ];
      const inner = await programs.run(['lab', ...within]);
      expect([inner.stdout, inner.exitCode]).toEqual(['2', 3]);
      expect((await programs.run(['lab', 'up', '--name', 'one'])).stderr).toContain(
        'there is a lab named one already',
      );
    } finally {
      expect(await Promise.all([one.stop(), two.stop()])).toEqual([0, 0]);
    }
    expect((await programs.run(['lab', 'exec', '--', 'true'])).stderr).toContain(
      'no lab of yours is running',
    );
  });

  test('shell and exec join the only lab and end as what they ran', async () => {
    const lab = await up(programs, []);
    try {
      const input = 'kubectl get nodes -o name; exit 4';
      const shell = await programs.run(['lab', 'shell'], { input, env: { SHELL: '/bin/sh' } });
      expect([shell.stdout, shell.exitCode]).toEqual(['node/node-a', 4]);
      const exec = async (...command: string[]) => await programs.run(['lab', 'exec', '--', ...command]);
      expect((await exec('sh', '-c', 'kill -9 $$')).exitCode).toBe(137);
      expect((await exec('sh', '-c', 'kill -TERM $$')).exitCode).toBe(143);
      expect((await exec('/etc/passwd')).exitCode).toBe(126);
      const missing = await exec('no-such-program');
      expect([missing.exitCode, missing.stderr]).toEqual([
        127,
        'policyctl lab: no-such-program: No such file or directory',
      ]);
      const cut = programs.run(['lab', 'exec', '--', 'sh', '-c', 'echo up; exec sleep 1000']);
      await new Promise((resolve) => cut.stdout?.once('data', resolve));
      await lab.stop();
      expect([(await cut).exitCode, (await cut).stderr]).toEqual([137, 'lab: lab-1 has ended']);
    } finally {
      await lab.stop();
    }
  });

  test('interrupted before it is ready, it says so and nothing is left', async () => {
    const lab = programs.run(['lab', 'up']);
    await new Promise((resolve) => lab.stderr?.once('data', resolve));
    lab.kill('SIGINT');
    const { exitCode, stdout, stderr } = await lab;
    expect([exitCode, stdout]).toEqual([130, '']);
    expect(stderr).toMatch(/lab: interrupted before it was ready$/);
    expect((await programs.run(['lab', 'list'])).stderr).toBe('no lab of yours is running');
  });

  test('--listen is a door to the API server and closes with the lab', async () => {
    const lab = await up(programs, ['--listen', '127.0.0.1:0']);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(lab.text)?.[0] ?? '';
    const kubeconfig = /KUBECONFIG=(\S+)/.exec(lab.text)?.[1] ?? '';
    const nodes = await fetch(`${url}/api/v1/nodes`);
    expect(await nodes.json()).toMatchObject({ items: [{ metadata: { name: 'node-a' } }] });
    const kubectl = await execa('kubectl', ['--kubeconfig', kubeconfig, 'get', 'nodes', '-o', 'name']);
    expect(kubectl.stdout).toBe('node/node-a');
    await lab.stop();
    await expect(fetch(`${url}/api/v1/nodes`)).rejects.toThrow();
  });

  test('broken manifests end it before it starts, with their place; kinds it lacks are told', async () => {
    const broken = join(programs.directory, 'broken.yaml');
    const kind = 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n';
    await writeFile(broken, `${kind}metadata: {name: deny}\nspec:\n  podSelecter: {}\n`);
    const refused = await programs.run(['lab', 'run', '-f', broken, '--', 'true']);
    expect(refused.exitCode).toBe(125);
    expect(refused.stderr).toContain(
      'broken.yaml:5:16: NetworkPolicy default/deny: unknown field "spec.podSelecter"',
    );
    const odd = join(programs.directory, 'odd.yaml');
    const ingress = 'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\n';
    await writeFile(odd, `${ingress}---\n${kind}metadata: {name: deny}\nspec: {podSelector: {}}\n`);
    const told = await programs.run([
      'lab',
      'run',
      '-f',
      odd,
      '--',
      'kubectl',
      'get',
      'netpol',
      '-o',
      'name',
    ]);
    expect(told.stderr).toContain(
      'odd.yaml:1: Ingress web: the lab has no Ingress of networking.k8s.io/v1, left out',
    );
    expect(told.stdout).toBe('networkpolicy.networking.k8s.io/deny');
  });

  test('usage errors of lab run give 125 too', async () => {
    for (const args of [
      ['--nodes', '0', 'true'],
      ['--listen', '0.0.0.0:1', 'true'],
      ['--name', '../x', 'true'],
      [],
    ]) {
      const result = await programs.run(['lab', 'run', ...args]);
      expect([result.exitCode, result.stderr.startsWith('error: ')]).toEqual([125, true]);
    }
  });

  test('a user who may not make namespaces is told how to change that', async () => {
    // One that this user can run, wherever the tests have theirs from; the lab does not come to use it.
    const tools = join(programs.directory, 'tools');
    await mkdir(tools);
    await writeFile(join(tools, 'nft'), '#!/bin/sh\necho "nftables v1.0.9 (test)"\n', { mode: 0o755 });
    // A user namespace whose own limit is zero, entered without its capabilities, is such a machine.
    const inner = `exec setpriv --ambient-caps=-all --inh-caps=-all --bounding-set=-all ${programs.policyctl} lab run -- true`;
    const script = `echo 0 >/proc/sys/user/max_user_namespaces && ${inner}`;
    const user = ['unshare', '--user', '--map-current-user', '--keep-caps', 'sh', '-c', script];
    const uid = identity.uid ?? (process.getuid?.() === 0 ? 12_346 : null);
    const as = uid === null ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    const [file = '', ...args] = [...as, ...user];
    const result = await execa(file, args, {
      cwd: '/',
      env: { ...programs.env, PATH: `${tools}:${programs.env.PATH}`, TMPDIR: '/tmp' },
      reject: false,
    });
    expect(result.stderr).toContain('user.max_user_namespaces is 0');
    expect(result.stderr).toContain(
      'sudo sysctl -w user.max_user_namespaces=15000\nor run the same command with sudo.',
    );
    expect(result.exitCode).toBe(125);
  });
});
