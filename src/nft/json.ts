/**
 * The part of libnftables-json(5) that policyd writes, as nft 1.0.6 reads it. Write strictly: what these
 * types do not list cannot be sent. (Reading is `listing.ts`, and loose.)
 */
import type { TableFamily } from './objects.ts';

export type JsonScalar = string | number;

export type JsonField =
  | JsonScalar
  | { readonly range: readonly [JsonScalar, JsonScalar] }
  | { readonly prefix: { readonly addr: string; readonly len: number } };

export type JsonElement = JsonField | { readonly concat: readonly JsonField[] };

export type JsonVerdict =
  | { readonly accept: null }
  | { readonly drop: null }
  | { readonly goto: { readonly target: string } };

export type JsonExpression =
  | { readonly ct: { readonly key: string; readonly dir?: 'original' | 'reply' } }
  | { readonly meta: { readonly key: 'l4proto' | 'length' | 'pkttype' | 'iifname' | 'oifname' } }
  | { readonly payload: { readonly protocol: string; readonly field: string } }
  | { readonly '&': readonly [JsonExpression, string | readonly string[]] }
  | { readonly fib: { readonly result: 'oif'; readonly flags: readonly ['saddr', 'iif'] } }
  | { readonly concat: readonly JsonExpression[] };

export type JsonOperand = JsonField | boolean | { readonly set: readonly JsonField[] };

export type JsonStatement =
  | {
      readonly match: {
        readonly op: '==' | '!=' | 'in';
        readonly left: JsonExpression;
        readonly right: JsonOperand;
      };
    }
  | { readonly counter: null }
  | { readonly vmap: { readonly key: JsonExpression; readonly data: string } }
  | { readonly jump: { readonly target: string } }
  | JsonVerdict;

interface InTable {
  readonly family: TableFamily;
  readonly table: string;
}

export interface JsonTable {
  readonly family: TableFamily;
  readonly name: string;
}

export interface JsonChain extends InTable {
  readonly name: string;
  readonly type?: 'filter';
  readonly hook?: string;
  /** Of netdev: one link. */
  readonly dev?: string;
  readonly prio?: number;
  readonly policy?: 'accept';
}

export interface JsonRule extends InTable {
  readonly chain: string;
  readonly expr: readonly JsonStatement[];
  readonly comment: string;
}

export interface JsonSet extends InTable {
  readonly name: string;
  readonly type: string | readonly string[];
  readonly flags?: readonly ['interval'];
  readonly elem?: readonly JsonElement[];
}

export interface JsonMap extends InTable {
  readonly name: string;
  readonly type: string | readonly string[];
  readonly map: 'verdict';
  readonly elem?: readonly (readonly [JsonElement, JsonVerdict])[];
}

export interface JsonElements extends InTable {
  readonly name: string;
  readonly elem: readonly JsonElement[];
}

/** What a chain, set or map is called. */
export interface JsonName extends InTable {
  readonly name: string;
}
