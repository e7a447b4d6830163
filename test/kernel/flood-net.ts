/**
 * Three routed pods of one node, of which two send to the third without a pause: what arrives is counted by sender,
 * and what of it is missing by the numbers that the datagrams carry.
 */
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { execa } from 'execa';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { namespace, node, pod, TestCluster } from './agent-cluster.ts';

const PODS = { web: '10.244.1.10', api: '10.244.1.11', friend: '10.244.1.12' } as const;

export type Sender = 'web' | 'friend';

const NODE = `
echo 1 > /proc/sys/net/ipv4/ip_forward
for pod in ${Object.entries(PODS)
  .map((entry) => entry.join(':'))
  .join(' ')}; do
  name=\${pod%:*}; address=\${pod#*:}
  ip netns add $name
  ip link add v$name type veth peer name eth0 netns $name
  ip link set v$name up
  ip addr add 169.254.1.1/32 dev v$name
  ip -n $name link set lo up; ip -n $name link set eth0 up
  ip -n $name addr add $address/32 dev eth0
  ip -n $name route add 169.254.1.1 dev eth0; ip -n $name route add default via 169.254.1.1
  ip route add $address dev v$name
done
`;

/** One flow, of which every packet is judged; argument: how many each millisecond, or one in so many below zero. */
const SENDER = `
const pace = Number(process.argv[1]);
const socket = require('node:dgram').createSocket('udp4');
let number = 0;
const send = () => { for (let i = 0; i < Math.max(1, pace); i += 1) socket.send(String(number++), 80, '${PODS.api}', () => {}); };
socket.bind(7000, () => { setInterval(send, Math.max(1, -pace)); process.stdout.write('ready\\n'); });
`;
const RECEIVER = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (text, { address }) => process.stdout.write(address + ' ' + text + '\\n'));
socket.bind(80, () => process.stdout.write('ready\\n'));
`;

interface Account {
  arrived: number;
  /** Of those that were sent before the last one that arrived. */
  sent: number;
}

export class FloodNet {
  readonly sandbox: Sandbox;
  readonly cluster: TestCluster;
  readonly #accounts: Readonly<Record<Sender, Account>> = {
    web: { arrived: 0, sent: 0 },
    friend: { arrived: 0, sent: 0 },
  };
  readonly #ends: (() => Promise<unknown>)[] = [];

  private constructor(sandbox: Sandbox, cluster: TestCluster) {
    this.sandbox = sandbox;
    this.cluster = cluster;
  }

  static async create(): Promise<FloodNet> {
    const sandbox = await createSandbox({ mounts: true });
    const { exitCode, stderr } = await sandbox.run('sh', ['-ec', NODE]);
    if (exitCode !== 0) throw new Error(stderr);
    const cluster = new TestCluster();
    await cluster.open(sandbox);
    cluster.put('nodes', node('node-a', ['10.244.1.0/24']));
    cluster.put('namespaces', namespace('shop'));
    for (const [name, address] of Object.entries(PODS)) cluster.put('pods', pod(name, address));
    const net = new FloodNet(sandbox, cluster);
    const lines = await net.inside('ip', 'netns', 'exec', 'api', process.execPath, '-e', RECEIVER);
    await once(lines, 'line');
    lines.on('line', (line) => net.#count(line));
    return net;
  }

  /** Until the end; `pace` as the sender has it. */
  async flood(sender: Sender, pace: number): Promise<void> {
    const command = ['ip', 'netns', 'exec', sender, process.execPath, '-e', SENDER, '--', String(pace)];
    await once(await this.inside(...command), 'line');
  }

  arrived(sender: Sender): number {
    return this.#accounts[sender].arrived;
  }

  lost(sender: Sender): number {
    const { sent, arrived } = this.#accounts[sender];
    return sent - arrived;
  }

  /** Runs in the node until the end; the lines that it prints. */
  async inside(...command: readonly string[]): Promise<Interface> {
    const child = execa('nsenter', [...this.sandbox.enter, ...command], {
      buffer: false,
      reject: false,
      stdin: 'ignore',
    });
    this.#ends.push(async () => {
      child.kill('SIGKILL');
      await child;
    });
    return createInterface({ input: child.stdout });
  }

  async close(): Promise<void> {
    for (const end of this.#ends) await end();
    await this.cluster.close();
    await this.sandbox.close();
  }

  #count(line: string): void {
    const [address, number] = line.split(' ');
    const account = this.#accounts[address === PODS.web ? 'web' : 'friend'];
    account.arrived += 1;
    account.sent = Math.max(account.sent, Number(number) + 1);
  }
}

export const wait = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
