/**
 * A node with pods on veths of their own, each with a host route, and a host behind a router: namespaces inside a
 * sandbox. Programs in pods have no privilege, unless they are said to.
 */
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { Heard, NODE_AND_OUTSIDE } from './bridge-net.ts';

export interface RoutedPod {
  readonly name: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

export function routedPod(name: string, last: number): RoutedPod {
  return { name, ipv4: `10.244.1.${last}`, ipv6: `fd00:10:244:1::${last}` };
}

const SCRIPT = new URL('forged.pl', import.meta.url).pathname;

/** As the ptp plugin does it; a program in the pod may send what it likes, and the node forwards it. */
function podScript({ name, ipv4, ipv6 }: RoutedPod): string {
  return `
ip netns add ${name}
ip link add v${name} type veth peer name eth0 netns ${name}
ip -n ${name} link set lo up; ip -n ${name} link set eth0 up
ip addr add 169.254.1.1/32 dev v${name}; ip -6 addr add fe80::1/64 dev v${name} nodad; ip link set v${name} up
echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter; echo 0 > /proc/sys/net/ipv4/conf/v${name}/rp_filter
ip -n ${name} addr add ${ipv4}/32 dev eth0; ip -n ${name} -6 addr add ${ipv6}/128 dev eth0 nodad
ip route add ${ipv4}/32 dev v${name}; ip -6 route add ${ipv6}/128 dev v${name}
ip -n ${name} route add 169.254.1.1 dev eth0 scope link; ip -n ${name} route add default via 169.254.1.1 dev eth0
ip -n ${name} -6 route add default via fe80::1 dev eth0
`;
}

/** A process without any capability, as most containers' are not even. */
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--bounding-set=-all', '--'];

export class RoutedNet {
  readonly sandbox: Sandbox;
  readonly #ends: (() => Promise<unknown>)[] = [];
  #marks = 0;

  private constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
  }

  static async create(pods: readonly RoutedPod[]): Promise<RoutedNet> {
    const net = new RoutedNet(await createSandbox({ mounts: true }));
    await net.sh([NODE_AND_OUTSIDE, ...pods.map(podScript)].join('\n'));
    return net;
  }

  async close(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
    await this.sandbox.close();
  }

  async sh(script: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.sandbox.run('sh', ['-es'], script);
    if (exitCode !== 0) throw new Error(`${script}: ${stderr}`);
    return stdout;
  }

  /** What comes to a UDP port there (a pod, `outside`, or null for the node) as `SOURCE TEXT`. */
  async hear(where: string | null, address: string, port: number): Promise<Heard> {
    const inside = where === null ? [] : ['ip', 'netns', 'exec', where];
    const command = [...this.sandbox.enter, ...inside, 'perl', SCRIPT, 'hear', address, String(port)];
    const child = execa('nsenter', command, { stderr: 'inherit', buffer: false, reject: false });
    this.#ends.push(async () => {
      child.kill('SIGKILL');
      await child;
    });
    const heard = new Heard();
    createInterface({ input: child.stdout }).on('line', (line) => heard.add(line));
    await heard.until((lines) => lines.includes('listening'));
    return heard;
  }

  /** A program in a pod, or in `outside`. An ordinary user cannot be somebody else in his own namespace. */
  async forge(where: string, privileged: boolean, args: readonly (string | number)[]): Promise<void> {
    const who = privileged || this.sandbox.unprivileged ? [] : NOBODY;
    const command = ['netns', 'exec', where, ...who, 'perl', SCRIPT, ...args.map(String)];
    const { exitCode, stderr } = await this.sandbox.run('ip', command);
    if (exitCode !== 0) throw new Error(`${args.join(' ')} in ${where}: ${stderr}`);
  }

  /** A mark for a text, never the same. */
  mark(word: string): string {
    this.#marks += 1;
    return `${word}-${this.#marks}`;
  }
}
