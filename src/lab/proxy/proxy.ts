import { setTimeout as delay } from 'node:timers/promises';
import type { ResourceName } from '../apiserver/resources.ts';
import type { Store } from '../apiserver/store.ts';
import type { LabPlan, NodePlan } from '../network/plan.ts';
import type { Report } from '../supervisor/report.ts';
import { frontsOf } from './fronts.ts';
import { hostPortsOf } from './host-ports.ts';
import { proxyTable } from './table.ts';

export interface ProxySettings {
  readonly plan: LabPlan;
  readonly store: Store;
  readonly serviceRanges: readonly string[];
  /** Commits a table in a node's kernel; rejects when the kernel refused it. */
  readonly commit: (node: string, table: string) => Promise<void>;
  readonly report: Report;
}

type Source = Extract<ResourceName, 'services' | 'pods' | 'endpointslices'>;

const SOURCES: readonly Source[] = ['services', 'pods', 'endpointslices'];

/** Versions of what Services are made of, as the store counts them. */
export type ProxyVersions = Readonly<Record<Source, string>>;

/** A burst of pods is one change. */
const COALESCE_MS = 10;
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 5_000;

/** The kube-proxy of every node: follows the store, keeps each node's table as it should be. */
export class ServiceProxy {
  readonly #settings: ProxySettings;
  readonly #committed = new Map<string, string>();
  readonly #troubles = new Map<string, string>();
  readonly #reached = new Map<string, ProxyVersions>();
  #dirty = true;
  #working = false;

  constructor(settings: ProxySettings) {
    this.#settings = settings;
  }

  start(): void {
    for (const resource of SOURCES) this.#settings.store.watch(resource, () => this.#notice());
    this.#notice();
  }

  /** The versions that hold now. */
  versions(): ProxyVersions {
    const { store } = this.#settings;
    return {
      services: store.resourceVersionOf('services'),
      pods: store.resourceVersionOf('pods'),
      endpointslices: store.resourceVersionOf('endpointslices'),
    };
  }

  /** What a node lacks to forward what these versions say: a sentence, or null. */
  waitedFor(node: string, goal: ProxyVersions): string | null {
    const reached = this.#reached.get(node);
    const behind = SOURCES.some(
      (name) => reached === undefined || BigInt(reached[name]) < BigInt(goal[name]),
    );
    if (!behind) return null;
    const trouble = this.#troubles.get(node);
    return `Services on ${node} are not forwarded yet${trouble === undefined ? '' : `: ${trouble}`}`;
  }

  #notice(): void {
    this.#dirty = true;
    if (!this.#working) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    let retryMs = FIRST_RETRY_MS;
    while (this.#dirty) {
      await delay(COALESCE_MS);
      this.#dirty = false;
      await this.#bringAll();
      if (this.#troubles.size === 0) retryMs = FIRST_RETRY_MS;
      else {
        this.#dirty = true;
        await delay(retryMs);
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      }
    }
    this.#working = false;
  }

  async #bringAll(): Promise<void> {
    const { store, plan, serviceRanges } = this.#settings;
    const versions = this.versions();
    const pods = store.list('pods').items;
    const services = store.list('services').items;
    const fronts = frontsOf(services, pods, store.list('endpointslices').items);
    const hostPorts = hostPortsOf(pods);
    await Promise.all(
      plan.nodes.map((node) =>
        this.#bring(node, proxyTable({ plan, node, serviceRanges, fronts, hostPorts }), versions),
      ),
    );
  }

  async #bring({ name }: NodePlan, table: string, versions: ProxyVersions): Promise<void> {
    const { commit, report } = this.#settings;
    try {
      if (this.#committed.get(name) !== table) {
        this.#committed.delete(name);
        await commit(name, table);
        this.#committed.set(name, table);
      }
      this.#reached.set(name, versions);
      this.#troubles.delete(name);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (this.#troubles.get(name) !== message) report.warning(`Services on ${name}: ${message}`);
      this.#troubles.set(name, message);
    }
  }
}
