import type { Json } from './json.ts';
import { malformed, records, utf8 } from './protobuf-records.ts';
import type { Primitive } from './schema/schema.ts';

/** A primitive of the wire as JSON writes it; null for the zero time, which JSON leaves out. */
export function primitiveOf(name: Primitive, value: bigint | Buffer): Json | null {
  if (Buffer.isBuffer(value)) return fromBytes(name, value);
  switch (name) {
    case 'boolean':
      return value !== 0n;
    case 'int32':
    case 'int64':
      return Number(BigInt.asIntN(64, value));
    default:
      throw malformed(`a ${name} is a number`);
  }
}

function fromBytes(name: Primitive, bytes: Buffer): Json | null {
  switch (name) {
    case 'string':
      return utf8(bytes);
    case 'bytes':
      return bytes.toString('base64');
    case 'quantity':
      return quantity(bytes);
    case 'intOrString':
      return intOrString(bytes);
    case 'time':
    case 'microtime':
      return time(name, bytes);
    case 'boolean':
    case 'int32':
    case 'int64':
      throw malformed(`a ${name} is no number`);
    case 'double':
    case 'schemaOrBoolean':
    case 'any':
      throw malformed('free-form fields are understood in JSON only');
  }
}

function quantity(bytes: Buffer): string {
  let text = '0';
  for (const { number, value } of records(bytes)) {
    if (!Buffer.isBuffer(value) || number !== 1) throw malformed(`a quantity has field ${number}`);
    text = utf8(value);
  }
  return text;
}

/** Which of the two it is, the number, the string: Go writes all three. */
function intOrString(bytes: Buffer): Json {
  let [which, number, text] = [0n, 0, ''];
  for (const record of records(bytes)) {
    const { value } = record;
    if (record.number === 1 && !Buffer.isBuffer(value)) which = value;
    else if (record.number === 2 && !Buffer.isBuffer(value)) number = Number(BigInt.asIntN(64, value));
    else if (record.number === 3 && Buffer.isBuffer(value)) text = utf8(value);
    else throw malformed(`an intOrString has field ${record.number}`);
  }
  if (which === 0n) return number;
  if (which === 1n) return text;
  throw malformed(`an intOrString is neither number nor string but ${which}`);
}

/** Seconds and nanoseconds; JSON has whole seconds, or microseconds for a microtime. An empty message is no time. */
function time(name: 'time' | 'microtime', bytes: Buffer): string | null {
  if (bytes.length === 0) return null;
  let [seconds, nanoseconds] = [0, 0];
  for (const { number, value } of records(bytes)) {
    if (Buffer.isBuffer(value) || number > 2) throw malformed(`a ${name} has field ${number}`);
    if (number === 1) seconds = Number(BigInt.asIntN(64, value));
    else nanoseconds = Number(BigInt.asIntN(64, value));
  }
  // The years 1 to 9999, which are all that RFC 3339 can say.
  if (seconds < -62_135_596_800 || seconds > 253_402_300_799 || nanoseconds < 0 || nanoseconds > 999_999_999)
    throw malformed('a time is out of range');
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  if (name === 'time') return `${text}Z`;
  return `${text}.${String(Math.floor(nanoseconds / 1000)).padStart(6, '0')}Z`;
}
