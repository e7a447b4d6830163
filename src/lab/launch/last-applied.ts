/**
 * The annotation in which `kubectl apply` keeps what it was given, written as kubectl writes it: so that a
 * later apply of the same file finds nothing to change, and of another one what to remove.
 */
import { isObject } from '../../model/raw-object.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Annotations hold 256 KiB together (apimachinery's TotalAnnotationSizeLimitB); larger objects go without. */
const LONGEST = 200 * 1024;

/** The object with that annotation, as `kubectl apply` sends it; as it is when it is no object or too large. */
export function asApplied(raw: unknown): unknown {
  if (!isObject(raw) || !isObject(raw.metadata)) return raw;
  const given = isObject(raw.metadata.annotations) ? raw.metadata.annotations : {};
  const { [LAST_APPLIED]: _, ...annotations } = given;
  const object = { ...raw, metadata: { ...raw.metadata, annotations } };
  const text = `${goJson(object)}\n`;
  if (Buffer.byteLength(text) > LONGEST) return raw;
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { ...annotations, [LAST_APPLIED]: text } },
  };
}

/** As Go's encoding/json writes a map: keys sorted, and <, >, & and two line separators escaped. */
function goJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  if (!isObject(value)) return escaped(value);
  const fields = Object.keys(value)
    .sort()
    .map((key) => `${escaped(key)}:${goJson(value[key])}`);
  return `{${fields.join(',')}}`;
}

function escaped(value: unknown): string {
  return (JSON.stringify(value) ?? 'null').replace(
    /[<>&\u2028\u2029]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
