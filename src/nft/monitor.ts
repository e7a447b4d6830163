/**
 * What `nft monitor` prints, line by line, as transactions: who committed each, what of our tables it touched, and
 * the revision it wrote. Only the text form names the program and ends a transaction (datapath 6.7). What is not
 * understood, or may have been lost, is said so; nothing is passed over that could be ours.
 */
import type { Table } from './commands.ts';
import { REVISION_TABLE, revisionIn } from './revision.ts';

export interface Transaction {
  readonly kind: 'transaction';
  /** `nft (process 4711)`; the number is of the first PID namespace. */
  readonly by: string;
  /** Of the tables asked for, those it touched. */
  readonly touched: readonly Touched[];
  /** It touched tables, chains or flowtables of others. */
  readonly elsewhere: boolean;
  /** null: it wrote none. */
  readonly revision: string | null;
}

export interface Touched {
  readonly table: Table;
  /** Chains in which rules came or went; `all` if they are too many to be named. */
  readonly chains: ReadonlySet<string> | 'all';
  /** It was deleted, and not made again. */
  readonly gone: boolean;
}

export type Heard =
  | Transaction
  /** Anything may have happened to any table. */
  | { readonly kind: 'lost'; readonly reason: string };

/** Characters of a line that are ever looked at: families, names of up to 255 bytes, a revision. */
export const LONGEST_LINE = 700;
const MOST_CHAINS = 1_000;
/** What others have of these, packets of pods may meet. */
const SURROUNDINGS = ['table', 'chain', 'flowtable'];

const GENERATION = /^# new generation (\d+) by process (\d+) \((.*)\)$/;
const EVENT = /^([a-z]+) ([a-z]+) ([a-z0-9]+) (\S+)(?: (\S+))?/;
/** What goes on from the line before. */
const CONTINUED = /^(?:\s|\}|$)/;

export class MonitorReader {
  readonly #tables: readonly Table[];
  readonly #touched = new Map<Table, Set<string> | 'all'>();
  readonly #gone = new Set<Table>();
  #elsewhere = false;
  #revision: string | null = null;
  #unread: string | null = null;
  /** null: none has been heard yet. */
  #generation: number | null = null;

  constructor(tables: readonly Table[]) {
    this.#tables = tables;
  }

  /** What has come to its end with this line. */
  read(line: string): readonly Heard[] {
    if (CONTINUED.test(line)) return [];
    const end = GENERATION.exec(line);
    if (end !== null) return this.#ended(Number(end[1]), `${end[3]} (process ${end[2]})`);
    const event = EVENT.exec(line);
    if (event === null) this.#unread ??= line;
    else this.#note(line, event);
    // Nothing ends the transaction of what was lost.
    return line.startsWith('# ERROR') ? [lost(line)] : [];
  }

  #note(line: string, [, verb, object, family, name, inside]: RegExpExecArray): void {
    this.#revision ??= revisionIn(line);
    const table = this.#tables.find((each) => each.family === family && each.name === name);
    if (table === undefined) {
      this.#elsewhere ||= SURROUNDINGS.includes(object ?? '') && name !== REVISION_TABLE.name;
      return;
    }
    const chains = this.#touched.get(table) ?? new Set<string>();
    this.#touched.set(table, chains);
    if (object === 'table' && verb === 'delete') this.#gone.add(table);
    else this.#gone.delete(table);
    if (object !== 'rule' || inside === undefined || chains === 'all') return;
    if (chains.size < MOST_CHAINS) chains.add(inside);
    else this.#touched.set(table, 'all');
  }

  /** One generation is one transaction: where one is missing, it was lost on the way. */
  #ended(generation: number, by: string): readonly Heard[] {
    const before = this.#generation;
    const missed = before !== null && generation !== before + 1;
    const unread = this.#unread;
    const heard: Transaction = {
      kind: 'transaction',
      by,
      touched: [...this.#touched].map(([table, chains]) => ({ table, chains, gone: this.#gone.has(table) })),
      elsewhere: this.#elsewhere,
      revision: this.#revision,
    };
    this.#generation = generation;
    this.#touched.clear();
    this.#gone.clear();
    this.#elsewhere = false;
    this.#revision = null;
    this.#unread = null;
    return [
      ...(missed ? [lost(`generation ${generation} came after ${before}`)] : []),
      ...(unread !== null && heard.revision === null ? [lost(`nft said: ${unread}`)] : []),
      heard,
    ];
  }
}

function lost(reason: string): Heard {
  return { kind: 'lost', reason };
}
