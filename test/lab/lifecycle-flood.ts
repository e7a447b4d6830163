/** Datagrams from one pod at addresses of node-a, counted on their way to given pods before and after policyd. */
import { planLab, podAddresses, podLinkName } from '../../src/lab/network/plan.ts';
import { FAR_MS } from '../kit/waiting.ts';
import { type Counted, countedDuring } from './hook-counters.ts';
import { type LifecycleLab, PORT } from './lifecycle-lab.ts';

const SENDER = new URL('flood.mjs', import.meta.url).pathname;
/** The addresses that the next pods of node-a will get: in the lab, the lowest that are free. */
export async function nextAddresses(lab: LifecycleLab, count: number): Promise<readonly string[]> {
  const plan = planLab({ nodes: 2, ipFamily: 'dual' });
  const [node] = plan.nodes;
  if (node === undefined) throw new Error('a lab has a node');
  const { pods } = await lab.inside.client.state();
  const taken = new Set(pods.flatMap(({ addresses }) => addresses));
  return Array.from({ length: 30 }, (_, index) => podAddresses(plan, node, index + 2))
    .filter((addresses) => !addresses.some((address) => taken.has(address)))
    .slice(0, count)
    .flat();
}

/** From before `act` until after it. `pods` are on node-a; some or all need not be there yet. */
export async function floodDuring(
  lab: LifecycleLab,
  from: string,
  addresses: readonly string[],
  pods: readonly string[],
  act: () => Promise<void>,
): Promise<Counted> {
  const { sh, directory } = lab.inside;
  const devices = pods.map((path) => {
    const [ns = '', name = ''] = path.split('/');
    return podLinkName(ns, name);
  });
  const match = `oifname { ${devices.join(', ')} } udp dport ${PORT}`;
  const sender = `ip netns exec ${from.replace('/', '_')} ${process.execPath} ${SENDER} ${PORT} ${addresses.join(' ')}`;
  const said = `${directory}/flood`;
  const started = [
    `rm -f ${said}; ${sender} >${said} 2>&1 & echo $! >${directory}/flood.pid`,
    `for i in $(seq ${FAR_MS / 50}); do grep -qs flooding ${said} && exit 0; sleep 0.05; done; exit 1`,
  ];
  const [flood] = await countedDuring(lab.inside, ['node-a'], [match], async () => {
    await sh(started.join('\n'));
    try {
      await act();
    } finally {
      await sh(`kill $(cat ${directory}/flood.pid)`);
    }
  });
  if (flood === undefined) throw new Error('nothing was counted');
  return flood;
}
