/** The real policyd as a process of its own, fed over HTTP: its memory, and an event from socket to kernel. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchApi } from './api.ts';
import { watchLine } from './events.ts';
import { type Raw, rawNamespace, rawNodes, rawPod } from './objects.ts';
import type { Line, Report } from './report.ts';
import { type Step, scenarios } from './scenarios.ts';
import { median, quantile, round } from './statistics.ts';
import { type Cluster, LOCAL_NODE } from './workloads.ts';

export interface AgentOptions {
  readonly program: string;
  readonly directory: string;
  readonly cluster: Cluster;
  readonly policies: readonly Raw[];
  readonly rounds: number;
  readonly report: Report;
}

/** A commit that has not happened by then never will: nothing had to be written. */
const PATIENCE_MS = 1_000;
const SETTLE_MS = 10_000;
/** Between events, so that each is measured by itself. */
const PAUSE_MS = 100;
const MOST_ROUNDS = 12;
const FIRST_COMMIT_MS = 300_000;

export async function measureAgent(options: AgentOptions): Promise<void> {
  const { cluster, policies, report } = options;
  report.section('policyd as a process, fed over HTTP; milliseconds, MiB');
  const nodes = rawNodes(cluster);
  const api = new BenchApi({
    nodes,
    networkpolicies: policies,
    namespaces: cluster.teams.map(rawNamespace),
    pods: {
      length: cluster.pods.length,
      at: (index) => {
        const pod = cluster.pods[index];
        return pod && rawPod(pod);
      },
    },
  });
  const agent = await Agent.start(options, await api.listen());
  try {
    const started = performance.now();
    if (!(await agent.committed(FIRST_COMMIT_MS))) throw new Error('policyd has not committed anything');
    const ready = performance.now() - started;
    await delay(SETTLE_MS);
    const settled = await agent.memory();
    const times = await churn(agent, api, options);
    const after = await agent.memory();
    report.add({
      name: 'policyd',
      pods: cluster.scale.pods,
      policies: cluster.scale.policies,
      first_commit: round(ready),
      rss_settled: settled.resident,
      rss_after_events: after.resident,
      rss_peak: after.peak,
    });
    report.section('One event, from the socket of the API server to policyd’s word; milliseconds');
    for (const [name, list] of times) report.add(lineOf(name, list));
    report.add(lineOf('all of these', [...times.values()].flat()));
  } finally {
    await agent.end();
    await api.close();
  }
}

/** From the write to the socket to policyd's word that it is committed. */
async function churn(
  agent: Agent,
  api: BenchApi,
  { cluster, rounds }: AgentOptions,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map<string, number[]>();
  let version = 1_000_000_000;
  for (let index = 0; index < Math.min(rounds, MOST_ROUNDS); index += 1) {
    const steps: readonly Step[] = scenarios(cluster).flatMap((scenario) => scenario(index));
    for (const step of steps.filter(({ kind }) => kind !== 'namespaces')) {
      version += 1;
      await delay(PAUSE_MS);
      const start = performance.now();
      api.send(step.kind, watchLine(step, version));
      if (!(await agent.committed(PATIENCE_MS))) continue;
      const list = times.get(step.name) ?? [];
      times.set(step.name, [...list, performance.now() - start]);
    }
  }
  return times;
}

function lineOf(name: string, times: readonly number[]): Line {
  return {
    name,
    n: times.length,
    p50: round(median(times)),
    p90: round(quantile(times, 0.9)),
    p99: round(quantile(times, 0.99)),
  };
}

class Agent {
  readonly #child: ChildProcess;
  #commits = 0;
  #news: () => void = () => {};

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stderr === null) throw new Error('no pipe from policyd');
    createInterface({ input: child.stderr }).on('line', (line) => {
      const { msg, level } = JSON.parse(line) as { readonly msg: string; readonly level: string };
      if (msg === 'committed') this.#commits += 1;
      else if (level === 'error' || level === 'warn') process.stderr.write(`${line}\n`);
      this.#news();
    });
  }

  static async start({ program, directory }: AgentOptions, server: string): Promise<Agent> {
    const kubeconfig = join(directory, 'kubeconfig');
    const cluster = { name: 'bench', cluster: { server } };
    const context = { name: 'bench', context: { cluster: 'bench', user: 'bench' } };
    await writeFile(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [cluster],
        users: [{ name: 'bench', user: {} }],
        contexts: [context],
        'current-context': 'bench',
      }),
    );
    return new Agent(
      spawn(program, ['--node', LOCAL_NODE, '--kubeconfig', kubeconfig, '--log-format', 'json'], {
        stdio: ['ignore', 'inherit', 'pipe'],
      }),
    );
  }

  /** The next commit; false when there is none in time. */
  async committed(patienceMs: number): Promise<boolean> {
    const end = performance.now() + patienceMs;
    while (this.#commits === 0 && performance.now() < end) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, end - performance.now());
        this.#news = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    if (this.#commits === 0) return false;
    this.#commits -= 1;
    return true;
  }

  /** MiB. */
  async memory(): Promise<{ readonly resident: number; readonly peak: number }> {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8');
    const mebibytes = (field: string): number =>
      Math.round(Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024);
    return { resident: mebibytes('VmRSS'), peak: mebibytes('VmHWM') };
  }

  async end(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}
