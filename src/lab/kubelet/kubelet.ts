import type { KubeObject } from '../apiserver/json.ts';
import { textAt } from '../apiserver/json.ts';
import type { Key } from '../apiserver/storage.ts';
import type { Store } from '../apiserver/store.ts';
import { timestamp } from '../apiserver/timestamp.ts';
import {
  hostAddresses,
  type LabPlan,
  type NodePlan,
  podAddresses,
  podGateways,
  podLinkName,
  podMac,
  podNamespaceName,
} from '../network/plan.ts';
import { addPodLink, hasPodLink, type PodLink, removePodLink } from '../network/pod-link.ts';
import type { Slots } from '../network/slots.ts';
import type { Report } from '../supervisor/report.ts';
import { isDeleting, isHeld, isHostNetwork, isTerminal, listenedPorts, stopsAt } from './pod-spec.ts';
import { runningStatus, waitingStatus } from './pod-status.ts';
import { Resident } from './resident.ts';
import type { Turns } from './turns.ts';

export interface KubeletSettings {
  readonly plan: LabPlan;
  readonly node: NodePlan;
  readonly store: Store;
  readonly slots: Slots;
  /** Shared by all nodes: the machine has few processors. */
  readonly turns: Turns;
  readonly labPod: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: number;
  readonly report: Report;
}

/** What this node holds for one pod. */
interface Holding {
  readonly uid: string;
  readonly slot: number | null;
  readonly link: PodLink | null;
  resident: Resident | null;
  restarts: number;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;

/**
 * The pods of one node: level-triggered, one pod at a time is worked on once. A pod's address is given back
 * only after the API server has forgotten the pod (or it is over), so that nobody inherits it too early.
 */
export class Kubelet {
  readonly #settings: KubeletSettings;
  readonly #holdings = new Map<string, Holding>();
  readonly #working = new Map<string, 'working' | 'again'>();
  /** Wakes what waits for its next try: a deletion must not wait for it. */
  readonly #sleepers = new Map<string, () => void>();

  constructor(settings: KubeletSettings) {
    this.#settings = settings;
  }

  /** Something about this pod changed; safe to call at any time. */
  notice(key: Key): void {
    const id = idOf(key);
    if (this.#working.has(id)) {
      this.#working.set(id, 'again');
      this.#sleepers.get(id)?.();
      return;
    }
    this.#working.set(id, 'working');
    void this.#work(key, id);
  }

  /** Pods that are being worked on, or whose API object is gone while their network is not. */
  unsettled(): readonly string[] {
    const { store } = this.#settings;
    const orphans = [...this.#holdings].filter(
      ([id, { uid }]) => store.get('pods', keyOf(id))?.metadata.uid !== uid,
    );
    return [...new Set([...this.#working.keys(), ...orphans.map(([id]) => id)])];
  }

  holds(key: Key): boolean {
    return this.#holdings.has(idOf(key));
  }

  /** Its containers run though the pod is being deleted. */
  lingers(key: Key): boolean {
    const pod = this.#settings.store.get('pods', key);
    return pod !== null && this.#lingers(pod, this.#holdings.get(idOf(key)));
  }

  /** The process that makes a pod's probes; null while the pod does not run here. */
  residentOf(key: Key): Resident | null {
    return this.#holdings.get(idOf(key))?.resident ?? null;
  }

  async #work(key: Key, id: string): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    let failures = 0;
    do {
      this.#working.set(id, 'working');
      try {
        await this.#settings.turns.run(() => this.#reconcile(key, id));
        failures = 0;
        retryMs = FIRST_RETRY_MS;
      } catch (error) {
        failures += 1;
        const message = error instanceof Error ? error.message : String(error);
        this.#settings.report.warning(`pod ${id} on ${this.#settings.node.name}: ${message}`);
        this.#explain(key, message);
        await this.#sleep(key, id, retryMs);
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      }
    } while (failures > 0 || this.#working.get(id) === 'again');
    this.#working.delete(id);
  }

  /** Until the time is over, or the pod is to go. A mere status change does not shorten it. */
  async #sleep(key: Key, id: string, milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#sleepers.set(id, () => {
        const pod = this.#settings.store.get('pods', key);
        if (pod !== null && !isOver(pod)) return;
        clearTimeout(timer);
        resolve();
      });
    });
    this.#sleepers.delete(id);
  }

  async #reconcile(key: Key, id: string): Promise<void> {
    const pod = this.#settings.store.get('pods', key);
    const mine = pod !== null && textAt(pod, 'spec', 'nodeName') === this.#settings.node.name ? pod : null;
    const holding = this.#holdings.get(id);
    if (mine !== null && this.#lingers(mine, holding)) {
      setTimeout(() => this.notice(key), stopsAt(mine) - Date.now()).unref();
      return;
    }
    if (holding !== undefined && (mine === null || mine.metadata.uid !== holding.uid || isOver(mine))) {
      await this.#stop(holding);
      if (mine !== null && mine.metadata.uid === holding.uid && isDeleting(mine))
        this.#forget(key, holding.uid);
      this.#holdings.delete(id);
      if (holding.slot !== null) this.#settings.slots.release(holding.slot);
    }
    if (mine === null) return;
    if (isDeleting(mine)) this.#forget(key, mine.metadata.uid);
    else if (isTerminal(mine) || this.#holdings.get(id)?.resident != null) return;
    else if (this.#holdings.has(id) || !isHeld(mine)) await this.#start(key, id, mine);
  }

  /** It is being deleted, and its containers run on until their preStop sleep is over. */
  #lingers(pod: KubeObject, holding: Holding | undefined): boolean {
    if (holding?.uid !== pod.metadata.uid || !isDeleting(pod) || isTerminal(pod)) return false;
    return stopsAt(pod) > Date.now();
  }

  async #start(key: Key, id: string, pod: KubeObject): Promise<void> {
    const holding = await this.#connected(key, id, pod);
    const { plan, node, labPod, env, log, report, store } = this.#settings;
    const { ports, sctp } = listenedPorts(pod);
    if (sctp.length > 0)
      report.warning(`pod ${id}: no listener on SCTP ${sctp.join(', ')}: Node has no SCTP sockets`);
    const netns = holding.link?.netns ?? node.name;
    const { resident, failures } = await Resident.start({
      netns,
      name: id,
      ports,
      udpAddresses: holding.link === null ? hostAddresses(plan, node) : null,
      program: labPod,
      env,
      log,
    });
    for (const { port, protocol, message } of failures) {
      report.warning(`pod ${id} on ${node.name}: no listener on ${port}/${protocol}: ${message}`);
    }
    holding.resident = resident;
    void resident.exited.then((how) => this.#lost(key, id, holding, resident, how));
    const facts = {
      hostAddresses: node.addresses,
      addresses: holding.link?.addresses ?? node.addresses,
      startedAt: timestamp(new Date()),
      restarts: holding.restarts,
    };
    store.editStatus('pods', key, (status) =>
      store.get('pods', key)?.metadata.uid === holding.uid ? runningStatus(pod, status, facts) : status,
    );
  }

  /** A pod whose network is gone gets another, with another address, as from any kubelet. */
  async #connected(key: Key, id: string, pod: KubeObject): Promise<Holding> {
    const held = this.#holdings.get(id);
    if (held === undefined) return await this.#connect(key, id, pod, 0);
    if (held.link === null || (await hasPodLink(held.link))) return held;
    await removePodLink(held.link);
    // Taken before the old one is given back, or it would be the same again.
    const next = await this.#connect(key, id, pod, held.restarts);
    if (held.slot !== null) this.#settings.slots.release(held.slot);
    return next;
  }

  async #connect(key: Key, id: string, pod: KubeObject, restarts: number): Promise<Holding> {
    const { plan, node, slots } = this.#settings;
    const base = { uid: pod.metadata.uid, resident: null, restarts };
    if (isHostNetwork(pod)) {
      const holding: Holding = { ...base, slot: null, link: null };
      this.#holdings.set(id, holding);
      return holding;
    }
    const slot = slots.take();
    if (slot === null) throw new Error(`no address left in ${node.podCidrs.join(', ')}`);
    const link: PodLink = {
      node: node.name,
      netns: podNamespaceName(key.namespace, key.name),
      device: podLinkName(key.namespace, key.name),
      mac: podMac(node, slot),
      addresses: podAddresses(plan, node, slot),
      gateways: plan.topology === 'bridge' ? podGateways(plan, node) : null,
    };
    try {
      await addPodLink(link);
    } catch (error) {
      await removePodLink(link);
      slots.release(slot);
      throw error;
    }
    const holding: Holding = { ...base, slot, link };
    this.#holdings.set(id, holding);
    return holding;
  }

  async #stop(holding: Holding): Promise<void> {
    const { resident } = holding;
    holding.resident = null;
    await resident?.stop();
    if (holding.link !== null) await removePodLink(holding.link);
  }

  /** The last act of a pod's deletion. */
  #forget(key: Key, uid: string): void {
    const { store } = this.#settings;
    if (store.get('pods', key)?.metadata.uid !== uid) return;
    store.delete('pods', key, { gracePeriodSeconds: 0, preconditions: { uid } });
  }

  #lost(key: Key, id: string, holding: Holding, resident: Resident, how: string): void {
    if (holding.resident !== resident) return;
    holding.resident = null;
    holding.restarts += 1;
    this.#settings.report.warning(
      `pod ${id} on ${this.#settings.node.name}: its process ${how}; starting it again`,
    );
    setTimeout(() => this.notice(key), Math.min(FIRST_RETRY_MS * 2 ** (holding.restarts - 1), LAST_RETRY_MS));
  }

  #explain(key: Key, message: string): void {
    const { store } = this.#settings;
    const pod = store.get('pods', key);
    if (pod === null || isOver(pod)) return;
    store.editStatus('pods', key, (status) => waitingStatus(pod, status, 'LabFailed', message));
  }
}

function isOver(pod: KubeObject): boolean {
  return isDeleting(pod) || isTerminal(pod);
}

function idOf({ namespace, name }: Key): string {
  return `${namespace}/${name}`;
}

function keyOf(id: string): Key {
  const slash = id.indexOf('/');
  return { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}
