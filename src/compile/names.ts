/**
 * The names of everything in the kernel: fixed words, or a prefix and the hash of a meaning, never of
 * members and never a user's text (reliability 13: identifiers are injective, nothing is smuggled into nft).
 */
import { createHash } from 'node:crypto';
import type { Family } from '../model/address.ts';
import type { PodKey } from '../model/cluster.ts';
import type { Direction } from '../model/policy.ts';
import type { ChainName, Ruleset, SetName } from '../nft/objects.ts';

const TABLE = 'policyd';

/** Where connections are judged. */
export const POLICY_TABLE: Ruleset['table'] = { family: 'inet', name: TABLE };

/** What only the family `bridge` sees. */
export const FRAME_TABLE: Ruleset['table'] = { family: 'bridge', name: TABLE };

/** Whose address a packet may have; apart, so that a kernel that cannot look up routes still has the others. */
export const SOURCE_TABLE: Ruleset['table'] = { family: 'inet', name: 'policyd_sources' };

/** Everything in them is ours, and nothing of ours is outside of them. */
export const OUR_TABLES: readonly Ruleset['table'][] = [POLICY_TABLE, FRAME_TABLE, SOURCE_TABLE];

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const LENGTH = 16;

/**
 * 80 bits of SHA-256 in base32. Two meanings of one name would need a second preimage of somebody else's
 * selector; a collision of two own selectors harms only its maker.
 */
export function hash(meaning: string): string {
  const digest = createHash('sha256').update(meaning).digest();
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of digest) {
    value = ((value << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5) {
      text += ALPHABET.charAt((value >> (bits - 5)) & 31);
      bits -= 5;
      if (text.length === LENGTH) return text;
    }
  }
  return text;
}

/** A name of our alphabet (`[a-z][a-z0-9_]*`); what is not refuses `nft/commands`. */
export function chainName(text: string): ChainName {
  return text as ChainName;
}

/** As `chainName`, of sets and maps, which share one name space. */
export function setName(text: string): SetName {
  return text as SetName;
}

/** One lasting chain per isolated local pod and direction; a pod recreated under its name gets another. */
export function podChainName(direction: Direction, pod: PodKey, uid: string): ChainName {
  return chainName(`${direction === 'ingress' ? 'in' : 'out'}_${hash(`${pod}\0${uid}`)}`);
}

export const STAGE_OUT: ChainName = chainName('stage_out');
export const STAGE_IN: ChainName = chainName('stage_in');

/** local pod -> its chain, or what an open pod means. */
export function dispatchMap(direction: Direction, family: Family): SetName {
  return setName(`${direction === 'ingress' ? 'in' : 'out'}_${family}`);
}

/** Addresses of this node's pods isolated in any direction. */
export function isolatedSet(family: Family): SetName {
  return setName(`isolated_${family}`);
}

/** Addresses of this node's pods. */
export function localSet(family: Family): SetName {
  return setName(`local_${family}`);
}

/** (p, p) for each address of this node's pods. */
export function selfSet(family: Family): SetName {
  return setName(`self_${family}`);
}

/** The ranges this node's pods get their addresses from, each paired with every address. */
export function rangeSet(family: Family): SetName {
  return setName(`range_${family}`);
}

/** Those of them in which an address that no known pod owns is dropped now. */
export function quarantineSet(family: Family): SetName {
  return setName(`quarantine_${family}`);
}

/** Links by which pods of this node send. */
export const POD_LINKS: SetName = setName('pod_links');

/** Links that lead away from this node. */
export const UPLINKS: SetName = setName('uplinks');

const LONGEST_NOTE = 90;

/**
 * A comment nft and a reader can both take: our alphabet, 90 bytes at most. Injective: what had to be changed
 * ends in its hash, since two policies whose rules and comments were the same would share one chain.
 */
export function note(text: string): string {
  const safe = text.replaceAll(/[^A-Za-z0-9_./:-]/gu, '_');
  if (safe === text && text.length <= LONGEST_NOTE) return text;
  return `${safe.slice(0, LONGEST_NOTE - LENGTH - 2)}..${hash(text)}`;
}

/** In code units: the same order on every machine. */
export function byName<Name extends string, Value>(map: ReadonlyMap<Name, Value>): ReadonlyMap<Name, Value> {
  return new Map([...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
