/**
 * What the bridges with pods ask of a node: which of them and of their ports stand in rules, which switches
 * must be on, and what cannot be done since no rule can hold a name.
 */
import type { PodBridge } from '../machine/pod-bridge.ts';
import type { FoundBridge } from '../machine/pod-bridges.ts';
import type { Setting } from '../machine/setting.ts';
import { LINK as NAME } from '../nft/alphabet.ts';
import { FAMILIES } from './statements.ts';

export interface BridgeNeeds {
  /** Those that can be named. */
  readonly bridges: readonly PodBridge[];
  /** Links by which pods hang on them, sorted. */
  readonly ports: readonly string[];
  readonly settings: readonly Setting[];
  /** Sentences. */
  readonly unnameable: readonly string[];
}

/** Every bridge gets its settings; only those with a name for rules, and such ports, get into rules. */
export function bridgeNeeds(found: readonly FoundBridge[]): BridgeNeeds {
  const ports = found.flatMap((bridge) => bridge.ports);
  return {
    bridges: found
      .filter(({ name }) => NAME.test(name))
      .map(({ name, subnets, closed }): PodBridge => ({ name, subnets, closed })),
    ports: ports.filter((port) => NAME.test(port)).sort(),
    settings: found.flatMap(({ name, certain }) =>
      FAMILIES.map((family): Setting => ({ bridge: name, certain, family })),
    ),
    unnameable: [
      ...found.flatMap(({ name }) => (NAME.test(name) ? [] : [unnameableBridge(name)])),
      ...ports.flatMap((port) => (NAME.test(port) ? [] : [unnameablePort(port)])),
    ],
  };
}

function unnameableBridge(name: string): string {
  return `policies do not hold for broadcast, multicast and link-local packets on bridge ${JSON.stringify(name)}: no rule can hold its name; rename it with letters, digits and _.:@-`;
}

function unnameablePort(name: string): string {
  return `frames in disguise are not stopped at ${JSON.stringify(name)}: no rule can hold its name; rename it with letters, digits and _.:@-`;
}
