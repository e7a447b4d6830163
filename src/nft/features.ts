/**
 * What policyd needs of the kernel, each need with the commands that show it, in a table that is only asked
 * for. Every command is of a shape that policyd writes; together they are one transaction.
 */
import { addChain, addMap, addRule, addSet, addTable, type NftCommand } from './commands.ts';
import type { Chain, ChainName, Expression, SetName, Statement } from './objects.ts';

export interface Feature {
  readonly name: string;
  /** Modules that bring it, as for modprobe. */
  readonly modules: readonly string[];
  /** Kernel options, for who builds one. */
  readonly options: readonly string[];
  readonly commands: readonly NftCommand[];
}

const TABLE = { family: 'inet', name: 'policyd_probe' } as const;
const CHAIN = 'probe_chain' as ChainName;
const TARGET = 'probe_target' as ChainName;
const HOOK: Chain = {
  name: 'probe_hook' as ChainName,
  hook: { type: 'filter', hook: 'forward', priority: -5, policy: 'accept' },
  rules: [],
  fingerprint: '',
};
const RANGES = {
  name: 'probe_ranges' as SetName,
  type: ['ipv4_addr', 'inet_proto'],
  interval: true,
} as const;
const MAP = { name: 'probe_map' as SetName, type: ['ipv6_addr'] } as const;

const CLIENT: Expression = { kind: 'ctAddress', direction: 'original', family: 4 };
const BACKEND: Expression = { kind: 'ctAddress', direction: 'reply', family: 6 };

function rule(...statements: readonly Statement[]): NftCommand {
  return addRule(TABLE, { name: CHAIN, fingerprint: 'probe' }, { statements, note: '' }, 0);
}

function plainChain(name: ChainName): NftCommand {
  return addChain(TABLE, { name, hook: null });
}

export const FEATURES: readonly Feature[] = [
  {
    name: 'nftables with tables of family inet',
    modules: ['nf_tables'],
    options: ['CONFIG_NF_TABLES', 'CONFIG_NF_TABLES_INET'],
    commands: [addTable(TABLE), plainChain(TARGET), plainChain(CHAIN)],
  },
  {
    name: 'filter chains in the forward hook',
    modules: ['nf_tables'],
    options: ['CONFIG_NF_TABLES_INET'],
    commands: [addChain(TABLE, HOOK)],
  },
  {
    name: 'connection tracking in rules (ct state, ct original ip saddr, ct reply proto-src)',
    modules: ['nf_conntrack', 'nft_ct'],
    options: ['CONFIG_NF_CONNTRACK', 'CONFIG_NFT_CT'],
    commands: [
      rule({
        kind: 'match',
        left: { kind: 'ctState' },
        op: '==',
        right: { kind: 'words', words: ['invalid', 'untracked'] },
      }),
      rule(
        { kind: 'match', left: { kind: 'l4proto' }, op: '==', right: { kind: 'words', words: ['tcp'] } },
        {
          kind: 'match',
          left: { kind: 'ctReplyPort' },
          op: '==',
          right: { kind: 'ports', ranges: [{ first: 80, last: 90 }] },
        },
      ),
    ],
  },
  {
    name: 'sets of concatenated ranges (Linux 5.6)',
    modules: ['nf_tables'],
    options: ['CONFIG_NF_TABLES'],
    commands: [
      addSet(TABLE, RANGES, ['10.0.0.0-10.0.0.9 . 0-255']),
      rule({
        kind: 'match',
        left: { kind: 'concat', parts: [CLIENT, { kind: 'l4proto' }] },
        op: '==',
        right: { kind: 'set', name: RANGES.name },
      }),
    ],
  },
  {
    name: 'verdict maps',
    modules: ['nf_tables'],
    options: ['CONFIG_NF_TABLES'],
    commands: [
      addMap(TABLE, MAP, [['fd00::1', { kind: 'goto', chain: TARGET }]]),
      rule({ kind: 'vmap', key: BACKEND, map: MAP.name }),
    ],
  },
  {
    name: 'counters in rules',
    modules: ['nft_counter'],
    options: ['CONFIG_NFT_COUNTER'],
    commands: [rule({ kind: 'counter' }, { kind: 'drop' })],
  },
];

/** All of them, for one `nft -c`. */
export const FEATURE_COMMANDS: readonly NftCommand[] = FEATURES.flatMap(({ commands }) => commands);

/** Whose command it is, by its index in FEATURE_COMMANDS. */
export function featureOf(command: number): Feature | null {
  let first = 0;
  for (const feature of FEATURES) {
    first += feature.commands.length;
    if (command < first) return feature;
  }
  return null;
}
