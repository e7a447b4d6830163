/** Policies that explode: committed as root in one transaction, and in a user namespace in steps that fit. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSandbox, rulesetOf, type Sandbox } from '../kit/sandbox.ts';
import { type ClusterObject, namespace, node, pod, policy, TestCluster } from './agent-cluster.ts';
import { AgentProcess } from './agent-process.ts';

const CROWD = 10_000;
const PODS = 100;

function crowdPod(index: number): ClusterObject {
  const address = `10.${64 + (index >> 14)}.${(index >> 7) & 127}.${(index & 127) + 1}`;
  const plain = pod(`c${index}`, address, { node: 'node-b' });
  return { ...plain, metadata: { ...plain.metadata, namespace: 'crowd' } };
}

/** Isolates all local pods, and admits whoever is of team x. */
function teamPolicy(): ClusterObject {
  return {
    metadata: { namespace: 'shop', name: 'team' },
    spec: {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'x' } } }] }],
    },
  };
}

function crowd(labels: Readonly<Record<string, string>>): ClusterObject {
  const plain = namespace('crowd');
  return { ...plain, metadata: { ...plain.metadata, labels } };
}

describe.each([
  ['as root', false],
  ['in a user namespace', true],
] as const)('%s', (_, userNamespace) => {
  let sandbox: Sandbox;
  let cluster: TestCluster;
  let agent: AgentProcess;

  beforeEach(async () => {
    sandbox = await createSandbox({ userNamespace });
    cluster = new TestCluster();
    await cluster.open(sandbox);
    cluster.put('nodes', node('node-a', ['10.244.1.0/24']));
    cluster.put('namespaces', namespace('shop'));
    for (let index = 0; index < PODS; index += 1)
      cluster.put('pods', pod(`p${index}`, `10.244.1.${index + 10}`, { app: 'local' }));
  });

  afterEach(async () => {
    await agent.end('SIGTERM');
    await cluster.close();
    await sandbox.close();
  });

  async function inSync(): Promise<void> {
    await agent.inSync(cluster.version);
    const { degraded, problems } = await agent.status();
    expect([...degraded, ...problems]).toEqual([]);
  }

  /** Into how many transactions the last change of what packets meet was cut. */
  function lastSteps(): number {
    return Number(agent.commits().at(-1)?.steps ?? 1);
  }

  async function ruleset(): Promise<string> {
    return await rulesetOf(sandbox);
  }

  test('a peer set that grows to 10,000 at once, and shrinks again', async () => {
    cluster.put('namespaces', crowd({}));
    for (let index = 0; index < CROWD; index += 1) cluster.put('pods', crowdPod(index));
    cluster.put('networkpolicies', teamPolicy());
    agent = await AgentProcess.start(sandbox);
    await inSync();
    const crowdIn = async (): Promise<number> =>
      ((await ruleset()).match(/\b10\.64\.\d+\.\d+/g) ?? []).length;
    expect(await crowdIn()).toBe(0);
    const limited = sandbox.unprivileged;
    cluster.put('namespaces', crowd({ team: 'x' }));
    await inSync();
    expect(await crowdIn()).toBe(CROWD);
    expect(lastSteps() > 1).toBe(limited);
    cluster.put('namespaces', crowd({}));
    await inSync();
    expect(await crowdIn()).toBe(0);
    expect(lastSteps() > 1).toBe(limited);
  });

  test('500 policies on each of 100 pods at once, and none again', async () => {
    agent = await AgentProcess.start(sandbox);
    await inSync();
    // Already isolated, so that every pod's own chain is rewritten.
    cluster.put('networkpolicies', policy('first', 'local'));
    await inSync();
    const before = await ruleset();
    cluster.burst(() => {
      for (let index = 0; index < 500; index += 1) {
        cluster.put('networkpolicies', policy(`p${index}`, 'local', `app${index}`));
      }
    });
    await inSync();
    const rules = await ruleset();
    expect(new Set(rules.match(/shop\/p\d+:ingress\.0/g)).size).toBe(500);
    expect(agent.commits().some(({ steps }) => Number(steps) > 1)).toBe(sandbox.unprivileged);
    cluster.burst(() => {
      for (let index = 0; index < 500; index += 1) cluster.remove('networkpolicies', 'shop', `p${index}`);
    });
    await inSync();
    expect(await ruleset()).toBe(before);
  });
});
