/**
 * One set element between our canonical text (see objects.ts) and nft's JSON. nft prints intervals as
 * prefixes where it can and takes protocol names from the machine; equal elements always become equal text.
 */
import type { Family } from '../model/address.ts';
import { isObject } from '../model/raw-object.ts';
import { addressFrom } from '../net/address.ts';
import { addressNumber, addressText, prefixNumbers } from './address-numbers.ts';
import { checkLink, unreadable, unwritable } from './alphabet.ts';
import type { JsonElement, JsonField, JsonScalar } from './json.ts';
import type { Element, ElementType } from './objects.ts';
import { protocolNumber, protocolWord } from './protocol-names.ts';
import { linkNumber } from './values.ts';
import type { NumberRange } from './walkable.ts';

const CONCATENATED = ' . ';

/** One for each type of the concatenation. */
export function elementFields(element: Element): readonly string[] {
  return element.split(CONCATENATED);
}

/** The reverse of elementFields. */
export function joinFields(fields: readonly string[]): Element {
  return fields.join(CONCATENATED);
}

/** `[first, last]`; a single value is both ends. */
export function fieldEnds(field: string): readonly [string, string] {
  const dash = field.indexOf('-');
  return dash < 0 ? [field, field] : [field.slice(0, dash), field.slice(dash + 1)];
}

/** As nft reads it. Throws NFT_UNWRITABLE for what is no element of that type. */
export function encodeElement(type: readonly ElementType[], element: Element): JsonElement {
  const fields = elementFields(element).map((field, index) => encodeField(type[index], field));
  const [first] = fields;
  return fields.length === 1 && first !== undefined ? first : { concat: fields };
}

function encodeField(type: ElementType | undefined, field: string): JsonField {
  // A name may hold a dash, and names have no ranges.
  if (type === 'ifname') return checkLink(field);
  const [first, last] = fieldEnds(field);
  return first === last
    ? encodeValue(type, first)
    : { range: [encodeValue(type, first), encodeValue(type, last)] };
}

function encodeValue(type: ElementType | undefined, value: string): JsonScalar {
  if (type === undefined || !/^[0-9a-z.:]{1,45}$/.test(value)) throw unwritable('element', value);
  if (type === 'inet_service') return Number(value);
  if (type === 'inet_proto') return protocolNumber(value) ?? value;
  return value;
}

/** The numbers an element stands for, one range per field. */
export function elementRanges(type: readonly ElementType[], element: Element): readonly NumberRange[] {
  return elementFields(element).map((field, index) => {
    const ends = type[index] === 'ifname' ? [field, field] : fieldEnds(field);
    const [first, last] = ends.map((end) => fieldNumber(type[index], end));
    if (first === null || first === undefined || last === null || last === undefined) {
      throw unreadable(`an element of type ${type[index] ?? 'none'}`, field);
    }
    return { first, last };
  });
}

function fieldNumber(type: ElementType | undefined, text: string): bigint | null {
  switch (type) {
    case 'ipv4_addr':
      return addressNumber(4, text);
    case 'ipv6_addr':
      return addressNumber(6, text);
    case 'inet_service':
      return /^\d{1,5}$/.test(text) ? BigInt(text) : null;
    case 'inet_proto': {
      const number = protocolNumber(text);
      return number === null ? null : BigInt(number);
    }
    case 'ifname':
      return linkNumber(text);
    case undefined:
      return null;
  }
}

/** By number, so that a listing reads in order. Also refuses what is not an element of that type. */
export function sortByElement<T>(
  type: readonly ElementType[],
  entries: Iterable<readonly [Element, T]>,
): readonly (readonly [Element, T])[] {
  return Array.from(entries, (entry) => ({ entry, ranges: elementRanges(type, entry[0]) }))
    .sort((a, b) => compareRanges(a.ranges, b.ranges))
    .map(({ entry }) => entry);
}

function compareRanges(a: readonly NumberRange[], b: readonly NumberRange[]): number {
  for (const [index, { first }] of a.entries()) {
    const other = b[index]?.first ?? first;
    if (first !== other) return first < other ? -1 : 1;
  }
  return 0;
}

/** null: not an element we could have written (a timeout, a comment, an unknown name). */
export function decodeElement(type: readonly ElementType[], json: unknown): Element | null {
  const fields = isObject(json) && 'concat' in json ? json.concat : [json];
  if (!Array.isArray(fields) || fields.length !== type.length) return null;
  const texts: string[] = [];
  for (const [index, fieldType] of type.entries()) {
    const text = decodeField(fieldType, fields[index]);
    if (text === null) return null;
    texts.push(text);
  }
  return joinFields(texts);
}

function decodeField(type: ElementType, json: unknown): string | null {
  if (!isObject(json)) return decodeValue(type, json);
  if ('range' in json && Array.isArray(json.range) && json.range.length === 2) {
    return between(decodeValue(type, json.range[0]), decodeValue(type, json.range[1]));
  }
  if ('prefix' in json && isObject(json.prefix)) return decodePrefix(type, json.prefix);
  return null;
}

function decodePrefix(type: ElementType, prefix: Readonly<Record<string, unknown>>): string | null {
  const family: Family | null = type === 'ipv4_addr' ? 4 : type === 'ipv6_addr' ? 6 : null;
  const range = family && prefixNumbers(family, String(prefix.addr), Number(prefix.len));
  return family && range ? between(addressFrom(family, range.first), addressFrom(family, range.last)) : null;
}

function between(first: string | null, last: string | null): string | null {
  if (first === null || last === null) return null;
  return first === last ? first : `${first}-${last}`;
}

function decodeValue(type: ElementType, json: unknown): string | null {
  if (typeof json !== 'string' && typeof json !== 'number') return null;
  switch (type) {
    case 'ipv4_addr':
      return isPlainIpv4(json) ? json : addressText(4, String(json));
    case 'ipv6_addr':
      return addressText(6, String(json));
    case 'inet_service':
      return /^\d{1,5}$/.test(String(json)) ? String(json) : null;
    case 'inet_proto': {
      const number = protocolNumber(json);
      return number === null ? null : protocolWord(number);
    }
    case 'ifname':
      return typeof json === 'string' && linkNumber(json) !== null ? json : null;
  }
}

/** What nft prints of IPv4 is canonical already; a listing can hold 100,000 of them. */
function isPlainIpv4(json: string | number): json is string {
  return (
    typeof json === 'string' &&
    /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/.test(json)
  );
}
