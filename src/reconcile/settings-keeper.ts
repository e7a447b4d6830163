/**
 * Keeps the switches of the host on which the rules rely, and says where one cannot be kept, with the command
 * that can. Guarantees: other bridges are left as they are wherever the pod bridge can be set alone.
 */
import { placesOf, type Setting, type Switches } from '../machine/setting.ts';
import { LINK as NAME } from '../nft/alphabet.ts';
import type { BridgeStatus, Degradation } from '../status/status.ts';
import type { LoopObserver } from './events.ts';

export interface SettingsKeeperOptions {
  readonly switches: Switches;
  readonly tell: LoopObserver;
}

export class SettingsKeeper {
  readonly #options: SettingsKeeperOptions;
  /** `bridge family`: seen on, so that finding it off means that somebody did that. */
  readonly #wasOn = new Set<string>();
  #status: readonly BridgeStatus[] = [];
  #degraded: readonly Degradation[] = [];
  #repairs = 0;

  constructor(options: SettingsKeeperOptions) {
    this.#options = options;
  }

  /** One entry per bridge, in the order of the settings. */
  get status(): readonly BridgeStatus[] {
    return this.#status;
  }

  get degraded(): readonly Degradation[] {
    return this.#degraded;
  }

  /** How often somebody else had switched one off. */
  get repairs(): number {
    return this.#repairs;
  }

  /** Looks at each and switches on what is off. Cheap: a few reads of small files. Never throws. */
  bring(settings: readonly Setting[]): void {
    const filtered = new Map<string, { ipv4: boolean; ipv6: boolean }>();
    const problems: string[] = [];
    for (const setting of settings) {
      const { bridge, family } = setting;
      const problem = this.#ensure(setting);
      if (problem !== null) problems.push(problem);
      const both = filtered.get(bridge) ?? { ipv4: false, ipv6: false };
      filtered.set(bridge, { ...both, [family === 4 ? 'ipv4' : 'ipv6']: problem === null });
    }
    this.#status = [...filtered].map(([name, both]) => ({ name, filtered: both }));
    this.#degraded = [...new Set(problems)].map((message) => ({ code: 'BRIDGE_UNFILTERED', message }));
  }

  /** Why it is not on; null: it is. */
  #ensure(setting: Setting): string | null {
    const { switches, tell } = this.#options;
    const { bridge, family } = setting;
    if (!switches.filterLoaded()) return missing(setting);
    const key = `${bridge} ${family}`;
    const places = placesOf(setting);
    const on = (): boolean => places.some((place) => switches.state(place, family) === 'on');
    if (on()) {
      this.#wasOn.add(key);
      return null;
    }
    const errors: string[] = [];
    for (const place of places) {
      const error = switches.switchOn(place, family);
      if (error !== null) errors.push(error);
      if (!on()) continue;
      const repaired = this.#wasOn.has(key);
      if (repaired) this.#repairs += 1;
      tell({ kind: 'switched-on', bridge, family, place, repaired, repairs: this.#repairs });
      this.#wasOn.add(key);
      return null;
    }
    return refused(setting, errors);
  }
}

function missing({ bridge, certain }: Setting): string {
  const which = certain ? `bridge ${bridge}` : `${bridge}, which may be a bridge,`;
  return `policies do not hold between the pods on ${which}: the kernel module br_netfilter is not loaded; run: modprobe br_netfilter`;
}

function refused({ bridge, certain, family }: Setting, errors: readonly string[]): string {
  const word = family === 4 ? 'iptables' : 'ip6tables';
  const command =
    certain && NAME.test(bridge)
      ? `ip link set ${bridge} type bridge nf_call_${word} 1`
      : `sysctl -w net.bridge.bridge-nf-call-${word}=1`;
  const which = certain
    ? `bridge ${bridge}`
    : `${bridge}, which may be a bridge (/sys is of another namespace)`;
  const why = [...new Set(errors)].join('; ');
  return `IPv${family} policies do not hold between the pods on ${which}: cannot switch on its filtering (${why || 'no effect'}); run: ${command}`;
}
