/** Verdicts of map elements: from nft's JSON, and as text to compare. */
import type { ChainName, ElementVerdict } from './objects.ts';

/** Injective: `accept`, `drop`, `goto chain`. */
export function verdictKey(verdict: ElementVerdict): string {
  return verdict.kind === 'goto' ? `goto ${verdict.chain}` : verdict.kind;
}

/** null: a verdict policyd never writes into a map. */
export function elementVerdict(json: unknown): ElementVerdict | null {
  if (typeof json !== 'object' || json === null) return null;
  if ('accept' in json) return { kind: 'accept' };
  if ('drop' in json) return { kind: 'drop' };
  if (!('goto' in json) || typeof json.goto !== 'object' || json.goto === null) return null;
  const target = 'target' in json.goto ? json.goto.target : null;
  return typeof target === 'string' ? { kind: 'goto', chain: target as ChainName } : null;
}
