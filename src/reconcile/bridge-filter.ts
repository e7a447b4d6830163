/**
 * Frames between two ports of a bridge meet our rules only when br_netfilter hands them over. Finds the pod
 * bridges, switches that on and keeps it on; what it cannot do it reports, with the command that can.
 * Guarantees: other bridges are left as they are wherever the pod bridge can be set alone.
 */

import type { BridgeHost, FilterPlace } from '../machine/bridge-host.ts';
import type { PodBridge } from '../machine/pod-bridge.ts';
import { type FoundBridge, type PodPlaces, podBridges, sameBridges } from '../machine/pod-bridges.ts';
import type { Family } from '../model/address.ts';
import { LINK as NAME } from '../nft/alphabet.ts';
import type { Log } from '../status/log.ts';
import type { BridgeStatus, Degradation } from '../status/status.ts';
import type { Clock } from '../time/clock.ts';
import { sleep } from '../time/sleep.ts';

export interface BridgeFilterOptions {
  readonly host: BridgeHost;
  readonly log: Log;
  places(): PodPlaces;
}

/** How long a bridge that has just come, or was switched off, may go unseen. */
const INTERVAL_MS = 1_000;

const FAMILIES: readonly Family[] = [4, 6];
const NAMESPACE: FilterPlace = { kind: 'namespace' };

export class BridgeFilter {
  readonly #options: BridgeFilterOptions;
  /** `name family`: seen on, so that finding it off means that somebody did that. */
  readonly #wasOn = new Set<string>();
  #bridges: readonly PodBridge[] = [];
  #ports: readonly string[] = [];
  #status: readonly BridgeStatus[] = [];
  #degraded: readonly Degradation[] = [];
  #repairs = 0;

  constructor(options: BridgeFilterOptions) {
    this.#options = options;
  }

  /** The same object until something about them changes. */
  get bridges(): readonly PodBridge[] {
    return this.#bridges;
  }

  /** Links by which pods hang on them, sorted; the same object until that changes. */
  get ports(): readonly string[] {
    return this.#ports;
  }

  get status(): readonly BridgeStatus[] {
    return this.#status;
  }

  get degraded(): readonly Degradation[] {
    return this.#degraded;
  }

  /** How often somebody else had switched it off. */
  get repairs(): number {
    return this.#repairs;
  }

  /** Looks once a second; `looked` hears of every look, and whether the bridges are others now. */
  async run(clock: Clock, looked: (changed: boolean) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [bridges, ports] = [this.#bridges, this.#ports];
      this.check();
      looked(bridges !== this.#bridges || ports !== this.#ports);
      await sleep(clock, INTERVAL_MS, signal);
    }
  }

  /** Looks, and repairs what it can. Cheap: a few reads from /proc and /sys. Never throws. */
  check(): void {
    try {
      this.#check();
    } catch (error) {
      const message = `cannot look for bridges with pods: ${error instanceof Error ? error.message : String(error)}`;
      this.#degraded = [{ code: 'BRIDGE_UNFILTERED', message }];
    }
  }

  #check(): void {
    const { host, places } = this.#options;
    const found = podBridges(host.links(), places(), (address) => host.linkTo(address));
    const problems: string[] = [];
    this.#status = found.map((bridge) => {
      const [ipv4, ipv6] = FAMILIES.map((family) => this.#ensure(bridge, family, problems));
      if (!NAME.test(bridge.name)) problems.push(unnameable(bridge));
      return { name: bridge.name, filtered: { ipv4: ipv4 === true, ipv6: ipv6 === true } };
    });
    const usable = found
      .filter(({ name }) => NAME.test(name))
      .map(({ name, subnets, closed }): PodBridge => ({ name, subnets, closed }));
    if (!sameBridges(usable, this.#bridges)) this.#bridges = usable;
    const ports = found.flatMap((bridge) => bridge.ports);
    for (const port of ports) if (!NAME.test(port)) problems.push(unnameablePort(port));
    const named = ports.filter((port) => NAME.test(port)).sort();
    if (named.join('/') !== this.#ports.join('/')) this.#ports = named;
    this.#degraded = [...new Set(problems)].map((message) => ({ code: 'BRIDGE_UNFILTERED', message }));
  }

  #ensure(bridge: FoundBridge, family: Family, problems: string[]): boolean {
    const { host, log } = this.#options;
    if (!host.filterLoaded()) {
      problems.push(missing(bridge));
      return false;
    }
    const key = `${bridge.name} ${family}`;
    const own: FilterPlace = { kind: 'bridge', name: bridge.name };
    const possible = bridge.certain ? [own, NAMESPACE] : [NAMESPACE];
    const on = (): boolean => possible.some((place) => host.setting(place, family) === 'on');
    if (on()) {
      this.#wasOn.add(key);
      return true;
    }
    const errors: string[] = [];
    for (const place of possible) {
      const error = host.switchOn(place, family);
      if (error !== null) errors.push(error);
      if (!on()) continue;
      const again = this.#wasOn.has(key);
      if (again) this.#repairs += 1;
      log[again ? 'warn' : 'info'](
        again
          ? `IPv${family} frames of bridge ${bridge.name} had been taken away from the rules; repaired`
          : `IPv${family} frames of bridge ${bridge.name} pass the rules from now on`,
        { code: 'BRIDGE_UNFILTERED', bridge: bridge.name, set: place.kind, repairs: this.#repairs },
      );
      this.#wasOn.add(key);
      return true;
    }
    problems.push(refused(bridge, family, errors));
    return false;
  }
}

function missing({ name, certain }: FoundBridge): string {
  const which = certain ? `bridge ${name}` : `${name}, which may be a bridge,`;
  return `policies do not hold between the pods on ${which}: the kernel module br_netfilter is not loaded; run: modprobe br_netfilter`;
}

function refused({ name, certain }: FoundBridge, family: Family, errors: readonly string[]): string {
  const word = family === 4 ? 'iptables' : 'ip6tables';
  const command =
    certain && NAME.test(name)
      ? `ip link set ${name} type bridge nf_call_${word} 1`
      : `sysctl -w net.bridge.bridge-nf-call-${word}=1`;
  const which = certain ? `bridge ${name}` : `${name}, which may be a bridge (/sys is of another namespace)`;
  const why = [...new Set(errors)].join('; ');
  return `IPv${family} policies do not hold between the pods on ${which}: cannot switch on its filtering (${why || 'no effect'}); run: ${command}`;
}

function unnameablePort(name: string): string {
  return `frames in disguise are not stopped at ${JSON.stringify(name)}: no rule can hold its name; rename it with letters, digits and _.:@-`;
}

function unnameable({ name }: FoundBridge): string {
  return `policies do not hold for broadcast, multicast and link-local packets on bridge ${JSON.stringify(name)}: no rule can hold its name; rename it with letters, digits and _.:@-`;
}
