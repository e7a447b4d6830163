/** How a semantic case is written down; the tables are the `cases-*.ts` beside this. */
import type { Raw } from '../kit/objects.ts';
import { policy, world } from './world.ts';

export interface FlowCase {
  readonly from: string;
  readonly to: string;
  readonly transport: string;
  readonly allow: boolean;
}

export interface SemanticCase {
  /** The line of the reference: A1 ... J3. */
  readonly id: string;
  readonly sentence: string;
  readonly objects: readonly Raw[];
  readonly flows: readonly FlowCase[];
}

export function allowed(from: string, to: string, transport = 'TCP/80'): FlowCase {
  return { from, to, transport, allow: true };
}

export function denied(from: string, to: string, transport = 'TCP/80'): FlowCase {
  return { from, to, transport, allow: false };
}

/** A case about the base cluster and these policies of `shop`, each given by its spec. */
export function about(
  id: string,
  sentence: string,
  specs: readonly unknown[],
  flows: readonly FlowCase[],
): SemanticCase {
  const policies = specs.map((spec, index) => policy(`p-${index}`, spec));
  return { id, sentence, objects: world(...policies), flows };
}

/** The subject of most cases. */
export const WEB = { matchLabels: { app: 'web' } } as const;
export const API = { matchLabels: { app: 'api' } } as const;
export const DB = { matchLabels: { app: 'db' } } as const;

/** A policy that isolates shop/web for ingress and has these rules. */
export function webIngress(...ingress: readonly unknown[]): unknown {
  return { podSelector: WEB, policyTypes: ['Ingress'], ingress };
}

export function webEgress(...egress: readonly unknown[]): unknown {
  return { podSelector: WEB, policyTypes: ['Egress'], egress };
}
