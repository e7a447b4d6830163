import { isArray, isObject, type Json, type JsonObject } from './json.ts';
import type { FieldType, Primitive } from './schema/schema.ts';
import { isWireType, wireFieldsOf } from './schema/wire.ts';
import { badRequest } from './status.ts';

/**
 * Reads the protobuf bodies that kubectl 1.32 and later send for `create namespace`, `create deployment` and
 * their like. Only reads: answers are JSON, which every client accepts.
 */
const magic = Buffer.from('k8s\0');
const maxDepth = 100;

/** The envelope of a Kubernetes object: `k8s\0`, then a message of type, kind and the object itself. */
export function parseProtobuf(bytes: Buffer): JsonObject {
  if (!bytes.subarray(0, magic.length).equals(magic)) throw malformed('the prefix k8s\\0 is missing');
  let raw: Buffer = Buffer.alloc(0);
  let apiVersion = '';
  let kind = '';
  for (const { number, value } of records(bytes.subarray(magic.length))) {
    if (!Buffer.isBuffer(value)) continue;
    if (number === 2) raw = value;
    if (number !== 1) continue;
    for (const part of records(value)) {
      if (!Buffer.isBuffer(part.value)) continue;
      if (part.number === 1) apiVersion = part.value.toString('utf8');
      if (part.number === 2) kind = part.value.toString('utf8');
    }
  }
  if (!isWireType(kind))
    throw badRequest(`no kind ${JSON.stringify(kind)} is known in ${JSON.stringify(apiVersion)}`);
  return { apiVersion, kind, ...Object.fromEntries(message(kind, kind, raw, 0)) };
}

interface WireRecord {
  readonly number: number;
  readonly value: bigint | Buffer;
}

function malformed(why: string): Error {
  return badRequest(`couldn't decode the protobuf body: ${why}`);
}

function* records(bytes: Buffer): Generator<WireRecord> {
  let offset = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[offset];
      if (byte === undefined) throw malformed('it ends in a number');
      offset += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw malformed('a number is too long');
  };
  const take = (length: number): Buffer => {
    if (length > bytes.length - offset) throw malformed('it ends in a field');
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  while (offset < bytes.length) {
    const key = Number(varint());
    const number = Math.floor(key / 8);
    switch (key % 8) {
      case 0:
        yield { number, value: varint() };
        break;
      case 1:
        take(8);
        break;
      case 2:
        yield { number, value: take(Number(varint())) };
        break;
      case 5:
        take(4);
        break;
      default:
        throw malformed(`unknown wire type ${key % 8}`);
    }
  }
}

function message(type: string, outer: string, bytes: Buffer, depth: number): Map<string, Json> {
  if (depth > maxDepth) throw malformed(`it is nested deeper than ${maxDepth} levels`);
  const fields = wireFieldsOf(type, outer);
  const result = new Map<string, Json>();
  for (const { number, value } of records(bytes)) {
    const found = fields.get(number);
    if (found === undefined) continue;
    if (found.kind === 'inline') {
      if (!Buffer.isBuffer(value)) throw malformed(`field ${number} of ${type} is no message`);
      for (const [name, inner] of message(found.type, outer, value, depth + 1)) result.set(name, inner);
      continue;
    }
    const { name, type: fieldType } = found.field;
    const decoded = decode(fieldType, value, result.get(name), depth + 1);
    if (decoded === null || (found.zeroIsAbsent && isZero(decoded))) result.delete(name);
    else result.set(name, decoded);
  }
  return result;
}

function isZero(value: Json): boolean {
  return (
    value === '' || value === 0 || value === false || (isObject(value) && Object.keys(value).length === 0)
  );
}

/** `before` is what earlier records of the same field gave: lists and maps grow. */
function decode(
  type: FieldType,
  value: bigint | Buffer,
  before: Json | undefined,
  depth: number,
): Json | null {
  switch (type.kind) {
    case 'primitive':
      return primitive(type.name, value);
    case 'struct':
      if (!Buffer.isBuffer(value)) throw malformed(`a ${type.name} is no message`);
      return Object.fromEntries(message(type.name, type.name, value, depth));
    case 'list': {
      const item = decode(type.of, value, undefined, depth);
      return [...(isArray(before) ? before : []), ...(item === null ? [] : [item])];
    }
    case 'map': {
      if (!Buffer.isBuffer(value)) throw malformed('a map entry is no message');
      let key = '';
      let item: Json | null = null;
      for (const part of records(value)) {
        if (part.number === 1 && Buffer.isBuffer(part.value)) key = part.value.toString('utf8');
        if (part.number === 2) item = decode(type.of, part.value, undefined, depth);
      }
      const entries = isObject(before) ? Object.entries(before) : [];
      return Object.fromEntries([...entries, [key, item ?? '']]);
    }
  }
}

function primitive(name: Primitive, value: bigint | Buffer): Json | null {
  switch (name) {
    case 'boolean':
      return value === 1n;
    case 'int32':
    case 'int64':
      return Buffer.isBuffer(value) ? null : Number(BigInt.asIntN(64, value));
    case 'string':
      return Buffer.isBuffer(value) ? value.toString('utf8') : null;
    case 'bytes':
      return Buffer.isBuffer(value) ? value.toString('base64') : null;
    case 'time':
    case 'microtime':
      return Buffer.isBuffer(value) ? time(value) : null;
    case 'quantity':
      return Buffer.isBuffer(value) ? text(value, 1) : null;
    case 'intOrString':
      return Buffer.isBuffer(value) ? intOrString(value) : null;
    case 'any':
      return null;
  }
}

function text(bytes: Buffer, number: number): string | null {
  for (const record of records(bytes)) {
    if (record.number === number && Buffer.isBuffer(record.value)) return record.value.toString('utf8');
  }
  return null;
}

function integer(bytes: Buffer, number: number): number {
  for (const record of records(bytes)) {
    if (record.number === number && !Buffer.isBuffer(record.value))
      return Number(BigInt.asIntN(64, record.value));
  }
  return 0;
}

function intOrString(bytes: Buffer): Json {
  return integer(bytes, 1) === 0 ? integer(bytes, 2) : (text(bytes, 3) ?? '');
}

/** An empty message is the zero time, which is no time. */
function time(bytes: Buffer): string | null {
  const seconds = integer(bytes, 1);
  if (bytes.length === 0 || Math.abs(seconds) > 8.64e12) return null;
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
