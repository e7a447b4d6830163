/**
 * A packet through all our tables of one node, as the kernel runs them (nf_tables_core.c): a verdict and the
 * way to it. Knows nothing of policies; it is the second of the two evaluators that must agree. What it does
 * not know it refuses, with NFT_UNREADABLE.
 */
import { unreadable } from './alphabet.ts';
import { type Stop, stopsOf } from './hook-order.ts';
import type { Lookup } from './look-up.ts';
import { evaluateMatch, lookUpVerdict } from './match.ts';
import { HOOKS, type Ruleset } from './objects.ts';
import type { Packet } from './packet.ts';
import { asSeen } from './packet-view.ts';
import type { Walkable, WalkBase, WalkRule, WalkVerdict } from './walkable.ts';

export type { Lookup } from './look-up.ts';
export { walkableFromListing } from './walk-listing.ts';
export { walkableFromRuleset } from './walk-ruleset.ts';
export type { Walkable } from './walkable.ts';

export interface Walk {
  readonly verdict: 'accept' | 'drop';
  /** Where it was decided; a null rule is the base chain's policy, null altogether: no chain is hooked. */
  readonly decided: {
    readonly table: Ruleset['table'];
    readonly chain: string;
    readonly rule: number | null;
  } | null;
  /** Every rule that was tried, in order. */
  readonly path: readonly Step[];
}

export interface Step {
  readonly table: Ruleset['table'];
  readonly chain: string;
  /** Position in the chain, from 0. */
  readonly rule: number;
  readonly note: string;
  readonly handle: number | null;
  /** False: a match failed, and the rule had no effect beyond its counter. */
  readonly matched: boolean;
  readonly lookups: readonly Lookup[];
  /** What the rule did; null when it only counted, or did not match. */
  readonly outcome: WalkVerdict | null;
  /** As listed by the kernel; null when the rule has none or it was not reached. */
  readonly counter: { readonly packets: number; readonly bytes: number } | null;
}

/** The kernel refuses more nested jumps (NFT_JUMP_STACK_SIZE). */
const MAX_DEPTH = 16;
/** A ruleset the kernel accepted has no loop; this bounds a listing that was put together otherwise. */
const MAX_STEPS = 100_000;

/**
 * `tables` are all that one node has, in any order; the packet says which way it takes, and every chain on it
 * has to accept. Throws NFT_UNREADABLE for what is not known on the way, and for any chain whose turn is not.
 */
export function walk(tables: readonly Walkable[], packet: Packet): Walk {
  const path: Step[] = [];
  let decided: Walk['decided'] = null;
  for (const table of tables) refuseUnknownHooks(table);
  for (const stop of stopsOf(packet)) {
    const turns = tables.flatMap((table) => chainsAt(stop, table).map((base) => ({ table, base })));
    if (turns.length === 0) continue;
    const seen = asSeen(packet, stop.view);
    for (const { table, base } of turns.sort((a, b) => a.base.priority - b.base.priority)) {
      const end = walkBase(table, seen, base, path);
      decided = end.decided;
      if (end.verdict === 'drop') return { verdict: 'drop', decided, path };
    }
  }
  return { verdict: 'accept', decided, path };
}

function chainsAt(stop: Stop, { table, bases }: Walkable): readonly WalkBase[] {
  if (table.family !== stop.family) return [];
  return bases.filter(({ chain, hook, devices, priority }) => {
    if (hook !== stop.hook) return false;
    if (hook === 'ingress' && devices.length === 0) throw unreadable(`chain ${chain}`, 'hooked to no link');
    if (hook === 'ingress' && !devices.includes(stop.view.links.in)) return false;
    // Which of two at one priority comes first depends on which was there first.
    if (priority === stop.after || priority === stop.before)
      throw unreadable(`chain ${chain}, hooked at a priority of the kernel's own`, priority);
    return stop.after < priority && priority < stop.before;
  });
}

function refuseUnknownHooks({ table, bases }: Walkable): void {
  const known: readonly string[] = HOOKS[table.family];
  for (const { chain, hook } of bases)
    if (!known.includes(hook)) throw unreadable(`chain ${chain}, hooked in ${table.family}`, hook);
}

interface Frame {
  readonly chain: string;
  readonly rules: readonly WalkRule[];
  next: number;
}

function walkBase(walkable: Walkable, packet: Packet, base: WalkBase, path: Step[]): Omit<Walk, 'path'> {
  const { table } = walkable;
  const callers: Frame[] = [];
  let frame = enter(walkable, base.chain);
  while (path.length < MAX_STEPS) {
    const rule = frame.rules[frame.next];
    frame.next += 1;
    const step = rule && tryRule(walkable, packet, frame.chain, rule);
    if (step) path.push(step);
    const outcome: WalkVerdict | null = step ? step.outcome : { kind: 'return' };
    if (outcome === null) continue;
    switch (outcome.kind) {
      case 'accept':
      case 'drop':
        return { verdict: outcome.kind, decided: { table, chain: frame.chain, rule: step?.rule ?? null } };
      case 'jump':
        callers.push(frame);
        if (callers.length > MAX_DEPTH)
          throw unreadable(`the way through ${frame.chain}`, 'jumps nested too deeply');
        frame = enter(walkable, outcome.chain);
        break;
      case 'goto':
        frame = enter(walkable, outcome.chain);
        break;
      case 'return': {
        const caller = callers.pop();
        if (!caller) return { verdict: base.policy, decided: { table, chain: base.chain, rule: null } };
        frame = caller;
        break;
      }
    }
  }
  throw unreadable(`the way through ${base.chain}`, 'rules that never end');
}

function enter(walkable: Walkable, chain: string): Frame {
  const rules = walkable.rules(chain);
  if (!rules) throw unreadable(`a jump to ${chain}`, 'no such chain');
  return { chain, rules, next: 0 };
}

function tryRule(walkable: Walkable, packet: Packet, chain: string, rule: WalkRule): Step {
  const lookups: Lookup[] = [];
  let counter: Step['counter'] = null;
  const step = (matched: boolean, outcome: WalkVerdict | null): Step => ({
    table: walkable.table,
    chain,
    rule: rule.index,
    note: rule.note,
    handle: rule.handle,
    matched,
    lookups,
    outcome,
    counter,
  });
  for (const statement of rule.statements) {
    switch (statement.kind) {
      case 'match':
      case 'tcpFlagsNotSyn':
        if (!evaluateMatch(walkable, packet, statement, lookups)) return step(false, null);
        break;
      case 'counter':
        counter = { packets: statement.packets, bytes: statement.bytes };
        break;
      case 'vmap': {
        const verdict = lookUpVerdict(walkable, packet, statement, lookups);
        return step(verdict !== null, verdict);
      }
      case 'accept':
      case 'drop':
      case 'return':
      case 'jump':
      case 'goto':
        return step(true, statement);
    }
  }
  return step(true, null);
}
