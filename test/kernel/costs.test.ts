/** One object never stops the others: policies that ask for a lot are in force, and so is what comes after them. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { everyLength, everythingExcept, manyPeers, portsTimesPeers } from '../kit/hostile.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { type ClusterObject, namespace, node, pod, TestCluster } from './agent-cluster.ts';
import { AgentProcess } from './agent-process.ts';

let sandbox: Sandbox;
let cluster: TestCluster;
let agent: AgentProcess;

const PEERS = 40;

beforeEach(async () => {
  sandbox = await createSandbox();
  cluster = new TestCluster();
  await cluster.open(sandbox);
  cluster.put('nodes', node('node-a', ['10.244.1.0/24', 'fd00:10:244:1::/64']));
  for (const name of ['shop', 'other']) cluster.put('namespaces', namespace(name));
  cluster.put('pods', dual(pod('web', '10.244.1.10'), 'fd00:10:244:1::a'));
  const bystander = pod('bystander', '10.244.1.11');
  cluster.put('pods', { ...bystander, metadata: { ...bystander.metadata, namespace: 'other' } });
  for (let index = 0; index < PEERS; index += 1) cluster.put('pods', peer(index));
  agent = await AgentProcess.start(sandbox);
  await settled();
});

afterEach(async () => {
  await agent.end('SIGTERM');
  await cluster.close();
  await sandbox.close();
});

function dual(object: ClusterObject, address: string): ClusterObject {
  const status = object.status as { readonly podIPs: readonly object[] };
  return { ...object, status: { ...status, podIPs: [...status.podIPs, { ip: address }] } };
}

/** With three of the named ports. */
function peer(index: number): ClusterObject {
  const plain = pod(`peer-${index}`, `10.244.2.${index + 10}`, { node: 'node-b' });
  const ports = [0, 2, 4].map((each) => ({
    name: `p${index + each}`,
    containerPort: 1000 + index + each,
    protocol: index % 2 === 0 ? 'TCP' : 'UDP',
  }));
  return { ...plain, spec: { nodeName: 'node-b', containers: [{ name: 'c', ports }] } };
}

async function settled(): Promise<void> {
  await agent.inSync(cluster.version);
  const { degraded, problems } = await agent.status();
  expect([...degraded, ...problems]).toEqual([]);
}

function policy(ns: string, name: string, spec: unknown): ClusterObject {
  return { metadata: { namespace: ns, name }, spec };
}

async function table(): Promise<string> {
  return (await sandbox.run('nft', ['list', 'table', 'inet', 'policyd'])).stdout;
}

test.each([
  // Each peer has three of the names.
  ['300 named ports x 300 peers', portsTimesPeers(300, 300), PEERS * 3, 4],
  ['10,000 peers', manyPeers(10_000), PEERS, 2],
  ['::/0 except 8,000 addresses', everythingExcept(8_000), 8_002, 2],
  ['blocks of every length, with exceptions', everyLength(), 119 + 2 * 119, 120],
] as const)('%s', async (_, spec, elements, sets) => {
  const before = await table();
  cluster.put('networkpolicies', policy('shop', 'hostile', spec));
  await settled();
  const [count] = await counted();
  expect(count).toEqual({ elements, sets });
  cluster.put('networkpolicies', policy('other', 'deny', { podSelector: {}, policyTypes: ['Ingress'] }));
  await settled();
  expect(await table()).toMatch(/goto rin_\w+ comment "\w+\.1 other\/bystander"/);
  cluster.remove('networkpolicies', 'other', 'deny');
  cluster.remove('networkpolicies', 'shop', 'hostile');
  await settled();
  expect(withoutCounters(await table())).toBe(withoutCounters(before));
});

/** Of the sets that policies look up. */
async function counted(): Promise<readonly { readonly elements: number; readonly sets: number }[]> {
  const { stdout } = await sandbox.run('nft', ['-j', 'list', 'table', 'inet', 'policyd']);
  const { nftables } = JSON.parse(stdout) as {
    readonly nftables: readonly {
      readonly set?: { readonly name: string; readonly elem?: readonly unknown[] };
    }[];
  };
  const sets = nftables.flatMap(({ set }) =>
    set !== undefined && /^(peer|port|net)\d*_/.test(set.name) ? [set] : [],
  );
  return [{ sets: sets.length, elements: sets.reduce((sum, { elem = [] }) => sum + elem.length, 0) }];
}

function withoutCounters(text: string): string {
  return text.replaceAll(/packets \d+ bytes \d+/g, '');
}
