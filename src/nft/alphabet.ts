/** What may be a name, a comment or an address in the kernel. Anything else throws before it can reach nft. */
import { Failure } from '../model/failure.ts';
import { type BaseHook, HOOKS, type TableFamily } from './objects.ts';

/** Of a table, chain, set or map. Throws NFT_UNWRITABLE. */
export function checkName(name: string): string {
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(name)) throw unwritable('name', name);
  return name;
}

/** An address or a prefix; its meaning is checked by nft, its letters here. */
export function checkAddress(text: string): string {
  if (!/^[0-9a-f.:]{2,45}(?:\/\d{1,3})?$/.test(text)) throw unwritable('address', text);
  return text;
}

/** A hook that tables of this family have, and that `walk` knows. */
export function checkHook(family: TableFamily, hook: BaseHook['hook']): void {
  if (!HOOKS[family].includes(hook)) throw unwritable(`hook of family ${family}`, hook);
}

/** An interface: no quotes, and no `*`, which nft takes for any ending. */
export function checkLink(name: string): string {
  if (!LINK.test(name)) throw unwritable('interface name', name);
  return name;
}

export const LINK: RegExp = /^[A-Za-z0-9_.:@-]{1,15}$/;

/** `<fingerprint>.<index> note`: at most 128 bytes, nft's limit. */
export function ruleComment(fingerprint: string, index: number, note: string): string {
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(fingerprint)) throw unwritable('fingerprint', fingerprint);
  if (!/^[A-Za-z0-9_./:-]{0,90}$/.test(note)) throw unwritable('note', note);
  return note === '' ? `${fingerprint}.${index}` : `${fingerprint}.${index} ${note}`;
}

export interface RuleMark {
  readonly fingerprint: string;
  readonly index: number;
  readonly note: string;
}

/** null: not a comment of ours. */
export function parseRuleComment(comment: string | null): RuleMark | null {
  const match = /^([A-Za-z0-9_-]{1,32})\.(\d{1,6})(?: ([A-Za-z0-9_./:-]{1,90}))?$/.exec(comment ?? '');
  if (!match) return null;
  const [, fingerprint = '', index = '', note = ''] = match;
  return { fingerprint, index: Number(index), note };
}

/** For whoever finds something that must not reach nft; `what` completes "as an nft ...". */
export function unwritable(what: string, got: unknown): Failure {
  return new Failure('NFT_UNWRITABLE', `refusing to write ${JSON.stringify(got)} as an nft ${what}`, {
    hint: 'This is a defect of policyd: what it writes comes from its own alphabet. Please report it.',
  });
}

/** Something in the kernel, or in a listing, of a shape that we do not know and must not guess at. */
export function unreadable(where: string, got: unknown): Failure {
  return new Failure(
    'NFT_UNREADABLE',
    `${where} is of a shape policyd does not know: ${JSON.stringify(got)}`,
    {
      hint: 'Something else has written into this table, or it comes from another version of policyd.',
    },
  );
}
