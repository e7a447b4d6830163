import { setTimeout as delay } from 'node:timers/promises';
import type { SyncReport } from '../../channel/channel.ts';
import type { ProbeQuery, ProbeReport, ProbeSource } from '../../channel/probe.ts';
import type { ResourceVersions } from '../../kinds/versions.ts';
import { Failure } from '../../model/failure.ts';
import { isObject, listAt, textAt } from '../apiserver/json.ts';
import type { Store } from '../apiserver/store.ts';
import type { LabNodeState, LabPodState, LabStateReport } from '../control/lab-state.ts';
import type { RulesetReport } from '../control/protocol.ts';
import type { LabControl } from '../control/server.ts';
import type { Kubelet } from '../kubelet/kubelet.ts';
import { isHostNetwork } from '../kubelet/pod-spec.ts';
import type { Resident } from '../kubelet/resident.ts';
import type { LabPlan, NodePlan } from '../network/plan.ts';
import type { ProxyVersions, ServiceProxy } from '../proxy/proxy.ts';
import { ownTables } from './own-tables.ts';
import type { PolicydProcess } from './policyd.ts';
import { currentVersions, podsWaitedFor, policydWaitedFor } from './waiting.ts';

export interface LabParts {
  readonly name: string;
  readonly apiServer: string;
  readonly plan: LabPlan;
  readonly store: Store;
  readonly kubelets: ReadonlyMap<string, Kubelet>;
  /** Of nodes and the external host, by name. */
  readonly residents: ReadonlyMap<string, Resident>;
  readonly externalPorts: readonly number[];
  /** By node; empty in a lab without enforcement. */
  readonly policyds: ReadonlyMap<string, PolicydProcess>;
  readonly services: ServiceProxy;
  readonly env: NodeJS.ProcessEnv;
}

/** What everybody must have caught up with. */
interface SyncGoal {
  readonly policyd: ResourceVersions;
  readonly services: ProxyVersions;
}

const POLL_MS = 20;

/** A running lab: answers what the control channel asks. */
export class Lab implements LabControl {
  readonly #parts: LabParts;

  constructor(parts: LabParts) {
    this.#parts = parts;
  }

  async state(): Promise<LabStateReport> {
    const { name, apiServer, plan, store, externalPorts } = this.#parts;
    return {
      name,
      apiServer,
      families: plan.families,
      root: { addresses: plan.root.addresses },
      external: { addresses: plan.external.addresses, ports: externalPorts },
      nodes: await Promise.all(plan.nodes.map((node) => this.#nodeState(node))),
      pods: store.list('pods').items.map((pod): LabPodState => {
        const node = textAt(pod, 'spec', 'nodeName');
        const key = { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name };
        return {
          ...key,
          node: node === '' ? null : node,
          phase: textAt(pod, 'status', 'phase'),
          hostNetwork: isHostNetwork(pod),
          addresses: listAt(pod, 'status', 'podIPs')
            .filter(isObject)
            .map((entry) => textAt(entry, 'ip')),
          resident: this.#parts.kubelets.get(node)?.residentOf(key) != null,
        };
      }),
    };
  }

  async sync(timeoutMs: number): Promise<SyncReport> {
    const began = performance.now();
    const { store, kubelets, policyds, plan, services } = this.#parts;
    let versions: SyncGoal | null = null;
    for (;;) {
      let waitingFor = versions === null ? podsWaitedFor(store, kubelets) : [];
      // Taken once: under steady change nobody would ever reach the newest.
      if (waitingFor.length === 0) {
        const goal: SyncGoal = versions ?? { policyd: currentVersions(store), services: services.versions() };
        versions = goal;
        const lacks = await Promise.all(
          [...policyds].map(([node, policyd]) => policydWaitedFor(node, policyd, goal.policyd)),
        );
        const unforwarded = plan.nodes.map(({ name }) => services.waitedFor(name, goal.services));
        waitingFor = [...lacks, ...unforwarded].filter((lack) => lack !== null);
      }
      const milliseconds = Math.round(performance.now() - began);
      if (waitingFor.length === 0) return { synced: true, milliseconds, waitingFor };
      if (milliseconds >= timeoutMs) return { synced: false, milliseconds, waitingFor };
      await delay(POLL_MS);
    }
  }

  async probe(query: ProbeQuery): Promise<ProbeReport> {
    return await this.#sourceOf(query.from).probe(query.to, query.timeoutMs);
  }

  async ruleset(name: string): Promise<RulesetReport> {
    const { plan, env, policyds, store } = this.#parts;
    if (!plan.nodes.some((node) => node.name === name)) throw this.#noNode(name);
    const policyd = policyds.get(name);
    const lack = policyd === undefined ? null : await policydWaitedFor(name, policyd, currentVersions(store));
    const tables = await ownTables(name, env);
    const listing = tables.find(({ family }) => family === 'inet')?.listing ?? null;
    const inSync = policyd !== undefined && lack === null && listing !== null;
    return { node: name, inSync, listing, tables: tables.map((table) => table.listing) };
  }

  async #nodeState(node: NodePlan): Promise<LabNodeState> {
    const { name, addresses, podCidrs } = node;
    const { services } = this.#parts;
    const waitingFor = services.waitedFor(name, services.versions());
    const forwarding = { inSync: waitingFor === null, waitingFor };
    const policyd = this.#parts.policyds.get(name);
    if (policyd === undefined) return { name, addresses, podCidrs, policyd: null, services: forwarding };
    const status = await policyd.status();
    return {
      name,
      addresses,
      podCidrs,
      policyd: {
        running: policyd.pid !== null,
        pid: policyd.pid,
        ready: status?.ready ?? false,
        inSync: status?.inSync ?? false,
        revision: status?.revision ?? null,
        restarts: policyd.restarts,
        degraded: status?.degraded ?? [],
        problems: status?.problems ?? [],
        status,
      },
      services: forwarding,
    };
  }

  #sourceOf(source: ProbeSource): Resident {
    const { residents, kubelets, store, plan } = this.#parts;
    if ('external' in source) return present(residents.get(plan.external.name), 'the external host');
    if ('node' in source) {
      const resident = residents.get(source.node);
      if (resident === undefined || source.node === plan.external.name) throw this.#noNode(source.node);
      return resident;
    }
    const [namespace = '', name = ''] = source.pod.split('/');
    const pod = store.get('pods', { namespace, name });
    if (pod === null) throw new Failure('NAME_UNKNOWN', `the lab has no pod ${source.pod}`);
    const resident = kubelets.get(textAt(pod, 'spec', 'nodeName'))?.residentOf({ namespace, name });
    return present(resident, `pod ${source.pod} (${textAt(pod, 'status', 'phase')})`);
  }

  #noNode(name: string): Failure {
    const known = this.#parts.plan.nodes.map((node) => node.name).join(', ');
    return new Failure('NAME_UNKNOWN', `the lab has no node ${name}; it has ${known}`);
  }
}

function present(resident: Resident | null | undefined, what: string): Resident {
  if (resident) return resident;
  throw new Failure('INPUT_INVALID', `${what} is not running, so no probe can start there`);
}
