/**
 * Manifest text to objects that know their file, line and column. What cannot be used becomes a problem
 * that says where it is, what was got and which rule it breaks; everything else goes on. What an object
 * means is not judged here (policy/decode does), only that it is one and which.
 */
import type { Path } from '../model/labels.ts';
import { printable, quoted } from '../model/printable.ts';
import { checkKind, isNamespaced } from './kinds.ts';
import type { ManifestProblem, Position } from './problem.ts';
import { parseYaml } from './yaml.ts';

export interface ManifestSource {
  /** As the user named it; it is printed. */
  readonly file: string;
  readonly text: string;
}

export interface ManifestObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** metadata.namespace as written; null when absent and for cluster-wide kinds. */
  readonly namespace: string | null;
  readonly name: string;
  readonly raw: unknown;
  readonly file: string;
  readonly line: number;
  /** Where the value at this path stands; for an absent one, its nearest parent. */
  readonly position: (path: Path) => Position | null;
}

export interface Manifests {
  /** In the order of the sources. */
  readonly objects: readonly ManifestObject[];
  readonly problems: readonly ManifestProblem[];
}

type Locate = (path: Path) => Position;
type Report = (path: Path, message: string, hint?: string | null) => void;

/** Never throws: what is no manifest, or names an object a second time, is among the problems with its line. */
export function readManifests(sources: readonly ManifestSource[]): Manifests {
  const objects: ManifestObject[] = [];
  const problems: ManifestProblem[] = [];
  const seen = new Map<string, ManifestObject>();
  for (const { file, text } of sources) {
    for (const document of parseYaml(text)) {
      if (document.kind === 'problem') {
        problems.push({ file, ...document.at, object: null, message: document.message, hint: null });
      } else {
        readObject(document.value, document.locate, file);
      }
    }
  }
  return { objects, problems };

  function readObject(raw: unknown, locate: Locate, file: string): void {
    const report: Report = (path, message, hint = null) => {
      problems.push({ file, ...locate(path), object: describe(raw), message, hint });
    };
    if (!isRecord(raw)) {
      report([], `got ${nameType(raw)}, want an object with apiVersion, kind and metadata`);
      return;
    }
    const { apiVersion, kind } = raw;
    if (typeof kind !== 'string' || kind === '') {
      report(['kind'], required('kind', kind));
      return;
    }
    if (typeof apiVersion !== 'string' || apiVersion === '') {
      report(['apiVersion'], required('apiVersion', apiVersion));
      return;
    }
    if (kind.endsWith('List') && 'items' in raw) {
      readList(raw, kind, apiVersion, locate, file, report);
      return;
    }
    const wrong = checkKind(apiVersion, kind);
    if (wrong !== null) {
      report([wrong.field], wrong.message, wrong.hint);
      return;
    }
    const identity = readIdentity(raw, kind, report);
    if (identity === null) return;
    const object: ManifestObject = {
      apiVersion,
      kind,
      ...identity,
      raw,
      file,
      line: locate([]).line,
      position: locate,
    };
    // Group and not version: two versions of a kind are the same object.
    const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
    const key = JSON.stringify([group, kind, identity.namespace ?? 'default', identity.name]);
    const first = seen.get(key);
    if (first !== undefined) {
      const name = describe(raw) ?? kind;
      report(
        ['metadata', 'name'],
        `duplicate object: ${name} is already defined at ${first.file}:${first.line}`,
        'remove or rename one of them; which one counts would depend on the order',
      );
      return;
    }
    seen.set(key, object);
    objects.push(object);
  }

  function readList(
    raw: Readonly<Record<string, unknown>>,
    kind: string,
    apiVersion: string,
    locate: Locate,
    file: string,
    report: Report,
  ): void {
    const { items } = raw;
    if (items === null) return;
    if (!Array.isArray(items)) {
      report(['items'], `items: got ${nameType(items)}, want a list of objects`);
      return;
    }
    items.forEach((item: unknown, index) => {
      // The items of a typed list (`PodList`) may leave their kind out, as the API server's answers do.
      const typed = kind !== 'List' && isRecord(item) && !('kind' in item);
      const full = typed ? { apiVersion, kind: kind.slice(0, -'List'.length), ...item } : item;
      readObject(full, (path) => locate(['items', index, ...path]), file);
    });
  }
}

function readIdentity(
  raw: Readonly<Record<string, unknown>>,
  kind: string,
  report: Report,
): { readonly namespace: string | null; readonly name: string } | null {
  const { metadata } = raw;
  if (!isRecord(metadata)) {
    report(['metadata'], required('metadata', metadata, 'an object'));
    return null;
  }
  const { name, namespace } = metadata;
  if (typeof name !== 'string' || name === '') {
    const generated = 'generateName' in metadata;
    report(
      ['metadata', 'name'],
      required('metadata.name', name),
      generated ? 'generateName is filled in by a cluster only: give the object a name' : null,
    );
    return null;
  }
  if (!isNamespaced(kind)) return { namespace: null, name };
  if (namespace === undefined || namespace === null || namespace === '') return { namespace: null, name };
  if (typeof namespace !== 'string') {
    report(['metadata', 'namespace'], required('metadata.namespace', namespace));
    return null;
  }
  return { namespace, name };
}

function required(path: string, got: unknown, want = 'a string'): string {
  if (got === undefined || got === null || got === '') return `${path}: Required value`;
  return `${path}: Invalid value: got ${nameType(got)}, want ${want}`;
}

/** `NetworkPolicy shop/web`: as much as can be read of a possibly broken object. */
function describe(raw: unknown): string | null {
  if (!isRecord(raw) || typeof raw.kind !== 'string' || raw.kind === '') return null;
  const metadata = isRecord(raw.metadata) ? raw.metadata : {};
  const name = typeof metadata.name === 'string' ? printable(metadata.name) : '';
  const namespace = typeof metadata.namespace === 'string' ? `${printable(metadata.namespace)}/` : '';
  return name === '' ? printable(raw.kind) : `${printable(raw.kind)} ${namespace}${name}`;
}

function nameType(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? `the string ${quoted(value)}` : `the ${typeof value} ${String(value)}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
