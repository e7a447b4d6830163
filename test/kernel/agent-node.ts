/**
 * A node for agent tests: a sandbox, a cluster to follow, and the agents that a test starts there. Two pods of
 * `shop` are on it, web and api, in a pod range of its own.
 */

import { createSandbox, rulesetOf, type Sandbox } from '../kit/sandbox.ts';
import { namespace, node, pod, TestCluster } from './agent-cluster.ts';
import { type AgentOptions, AgentProcess } from './agent-process.ts';

export class AgentNode {
  readonly sandbox: Sandbox;
  readonly cluster: TestCluster;
  readonly #agents: AgentProcess[] = [];

  private constructor(sandbox: Sandbox, cluster: TestCluster) {
    this.sandbox = sandbox;
    this.cluster = cluster;
  }

  /** `mounts`: with a mount namespace of its own. */
  static async open(
    cluster: TestCluster = new TestCluster(),
    options: { readonly mounts?: boolean } = {},
  ): Promise<AgentNode> {
    const sandbox = await createSandbox(options);
    await cluster.open(sandbox);
    cluster.put('nodes', node('node-a', ['10.244.1.0/24']));
    cluster.put('namespaces', namespace('shop'));
    cluster.put('pods', pod('web', '10.244.1.10'));
    cluster.put('pods', pod('api', '10.244.1.11'));
    return new AgentNode(sandbox, cluster);
  }

  /** Ends with the node, if not before. */
  async start(options: AgentOptions = {}): Promise<AgentProcess> {
    const agent = await AgentProcess.start(this.sandbox, options);
    this.#agents.push(agent);
    return agent;
  }

  async inSync(agent: AgentProcess): Promise<void> {
    await agent.inSync(this.cluster.version);
  }

  async ruleset(): Promise<string> {
    return await rulesetOf(this.sandbox);
  }

  /** What a healthy agent makes of the cluster as it is now; it has ended when this returns. */
  async reference(): Promise<string> {
    const agent = await this.start();
    await this.inSync(agent);
    const text = await this.ruleset();
    await agent.end('SIGTERM');
    return text;
  }

  async close(): Promise<void> {
    for (const agent of this.#agents) await agent.end('SIGKILL');
    await this.cluster.close();
    await this.sandbox.close();
  }
}
