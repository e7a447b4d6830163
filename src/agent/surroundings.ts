/**
 * What others have on the node that policyd's tables cannot answer for: base chains that may drop what policies
 * allow, which are named, and ways by which packets of pods skip the rules, with which policyd is not ready.
 */
import { OUR_TABLES } from '../compile/names.ts';
import type { IpvsUse } from '../host/ipvs.ts';
import { type Flowtable, flowtables, type OtherChain, otherChains } from '../nft/others.ts';
import type { Nft } from '../nft/port.ts';
import { reasonOf } from '../reconcile/setback.ts';
import { type Degradations, loggedDegradations } from '../status/degradations.ts';
import type { Log } from '../status/log.ts';
import type { Degradation } from '../status/status.ts';
import type { Clock } from '../time/clock.ts';

export interface SurroundingsOptions {
  readonly nft: Pick<Nft, 'listAll'>;
  readonly clock: Clock;
  readonly log: Log;
  ipvs(): IpvsUse;
}

const EVERY_MS = 60_000;
/** Whoever changes one chain changes more of them. */
const SOON_MS = 500;

export class Surroundings {
  readonly #options: SurroundingsOptions;
  readonly #troubles: Degradations;
  #chains: readonly OtherChain[] | null = null;
  #unjudged: readonly string[] = [];
  #failure: string | null = null;
  #looking = false;
  #cancel: () => void = () => {};

  constructor(options: SurroundingsOptions) {
    this.#options = options;
    this.#troubles = loggedDegradations(options.log);
  }

  /** In the order in which a packet meets them; null: they could not be looked at. */
  get chains(): readonly OtherChain[] | null {
    return this.#chains;
  }

  get degraded(): readonly Degradation[] {
    return this.#unjudged.map((message) => ({ code: 'PATH_UNJUDGED', message }));
  }

  /** Something of others has changed. */
  changed(): void {
    this.#later(SOON_MS);
  }

  /** And from time to time from now on. Never rejects. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const { nft, log } = this.#options;
    const ipvs = ipvsTrouble(this.#options.ipvs());
    try {
      const [chains, tables] = [await nft.listAll('chains'), await nft.listAll('flowtables')];
      this.#chains = otherChains(chains, OUR_TABLES);
      this.#unjudged = [...ipvs, ...flowtables(tables).map(flowtableTrouble)];
      this.#failure = null;
    } catch (error) {
      const failure = reasonOf(error);
      if (failure !== this.#failure) log.warn(`other tables of this node cannot be looked at: ${failure}`);
      this.#failure = failure;
      this.#chains = null;
      this.#unjudged = ipvs;
    }
    this.#troubles.update(this.degraded);
    this.#looking = false;
    this.#later(EVERY_MS);
  }

  end(): void {
    this.#cancel();
  }

  #later(milliseconds: number): void {
    this.#cancel();
    this.#cancel = this.#options.clock.after(milliseconds, () => void this.look());
  }
}

function ipvsTrouble({ services, link }: IpvsUse): readonly string[] {
  if (services === 0 && !link) return [];
  const seen = services > 0 ? `${services} services in /proc/net/ip_vs` : 'the link kube-ipvs0';
  return [
    `Services are forwarded by IPVS (${seen}): what goes to them leaves by the hook output, where policies are not judged; run kube-proxy in its mode nftables or iptables`,
  ];
}

function flowtableTrouble({ family, table, name, devices }: Flowtable): string {
  const where = devices.length > 0 ? ` on ${devices.join(', ')}` : '';
  return `connections that are handed to flowtable ${name} of table ${family} ${table}${where} skip policyd's rules from then on: delete it, or its rules "flow add"`;
}
