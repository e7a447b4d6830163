/**
 * Objects of the cluster and facts of the machine, one change at a time -> all that one node needs. Writes and
 * reads nothing of the host. What did not change keeps its identity, down to the whole result.
 */
import type { MachineChange } from '../machine/change.ts';
import type { Link } from '../machine/link.ts';
import { type FoundBridge, podBridges } from '../machine/pod-bridges.ts';
import { podLinks } from '../machine/pod-links.ts';
import { type PodPlaces, PodRanges, type PodRangesResult } from '../machine/pod-ranges.ts';
import type { Address, Cidr } from '../model/address.ts';
import type { Change } from '../model/cluster.ts';
import { LINK as NAME } from '../nft/alphabet.ts';
import type { Ruleset } from '../nft/objects.ts';
import { frameRules } from './bridge-frames.ts';
import { Bridged } from './bridged.ts';
import { type BridgeNeeds, bridgeNeeds } from './bridges.ts';
import { BUDGET, type Budget } from './budget.ts';
import type { Compiled, CompiledTable } from './compiled.ts';
import { Compiler, type Forwarder } from './compiler.ts';
import { rangeSets } from './quarantine.ts';
import { sourceRules } from './sources.ts';

export interface NodeCompileOptions {
  readonly node: string;
  /** Pod ranges from the command line; they win over the node object. */
  readonly configured: readonly Cidr[];
  /** The cluster cannot be followed: the ranges stay closed. */
  readonly blind?: boolean;
  /** BUDGET unless given. */
  readonly budget?: Budget;
}

export class NodeCompiler {
  readonly #compiler: Compiler;
  readonly #podRanges: PodRanges;
  readonly #bridged = new Bridged();
  readonly #links = new Map<string, Link>();
  readonly #routes = new Map<Address, string>();
  readonly #uplinks = new Set<string>();
  #ranges: PodRangesResult;
  /** As `PodRanges.places` had it when the bridges were looked for; null: they have to be. */
  #places: PodPlaces | null = null;
  #found: readonly FoundBridge[] = [];
  #needs: BridgeNeeds = bridgeNeeds([]);
  #frames: CompiledTable | null = null;
  #sources: CompiledTable | null = null;
  /** What `#sources` was made of, as text. */
  #sourceNeeds = '';
  /** What `#compiled` was made of. */
  #table: CompiledTable | null = null;
  #compiled: Compiled | null = null;

  constructor({ node, configured, blind = false, budget = BUDGET }: NodeCompileOptions) {
    this.#podRanges = new PodRanges({ node, configured, pods: () => this.#compiler.pods() });
    this.#ranges = this.#podRanges.result();
    this.#compiler = new Compiler({ node, podRanges: this.#ranges.ranges, blind, budget });
  }

  /** In which ranges addresses without an owner can be dropped, and why not in others. */
  get podRanges(): PodRangesResult {
    return this.#podRanges.result();
  }

  /** Addresses of this node's pods of which only a route tells where they hang. */
  get strays(): readonly Address[] {
    return this.#podRanges.places().strays;
  }

  /** Pods of this node that ask to send from any address, since they route for others. */
  get forwarders(): readonly Forwarder[] {
    return this.#compiler.forwarders();
  }

  update(change: Change): void {
    this.#compiler.update(change);
    this.#podRanges.update(change);
  }

  updateMachine(change: MachineChange): void {
    switch (change.kind) {
      case 'link':
        if (change.value === null) this.#links.delete(change.key);
        else this.#links.set(change.key, change.value);
        break;
      case 'route':
        if (change.value === null) this.#routes.delete(change.key);
        else this.#routes.set(change.key, change.value);
        break;
      case 'uplink':
        if (change.value === null) this.#uplinks.delete(change.key);
        else this.#uplinks.add(change.key);
        break;
      case 'switch':
        return;
      default:
        change satisfies never;
    }
    this.#places = null;
  }

  setBlind(blind: boolean): void {
    this.#compiler.setBlind(blind);
  }

  result(): Compiled {
    const ranges = this.#podRanges.result();
    if (ranges !== this.#ranges) this.#compiler.setPodRanges(ranges.ranges);
    this.#ranges = ranges;
    const table = this.#compiler.result();
    const needs = this.#bridgeNeeds();
    const sources = this.#sourceTable();
    const same = table === this.#table && needs === this.#needs && sources === this.#sources;
    if (this.#compiled !== null && same) return this.#compiled;
    this.#table = table;
    this.#needs = needs;
    this.#sources = sources;
    const policies = this.#bridged.apply(table, needs.bridges);
    this.#frames = this.#bridged.closing ? framesOf(needs.ports, this.#frames) : null;
    this.#compiled = {
      tables: [policies, this.#frames, this.#sources].filter((each) => each !== null),
      settings: needs.settings,
      unnameable: needs.unnameable,
      refused: this.#compiler.refused(),
    };
    return this.#compiled;
  }

  /** The same object until something about them changes. */
  #bridgeNeeds(): BridgeNeeds {
    const places = this.#podRanges.places();
    if (places === this.#places) return this.#needs;
    this.#places = places;
    const links = [...this.#links.values()];
    this.#found = podBridges(links, places, (each) => this.#routes.get(each) ?? null);
    const needs = bridgeNeeds(this.#found);
    return JSON.stringify(needs) === JSON.stringify(this.#needs) ? this.#needs : needs;
  }

  /** null: no link of a pod is known. The same object until something about it changes. */
  #sourceTable(): CompiledTable | null {
    const facts = { routes: this.#routes, bridges: new Set(this.#links.keys()), podBridges: this.#found };
    const forwarders = this.#compiler
      .forwarders()
      .flatMap(({ pod, allowed }) => (allowed ? pod.addresses : []));
    const links = podLinks(facts, this.#podRanges.places(), forwarders).filter((name) => NAME.test(name));
    if (links.length === 0) return null;
    const uplinks = [...this.#uplinks].filter((name) => NAME.test(name) && !links.includes(name)).sort();
    const { ranges } = this.#ranges;
    const needs = JSON.stringify([links, uplinks, ranges]);
    if (this.#sources !== null && needs === this.#sourceNeeds) return this.#sources;
    this.#sourceNeeds = needs;
    return bare(sourceRules({ podLinks: links, uplinks, ranges: rangeSets(ranges) }));
  }
}

/** A table in which no policy wrote anything. */
function bare(ruleset: Ruleset): CompiledTable {
  return { ruleset, origins: new Map(), endpoints: new Map(), meanings: new Map() };
}

/** null: there is no port to guard. */
function framesOf(ports: readonly string[], last: CompiledTable | null): CompiledTable | null {
  if (ports.length === 0) return null;
  const ruleset = frameRules(ports);
  const [[name, chain] = []] = ruleset.chains;
  const same = name !== undefined && last?.ruleset.chains.get(name)?.fingerprint === chain?.fingerprint;
  if (same) return last;
  return bare(ruleset);
}
