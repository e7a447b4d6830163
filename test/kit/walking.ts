/** What the rulesets of all nodes do to a flow, beside what the policies mean. */

import { compile } from '../../src/compile/compile.ts';
import { SHAPES, type Shapes } from '../../src/compile/shapes.ts';
import { type Address, familyOf } from '../../src/model/address.ts';
import type { Snapshot } from '../../src/model/cluster.ts';
import type { Flow } from '../../src/model/verdict.ts';
import { firstPacket, replyPacket } from '../../src/nft/packet.ts';
import { type Walkable, walk, walkableFromRuleset } from '../../src/nft/walk.ts';
import { evaluate, isOwnNode } from '../../src/policy/evaluate.ts';
import { ownerOf } from '../../src/policy/owner.ts';
import { nodesOfRange, usableRanges } from '../../src/policy/quarantine.ts';

export type Walkables = ReadonlyMap<string, Walkable>;

export function compileAll(snapshot: Snapshot, shapes: Shapes = SHAPES): Walkables {
  return new Map(
    [...snapshot.nodes.values()].map((node) => {
      const podRanges = usableRanges(snapshot, node.name);
      const { ruleset } = compile(snapshot, { node: node.name, podRanges, shapes });
      return [node.name, walkableFromRuleset(ruleset)];
    }),
  );
}

/** The nodes whose forward hook sees the flow: those of its pods, and of the ranges its addresses lie in. */
function nodesOf(snapshot: Snapshot, flow: Flow): readonly string[] {
  const ends = [flow.source, flow.destination].flatMap((address) => {
    const owner = ownerOf(snapshot, address);
    return owner === null ? nodesOfRange(snapshot, address).map(({ name }) => name) : (owner.node ?? []);
  });
  return [...new Set(ends)];
}

/** Flows between a pod and its own node, or within one family only, never cross a forward hook. */
export function crossesForward(snapshot: Snapshot, flow: Flow): boolean {
  if (familyOf(flow.source) !== familyOf(flow.destination)) return false;
  const [source, destination] = [ownerOf(snapshot, flow.source), ownerOf(snapshot, flow.destination)];
  if (source && isOwnNode(snapshot, source, flow.destination)) return false;
  if (destination && isOwnNode(snapshot, destination, flow.source)) return false;
  return !isRangeAndNode(snapshot, flow.source, flow.destination);
}

/** An address that nobody owns, and the node in whose pod range it lies. */
function isRangeAndNode(snapshot: Snapshot, a: Address, b: Address): boolean {
  return [
    [a, b],
    [b, a],
  ].some(
    ([own, other]) =>
      own !== undefined &&
      other !== undefined &&
      ownerOf(snapshot, own) === null &&
      nodesOfRange(snapshot, own).some((node) => node.addresses.includes(other)),
  );
}

export interface Comparison {
  readonly meaning: 'allow' | 'deny';
  readonly kernel: 'allow' | 'deny';
  /** A reply of an allowed flow passes (semantics B4), judged on its own. */
  readonly reply: 'allow' | 'deny';
}

export function compare(snapshot: Snapshot, walkables: Walkables, flow: Flow): Comparison {
  const passes = (packet: ReturnType<typeof firstPacket>): 'allow' | 'deny' =>
    nodesOf(snapshot, flow).every((node) => {
      const walkable = walkables.get(node);
      return walkable !== undefined && walk([walkable], packet).verdict === 'accept';
    })
      ? 'allow'
      : 'deny';
  const meaning = evaluate(snapshot, flow).allowance;
  return { meaning, kernel: passes(firstPacket(flow)), reply: passes(replyPacket(flow)) };
}
