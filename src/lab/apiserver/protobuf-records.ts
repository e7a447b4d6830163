import { badRequest, type StatusError } from './status.ts';

/** One field of a message as it stands on the wire: a number, or the bytes of a string or an inner message. */
export interface WireRecord {
  readonly number: number;
  readonly value: bigint | Buffer;
}

/** The records of a message in their order. Anything that is not one is a 400, never another error. */
export function* records(bytes: Buffer): Generator<WireRecord> {
  let offset = 0;
  while (offset < bytes.length) {
    const key = varint(bytes, offset);
    const number = Number(key.value >> 3n);
    if (number < 1 || number > maxNumber) throw malformed(`${number} is no field number`);
    const type = Number(key.value & 7n);
    const content = varint(bytes, key.end);
    switch (type) {
      case 0:
        yield { number, value: content.value };
        offset = content.end;
        break;
      case 2: {
        const length = Number(content.value);
        if (length > bytes.length - content.end) throw malformed('it ends in a field');
        offset = content.end + length;
        yield { number, value: bytes.subarray(content.end, offset) };
        break;
      }
      default:
        // Fixed-size numbers and groups: no type of Kubernetes has them.
        throw malformed(`wire type ${type} is not used by Kubernetes`);
    }
  }
}

/** 400 for a body that is no protobuf of the type it says it is. */
export function malformed(why: string): StatusError {
  return badRequest(`couldn't decode the protobuf body: ${why}`);
}

/** A string of the wire, which must be UTF-8. */
export function utf8(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) throw malformed('a string is not UTF-8');
  return text;
}

const maxNumber = 2 ** 29 - 1;

function varint(bytes: Buffer, start: number): { readonly value: bigint; readonly end: number } {
  let value = 0n;
  for (let count = 0; count < 10; count += 1) {
    const byte = bytes[start + count];
    if (byte === undefined) throw malformed('it ends in a number');
    value |= BigInt(byte & 0x7f) << BigInt(7 * count);
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), end: start + count + 1 };
  }
  throw malformed('a number is too long');
}
