/**
 * A packet through a ruleset, as the kernel runs it (nf_tables_core.c): a verdict and the way to it. Knows
 * nothing of policies; it is the second of the two evaluators that must agree. What it does not know it
 * refuses, with NFT_UNREADABLE.
 */
import { unreadable } from './alphabet.ts';
import { evaluateMatch, type Lookup, lookUpVerdict } from './match.ts';
import type { Packet } from './packet.ts';
import type { Walkable, WalkBase, WalkRule, WalkVerdict } from './walkable.ts';

export type { Lookup } from './match.ts';
export { walkableFromListing } from './walk-listing.ts';
export { walkableFromRuleset } from './walk-ruleset.ts';
export type { Walkable } from './walkable.ts';

export interface Walk {
  readonly verdict: 'accept' | 'drop';
  /** Where it was decided; a null rule is the base chain's policy, null altogether: no chain is hooked. */
  readonly decided: { readonly chain: string; readonly rule: number | null } | null;
  /** Every rule that was tried, in order. */
  readonly path: readonly Step[];
}

export interface Step {
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

export function walk(
  walkable: Walkable,
  packet: Packet,
  hook: 'forward' | 'input' | 'output' = 'forward',
): Walk {
  const path: Step[] = [];
  let decided: Walk['decided'] = null;
  for (const base of walkable.bases(hook)) {
    const end = walkBase(walkable, packet, base, path);
    decided = end.decided;
    if (end.verdict === 'drop') return { verdict: 'drop', decided, path };
  }
  return { verdict: 'accept', decided, path };
}

interface Frame {
  readonly chain: string;
  readonly rules: readonly WalkRule[];
  next: number;
}

function walkBase(walkable: Walkable, packet: Packet, base: WalkBase, path: Step[]): Omit<Walk, 'path'> {
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
        return { verdict: outcome.kind, decided: { chain: frame.chain, rule: step?.rule ?? null } };
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
        if (!caller) return { verdict: base.policy, decided: { chain: base.chain, rule: null } };
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
