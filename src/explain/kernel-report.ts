import type { RuleOrigin } from '../model/endpoint.ts';

/** What the kernel's own ruleset does with the first packet of a flow: evidence, kept apart from prediction. */
export interface KernelReport {
  /**
   * agrees: every node on the way does what the policies say. mismatch: one does not, though it is in sync.
   * out-of-sync: it does not, and has not caught up. not-enforced: a node has no table of policyd.
   * not-checked: see `why`.
   */
  readonly state: 'agrees' | 'mismatch' | 'out-of-sync' | 'not-enforced' | 'not-checked';
  readonly why: string | null;
  /** The source's node, then the destination's. */
  readonly nodes: readonly KernelNode[];
}

export interface KernelNode {
  readonly node: string;
  readonly inSync: boolean;
  /** accept: this node lets the packet pass. null: no table there. */
  readonly verdict: 'accept' | 'drop' | null;
  /** The rule that decided. */
  readonly decision: KernelRule | null;
  /** Every rule that decided something on the way, in order. */
  readonly path: readonly KernelRule[];
}

export interface KernelRule {
  /** Of the table: `inet`, `bridge`, `netdev`. */
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** From 0. */
  readonly index: number;
  readonly does: string;
  /** The policy rules it was made from: `shop/api ingress[0]`. */
  readonly from: readonly string[];
  /** The same, for programs. */
  readonly origins: readonly RuleOrigin[];
  /** What the rule says whom it serves. */
  readonly note: string;
  /** Packets counted since the rule was written; null: it does not count. */
  readonly packets: number | null;
  readonly sets: readonly KernelSet[];
}

export interface KernelSet {
  readonly name: string;
  /** `shop: app=web`; null: not known. */
  readonly meaning: string | null;
  readonly looked: string;
  readonly found: boolean;
}
