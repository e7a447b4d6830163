/**
 * A node with pods on one Linux bridge, and a host behind a router: namespaces inside a sandbox. Pods listen
 * to whole frames, so that what reaches a pod's port counts, taken up by its stack or not.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { FAR_MS, farEnd } from '../kit/waiting.ts';
import { arpRequest, BROADCAST, ETHERTYPE, ethernet } from './frames.ts';

export interface BridgePod {
  readonly name: string;
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly linkLocal: string;
}

export function bridgePod(name: string, last: number): BridgePod {
  return {
    name,
    mac: `02:00:00:00:00:${last}`,
    ipv4: `10.244.1.${last}`,
    ipv6: `fd00:10:244:1::${last}`,
    // Made by the kernel from the MAC address.
    linkLocal: `fe80::ff:fe00:${last}`,
  };
}

export const OUTSIDE = { ipv4: '203.0.113.10', ipv6: '2001:db8:113::10' } as const;

const SCRIPT = new URL('bridge-frames.pl', import.meta.url).pathname;

/** A node, its router, and a host outside: what the pods hang on comes later. */
export const NODE_AND_OUTSIDE = `
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
ip link set lo up
echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables
echo 0 > /proc/sys/net/bridge/bridge-nf-call-ip6tables
for name in router outside; do ip netns add $name; ip -n $name link set lo up; done
ip netns exec router sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
ip link add up0 type veth peer name down0 netns router
ip -n router link add far0 type veth peer name eth0 netns outside
ip addr add 172.18.0.2/16 dev up0; ip addr add fd00:172:18::2/64 dev up0 nodad; ip link set up0 up
ip -n router addr add 172.18.0.1/16 dev down0; ip -n router addr add fd00:172:18::1/64 dev down0 nodad; ip -n router link set down0 up
ip -n router addr add 203.0.113.1/24 dev far0; ip -n router addr add 2001:db8:113::1/64 dev far0 nodad
ip -n router link set far0 mtu 1300 up
ip -n outside addr add 203.0.113.10/24 dev eth0; ip -n outside addr add 2001:db8:113::10/64 dev eth0 nodad; ip -n outside link set eth0 up
ip -n outside route add default via 203.0.113.1; ip -n outside -6 route add default via 2001:db8:113::1
ip -n router route add 10.244.1.0/24 via 172.18.0.2; ip -n router -6 route add fd00:10:244:1::/64 via fd00:172:18::2
ip route add default via 172.18.0.1; ip -6 route add default via fd00:172:18::1
`;

/** As the bridge plugin does it, with the first pod. */
const BRIDGE = `
ip link add cni0 type bridge forward_delay 0
ip addr add 10.244.1.1/24 dev cni0; ip addr add fd00:10:244:1::1/64 dev cni0 nodad
ip link set cni0 up
`;

function podScript({ name, mac, ipv4, ipv6 }: BridgePod): string {
  return `
ip netns add ${name}
ip link add v${name} type veth peer name eth0 address ${mac} netns ${name}
ip link set v${name} master cni0 up
ip -n ${name} link set lo up; ip -n ${name} link set eth0 up
ip -n ${name} addr add ${ipv4}/24 dev eth0; ip -n ${name} addr add ${ipv6}/64 dev eth0 nodad
ip -n ${name} route add default via 10.244.1.1; ip -n ${name} -6 route add default via fd00:10:244:1::1
`;
}

export class BridgeNet {
  readonly sandbox: Sandbox;
  readonly #ends: (() => Promise<unknown>)[] = [];

  private constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
  }

  static async create(): Promise<BridgeNet> {
    const net = new BridgeNet(await createSandbox({ mounts: true }));
    await net.sh(NODE_AND_OUTSIDE);
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

  async addBridge(pods: readonly BridgePod[]): Promise<void> {
    await this.sh([BRIDGE, ...pods.map(podScript)].join('\n'));
  }

  /** Everything that comes to the pod's port from now on. */
  async listen({ name }: Pick<BridgePod, 'name'>): Promise<Heard> {
    const listener = this.#perl(name, 'listen');
    const heard = new Heard();
    createInterface({ input: listener.stdout }).on('line', (line) => heard.add(line));
    await heard.until((lines) => lines.includes('listening'));
    return heard;
  }

  /** A TCP service on port 8080 of a pod, or of `outside`. */
  async serve(name: string): Promise<void> {
    await once(this.#perl(name, 'serve').stdout, 'data', { signal: farEnd() });
  }

  /**
   * A connection to port 8080. What is expected to be denied is waited for a second, everything else for as long
   * as it takes.
   */
  async fetch(
    from: string,
    address: string,
    expected: 'connected' | 'blocked' = 'connected',
  ): Promise<Conversation> {
    const client = this.#perl(from, 'fetch', address, String(patience(expected === 'blocked')));
    const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<string> => (await lines.next()).value ?? 'ended';
    return {
      opened: await next(),
      ask: async (bytes, answer = 'answered') => {
        client.stdin.write(`${bytes} ${patience(answer === 'silent')}\n`);
        return await next();
      },
    };
  }

  /**
   * Sends the frames from one pod, then one that nothing filters; when that has come all before it have. The
   * names of those that reached the listening pod.
   */
  async reaching(
    from: BridgePod,
    to: Heard,
    frames: ReadonlyMap<string, Buffer>,
  ): Promise<readonly string[]> {
    this.#marks += 1;
    const mark = `192.0.2.${this.#marks % 250}`;
    const end = ethernet(BROADCAST, from.mac, ETHERTYPE.arp, arpRequest(from.mac, mark, mark)).toString(
      'hex',
    );
    const start = to.lines.length;
    await this.#send(from.name, [...[...frames.values()].map((frame) => frame.toString('hex')), end]);
    await to.until((heard) => heard.slice(start).includes(end));
    const arrived = to.lines.slice(start);
    // Receivers see a frame without its outer tag: its content is what counts.
    return [...frames].flatMap(([name, frame]) => {
      const content = frame.subarray(frame.length - 24).toString('hex');
      return arrived.some((line) => line.includes(content)) ? [name] : [];
    });
  }

  #marks = 0;

  async #send(from: string, lines: readonly string[]): Promise<void> {
    // All from one processor: each has a queue of its own for what comes through a veth pair.
    const args = ['-c', await oneProcessor(), 'ip', 'netns', 'exec', from, 'perl', SCRIPT, 'send'];
    const { exitCode, stderr } = await this.sandbox.run('taskset', args, `${lines.join('\n')}\n`);
    if (exitCode !== 0) throw new Error(`cannot send from ${from}: ${stderr}`);
  }

  #perl(name: string, ...args: readonly string[]): ReturnType<typeof perl> {
    const child = perl(this.sandbox, name, args);
    this.#ends.push(async () => {
      child.kill('SIGKILL');
      await child;
    });
    return child;
  }
}

function perl(sandbox: Sandbox, name: string, args: readonly string[]) {
  const command = [...sandbox.enter, 'ip', 'netns', 'exec', name, 'perl', SCRIPT, ...args];
  return execa('nsenter', command, { stdin: 'pipe', stderr: 'inherit', buffer: false, reject: false });
}

/** Seconds. */
function patience(forNothing: boolean): number {
  return forNothing ? 1 : FAR_MS / 1000;
}

/** The first that this process may run on, as taskset calls it. */
async function oneProcessor(): Promise<string> {
  const status = await readFile('/proc/self/status', 'utf8');
  return /^Cpus_allowed_list:\s+(\d+)/m.exec(status)?.[1] ?? '0';
}

export interface Conversation {
  /** `connected` or `blocked` */
  readonly opened: string;
  /** How it went with so many bytes to come back: `answered` or `silent`. */
  ask(bytes: number, expected?: 'answered' | 'silent'): Promise<string>;
}

export class Heard {
  readonly lines: string[] = [];
  #wake: () => void = () => undefined;

  add(line: string): void {
    this.lines.push(line);
    this.#wake();
  }

  async until(condition: (lines: readonly string[]) => boolean): Promise<void> {
    const signal = farEnd();
    while (!condition(this.lines)) {
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => reject(new Error(`not heard: ${this.lines.length} lines`)));
      });
    }
  }
}
