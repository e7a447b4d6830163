/**
 * The revision that each of our transactions writes, by which they are told from those of others (datapath 6.8): an
 * element of a set in a table of its own, which the kernel forgets after a second. It is only ever added, since a
 * delete would make each commit wait for the kernel's grace period, and it leaves our tables as they are compiled.
 */
import type { Table } from './commands.ts';

/** No packet meets it; it holds nothing but the revisions of the last second. */
export const REVISION_TABLE: Table = { family: 'inet', name: 'policyd_revision' };

const SET = 'revision';
/** The shortest that nft's JSON can say. */
const SECONDS = 1;
/** The kernel's own housekeeping of what is forgotten. */
const COLLECTED_AFTER_SECONDS = 60;

export type RevisionCommand =
  | { readonly add: { readonly table: Table } }
  | {
      readonly add: {
        readonly set: {
          readonly family: string;
          readonly table: string;
          readonly name: string;
          readonly type: 'ipv6_addr';
          readonly flags: readonly ['timeout'];
          readonly 'gc-interval': number;
          readonly elem: readonly [{ readonly elem: { readonly val: string; readonly timeout: number } }];
        };
      };
    };

/** To be appended to a transaction. `revision`: an IPv6 address as the kernel writes it back, and a new one each time. */
export function revisionCommands(revision: string): readonly RevisionCommand[] {
  const { family, name } = REVISION_TABLE;
  return [
    { add: { table: REVISION_TABLE } },
    {
      add: {
        set: {
          family,
          table: name,
          name: SET,
          type: 'ipv6_addr',
          flags: ['timeout'],
          'gc-interval': COLLECTED_AFTER_SECONDS,
          elem: [{ elem: { val: revision, timeout: SECONDS } }],
        },
      },
    },
  ];
}

/** As the monitor prints it; null: the line is something else. */
export function revisionIn(line: string): string | null {
  return REVISION_LINE.exec(line)?.[1] ?? null;
}

const REVISION_LINE = new RegExp(
  `^add element ${REVISION_TABLE.family} ${REVISION_TABLE.name} ${SET} \\{ ([0-9a-f:]+) `,
);
