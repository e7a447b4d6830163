import type { Json, JsonObject } from './json.ts';
import { primitiveOf } from './protobuf-primitive.ts';
import { malformed, records, utf8 } from './protobuf-records.ts';
import type { FieldType } from './schema/schema.ts';
import { isWireType, type WireField, wireFieldsOf } from './schema/wire.ts';
import { badRequest } from './status.ts';

/**
 * Reads the protobuf bodies that kubectl 1.32 and later send for `create namespace`, `create deployment` and
 * their like. Only reads: answers are JSON, which every client accepts. Nothing is dropped: what cannot be said
 * in JSON here is refused, since an object that lost a field may mean something else.
 */
const magic = Buffer.from('k8s\0');
const maxDepth = 100;

/** The envelope of a Kubernetes object: `k8s\0`, then a message of type, object and encoding. */
export function parseProtobuf(bytes: Buffer): JsonObject {
  if (!bytes.subarray(0, magic.length).equals(magic)) throw malformed('the prefix k8s\\0 is missing');
  let raw: Buffer = Buffer.alloc(0);
  let type: TypeMeta = { apiVersion: '', kind: '' };
  for (const { number, value } of records(bytes.subarray(magic.length))) {
    if (!Buffer.isBuffer(value)) throw malformed(`field ${number} of the envelope is a number`);
    if (number === 1) type = typeMeta(value);
    else if (number === 2) raw = value;
    else if (number === 3 && value.length > 0) throw malformed(`the encoding ${utf8(value)} is not known`);
    else if (number > 4) throw malformed(`field ${number} of the envelope is not known`);
  }
  const { apiVersion, kind } = type;
  if (!isWireType(kind))
    throw badRequest(`no kind ${JSON.stringify(kind)} is known in ${JSON.stringify(apiVersion)}`);
  return { apiVersion, kind, ...Object.fromEntries(message(kind, kind, raw, 0)) };
}

interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

function typeMeta(bytes: Buffer): TypeMeta {
  let apiVersion = '';
  let kind = '';
  for (const { number, value } of records(bytes)) {
    if (!Buffer.isBuffer(value)) throw malformed('a name in the type of the object is a number');
    if (number === 1) apiVersion = utf8(value);
    else if (number === 2) kind = utf8(value);
    else throw malformed(`field ${number} of the type of the object is not known`);
  }
  return { apiVersion, kind };
}

/** Lists and maps come one record an item; they grow in place, so that many items take linear time. */
class Message {
  readonly single = new Map<string, Json>();
  readonly lists = new Map<string, Json[]>();
  readonly maps = new Map<string, Map<string, Json>>();

  fields(): Map<string, Json> {
    const maps = [...this.maps].map(([name, entries]) => [name, Object.fromEntries(entries)] as const);
    return new Map<string, Json>([...this.single, ...this.lists, ...maps]);
  }
}

/** `outer` is the type that an inline message belongs to, whose fields it has. */
function message(type: string, outer: string, bytes: Buffer, depth: number): Map<string, Json> {
  if (depth > maxDepth) throw malformed(`it is nested deeper than ${maxDepth} levels`);
  const fields = wireFieldsOf(type, outer);
  const result = new Message();
  for (const { number, value } of records(bytes)) {
    const found = fields.get(number);
    if (found === undefined) throw unknownField(type, number);
    add(result, found, outer, value, depth);
  }
  return result.fields();
}

function unknownField(type: string, number: number): Error {
  return badRequest(
    `the protobuf body has field ${number} of ${type}, which the lab API server does not know: send the object as JSON or YAML, which names the field (kubectl create -f, kubectl apply -f)`,
  );
}

function add(result: Message, found: WireField, outer: string, value: bigint | Buffer, depth: number): void {
  if (found.kind === 'inline') {
    const inner = message(found.type, outer, bytesOf(found.type, value), depth + 1);
    for (const [name, item] of inner) addOnce(result, name, item);
    return;
  }
  const { name, type } = found.field;
  switch (type.kind) {
    case 'list': {
      const items = result.lists.get(name) ?? [];
      const item = decode(type.of, value, depth + 1);
      if (item === null) throw malformed(`an item of ${name} is empty`);
      items.push(item);
      result.lists.set(name, items);
      return;
    }
    case 'map': {
      const entries = result.maps.get(name) ?? new Map<string, Json>();
      const [key, item] = mapEntry(type.of, bytesOf(name, value), depth + 1);
      entries.set(key, item);
      result.maps.set(name, entries);
      return;
    }
    case 'struct':
    case 'primitive': {
      const decoded = decode(type, value, depth + 1);
      if (decoded !== null && !(found.zeroIsAbsent && isZero(decoded))) addOnce(result, name, decoded);
    }
  }
}

/** Protobuf would merge what comes in several records, or take the last; no client of Kubernetes writes them. */
function addOnce(result: Message, name: string, value: Json): void {
  if (result.single.has(name)) throw malformed(`${name} is there twice`);
  result.single.set(name, value);
}

function isZero(value: Json): boolean {
  if (typeof value === 'object') return value !== null && Object.keys(value).length === 0;
  return value === '' || value === 0 || value === false;
}

/** Null is the zero time, which JSON does not say. */
function decode(type: FieldType, value: bigint | Buffer, depth: number): Json | null {
  switch (type.kind) {
    case 'primitive':
      return primitiveOf(type.name, value);
    case 'struct':
      return Object.fromEntries(message(type.name, type.name, bytesOf(type.name, value), depth));
    case 'list':
    case 'map':
      throw malformed('a list or a map stands inside another');
  }
}

function mapEntry(type: FieldType, bytes: Buffer, depth: number): readonly [string, Json] {
  let key = '';
  let item: Json = '';
  for (const { number, value } of records(bytes)) {
    if (number === 1) key = utf8(bytesOf('the key of a map', value));
    else if (number === 2) item = decode(type, value, depth) ?? '';
    else throw malformed('a map entry has more than a key and a value');
  }
  return [key, item];
}

function bytesOf(what: string, value: bigint | Buffer): Buffer {
  if (!Buffer.isBuffer(value)) throw malformed(`${what} is a number`);
  return value;
}
