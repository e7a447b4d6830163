/**
 * What the kernel's own ruleset does with a flow's first packet, on the nodes it crosses: the listing is
 * walked, never interpreted by what we meant to write. Chains and sets are named by meaning, so a compile
 * of the same snapshot says what they are for.
 */
import type { CompiledTable } from '../compile/compiled.ts';
import { POLICY_TABLE } from '../compile/names.ts';
import type { RuleOrigin } from '../model/endpoint.ts';
import { policyKey } from '../model/policy-ref.ts';
import { sameTable } from '../nft/commands.ts';
import type { ChainName, SetName } from '../nft/objects.ts';
import { firstPacket, type Packet, ROUTED_HOP_LIMIT } from '../nft/packet.ts';
import { type Step, type Walk, type Walkable, walk } from '../nft/walk.ts';
import type { Verdict } from './explanation.ts';
import type { KernelNode, KernelReport, KernelRule } from './kernel-report.ts';
import type { Crossing, Route } from './route.ts';

/** One node's tables as they were read. */
export interface KernelView {
  readonly node: string;
  readonly inSync: boolean;
  /** Those of OUR_TABLES that are there. */
  readonly tables: readonly Walkable[];
  /** On which its pods hang; null: they are routed, or nobody says on which. */
  readonly bridge: string | null;
  /** What POLICY_TABLE should be on this node, for the meaning of names. */
  readonly compiled: Pick<CompiledTable, 'origins' | 'meanings'>;
}

/** Reads the ruleset of a node, once each. */
export interface KernelViews {
  readonly of: (node: string) => Promise<KernelView>;
}

/** Every ruleset on the way of a route, each walked by the flow that it sees; `policies` is what they should do. */
export async function reportKernel(
  { crossings }: Route,
  policies: Verdict,
  views: KernelViews,
): Promise<KernelReport> {
  const nodes = await Promise.all(
    crossings.map(async (crossing) => reportNode(crossing, await views.of(crossing.node))),
  );
  return { state: stateOf(nodes, policies), why: null, nodes };
}

/** Nobody could be asked; `why` is a part of a sentence. */
export function notChecked(why: string | null): KernelReport {
  return { state: 'not-checked', why, nodes: [] };
}

/** Every node has to let the packet pass; a node without a table lets everything pass. */
export function kernelVerdict(nodes: readonly Pick<KernelNode, 'verdict'>[]): 'accept' | 'drop' {
  return nodes.some(({ verdict }) => verdict === 'drop') ? 'drop' : 'accept';
}

function stateOf(nodes: readonly KernelNode[], policies: Verdict): KernelReport['state'] {
  if (nodes.length === 0) return 'not-checked';
  if (nodes.some(({ verdict }) => verdict === null)) return 'not-enforced';
  if (policies === 'unknown') return 'not-checked';
  const wanted = policies === 'allowed' ? 'accept' : 'drop';
  if (kernelVerdict(nodes) === wanted) return 'agrees';
  return nodes.every(({ inSync }) => inSync) ? 'mismatch' : 'out-of-sync';
}

function reportNode(crossing: Crossing, view: KernelView): KernelNode {
  const { node, inSync, tables } = view;
  const enforced = tables.some(({ table }) => sameTable(table, POLICY_TABLE));
  if (!enforced) return { node, inSync, verdict: null, decision: null, path: [] };
  const walked = walk(tables, packetOf(crossing, view));
  const path = walked.path
    .filter((step) => step.matched || step.lookups.length > 0)
    .map((step) => reportStep(step, view));
  return { node, inSync, verdict: walked.verdict, decision: decisionOf(walked, path), path };
}

/** Between ports of a bridge a frame passes the hooks of bridge too, and no router takes anything off its hop limit. */
function packetOf({ flow, within }: Crossing, { bridge }: KernelView): Packet {
  const packet = firstPacket(flow);
  if (!within || bridge === null) return packet;
  return { ...packet, way: 'bridged', hopLimit: ROUTED_HOP_LIMIT + 1, links: { in: bridge, out: bridge } };
}

function decisionOf({ decided }: Walk, path: readonly KernelRule[]): KernelRule | null {
  if (decided === null) return null;
  const { table, chain, rule: index } = decided;
  return (
    path.findLast((rule) => rule.family === table.family && rule.chain === chain && rule.index === index) ??
    null
  );
}

function reportStep(step: Step, { compiled }: KernelView): KernelRule {
  const { family, name } = step.table;
  const known = family === POLICY_TABLE.family ? compiled.origins.get(step.chain as ChainName) : undefined;
  const origins = known?.[step.rule] ?? [];
  return {
    family,
    table: name,
    chain: step.chain,
    index: step.rule,
    does: outcomeText(step),
    note: step.note,
    from: origins.map(originText),
    origins,
    packets: step.counter?.packets ?? null,
    sets: step.lookups.map(({ set, key, hit }) => ({
      name: set,
      meaning: compiled.meanings.get(set as SetName) ?? null,
      looked: key,
      found: hit,
    })),
  };
}

function outcomeText({ outcome, matched }: Step): string {
  if (outcome === null) return matched ? 'counts' : 'does not match';
  switch (outcome.kind) {
    case 'jump':
    case 'goto':
      return `${outcome.kind} ${outcome.chain}`;
    default:
      return outcome.kind;
  }
}

function originText({ policy, direction, index }: RuleOrigin): string {
  return `${policyKey(policy)} ${direction}[${index}]`;
}
