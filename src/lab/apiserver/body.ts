import type { IncomingMessage } from 'node:http';
import { parseAllDocuments } from 'yaml';
import type { Json } from './json.ts';
import { parseProtobuf } from './protobuf.ts';
import { badRequest, StatusError, unsupportedMediaType } from './status.ts';

/** What the real server accepts: 3 MB. */
const maxBodyBytes = 3 * 1024 * 1024;
const maxDepth = 200;

export interface Body {
  /** Without parameters, lower case; empty when the request names none. */
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** Reads a request to its end; 413 past 3 MB. */
export async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > maxBodyBytes) {
      throw new StatusError(
        413,
        'RequestEntityTooLarge',
        `Request entity too large: limit is ${maxBodyBytes}`,
      );
    }
    chunks.push(bytes);
  }
  const mediaType = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  return { mediaType, bytes: Buffer.concat(chunks) };
}

/** The body as text; 400 for bytes that are not UTF-8. */
export function textOf({ bytes }: Body): string {
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) throw badRequest('the body of the request is not UTF-8');
  return text;
}

/** A JSON, YAML or protobuf body; `undefined` for an empty one. */
export function parseBody(body: Body): Json | undefined {
  if (body.bytes.length === 0) return undefined;
  switch (body.mediaType) {
    case '':
    case 'application/json':
      return parseJson(textOf(body));
    case 'application/yaml':
    case 'application/x-yaml':
    case 'text/yaml':
      return parseYaml(textOf(body));
    case 'application/vnd.kubernetes.protobuf':
      return parseProtobuf(body.bytes);
    default:
      throw unsupportedMediaType(
        `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf`,
      );
  }
}

/** 400 for what is no JSON, or nested deeper than 200 levels. */
export function parseJson(text: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badRequest(`couldn't get version/kind; json parse error: ${why}`);
  }
  return shallow(value);
}

/** One YAML document as the JSON it stands for; 400 for anything else. */
export function parseYaml(text: string): Json {
  // Aliases are bounded by the library; anchors cannot make a small text a huge object.
  const documents = parseAllDocuments(text, { version: '1.1', merge: false });
  const [first] = documents;
  if (first === undefined || documents.length !== 1)
    throw badRequest('the body must be exactly one YAML document');
  const [error] = first.errors;
  if (error !== undefined) throw badRequest(`yaml: ${error.message}`);
  // Through JSON: dates, sets and other YAML types become what JSON can say.
  try {
    return shallow(JSON.parse(JSON.stringify(first.toJS({ maxAliasCount: 100 }) ?? null)));
  } catch (cause) {
    throw badRequest(`yaml: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** Refuses nesting that recursive code could not walk. */
function shallow(value: Json, depth = 0): Json {
  if (depth > maxDepth) throw badRequest(`the object is nested deeper than ${maxDepth} levels`);
  if (typeof value !== 'object' || value === null) return value;
  for (const item of Object.values(value)) if (item !== undefined) shallow(item, depth + 1);
  return value;
}
