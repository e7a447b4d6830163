/** The lab's channel, against a lab with bridges: policyd has tables of two families there. */
import type { Channel } from '../../src/channel/channel.ts';
import { type ChannelPlace, channelContract } from '../kit/channel-contract.ts';
import { addressesOf, type InsideLab, namespace, pod, startReady } from './inside-lab.ts';

const POLICIES = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies';
const NODES = ['node-a', 'node-b'];

function policy(name: string, app: string): unknown {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: 'shop' },
    spec: { podSelector: { matchLabels: { app } } },
  };
}

async function startPlace(): Promise<ChannelPlace> {
  const objects = [
    namespace('shop'),
    pod('client', { nodeName: 'node-a' }),
    pod('server', { nodeName: 'node-b' }),
    pod('closed', { nodeName: 'node-b' }),
    policy('deny', 'closed'),
    // Frames are guarded on nodes with an isolated pod.
    pod('other', { nodeName: 'node-a' }),
    policy('deny-other', 'other'),
  ];
  const lab = await startReady(objects, { nodes: NODES.length, topology: 'bridge' });
  const addressOf = async (name: string): Promise<string> =>
    (await addressesOf(lab, `shop/${name}`))[0] ?? '';
  let changes = 0;
  const channel: Channel = lab.client;
  return {
    channel,
    nodes: NODES,
    families: ['inet', 'bridge'],
    client: 'shop/client',
    open: { address: await addressOf('server'), port: 8080 },
    closed: { address: await addressOf('server'), port: 8081 },
    denied: { address: await addressOf('closed'), port: 8080 },
    change: async () => {
      changes += 1;
      await lab.api('POST', POLICIES, policy(`change-${changes}`, 'nobody'));
    },
    hinder: async () => {
      const pid = await pidOf(lab);
      await lab.sh(`kill -STOP ${pid}`);
      return { undo: async () => void (await lab.sh(`kill -CONT ${pid}`)) };
    },
    stop: () => lab.stop(),
  };
}

async function pidOf(lab: InsideLab): Promise<number> {
  const { nodes } = await lab.client.state();
  const pid = nodes[0]?.policyd?.pid;
  if (typeof pid !== 'number') throw new Error('the first node has no policyd');
  return pid;
}

channelContract("the lab's client", startPlace);
