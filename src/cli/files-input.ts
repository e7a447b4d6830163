/** -f: manifests to a world, without any cluster. An object that cannot be used ends it: what it would allow or deny is not known. */
import { readManifestFiles } from '../host/manifest-files.ts';
import { isNamespaced } from '../manifest/kinds.ts';
import { toldProblems } from '../manifest/misspelt.ts';
import { didYouMean, nearNames } from '../manifest/near.ts';
import { formatManifestProblem, type ManifestProblem } from '../manifest/problem.ts';
import { type ManifestObject, readManifests } from '../manifest/read.ts';
import { Failure } from '../model/failure.ts';
import type { Path } from '../model/labels.ts';
import { printable, quoted } from '../model/printable.ts';
import { formatProblem } from '../policy/decode/problem.ts';
import { type Decodings, decodeAll, type Gathered, isUsed } from '../world/gather.ts';
import type { Terminal } from './terminal.ts';

export interface FilesInput {
  readonly decoded: Decodings;
  readonly files: readonly string[];
  /** Objects that restrict traffic by other means, and are left out. */
  readonly ignored: readonly string[];
  /** Directories that were not read, and policies that decide nothing here. */
  readonly notes: readonly string[];
}

export interface FilesOptions {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
  readonly namespace?: string | undefined;
}

/** Reads and decodes them all; INPUT_INVALID lists every problem with its file, line and column. */
export async function readFilesInput(options: FilesOptions, terminal: Terminal): Promise<FilesInput> {
  const notes: string[] = [];
  const sources = await readManifestFiles(options.filename ?? [], {
    recursive: options.recursive === true,
    stdin: terminal.stdin,
    skipped: (directory) => notes.push(`${printable(directory)}: a directory, not read without -R`),
  });
  const { objects, problems } = readManifests(sources);
  const used = objects.filter(({ kind, apiVersion }) => isUsed(kind, apiVersion));
  const gathered = used.map((object) => gather(object, options.namespace ?? 'default'));
  const decoded = decodeAll(gathered, 'reject');
  const all = [
    ...problems,
    ...gathered.flatMap((object, index): readonly ManifestProblem[] => {
      const owner = used[index];
      if (owner === undefined) return [];
      const own = decoded.problems.filter((each) => each.object === object).map(({ problem }) => problem);
      return toldProblems(own).map(({ problem, hint }) => {
        const at = owner.position(problem.path) ?? { line: owner.line, column: 1 };
        const message = printable(formatProblem(problem));
        return { file: owner.file, ...at, object: nameOf(owner), message, hint };
      });
    }),
  ];
  if (all.length > 0) throw inputProblems(all);
  return {
    decoded,
    files: sources.map(({ file }) => file),
    ignored: objects
      .filter(({ kind, apiVersion }) => !isUsed(kind, apiVersion) && /Policy$/.test(kind))
      .map(ignoredText),
    notes: [...notes, ...idlePolicies(decoded, used)],
  };
}

/** A policy in a namespace of which the files know nothing is most likely meant for another one. */
function idlePolicies(
  { objects: { namespaces, pods, networkpolicies: policies } }: Decodings,
  manifests: readonly ManifestObject[],
): readonly string[] {
  if (policies.size === 0) return ['no NetworkPolicy in the files: nothing is isolated'];
  const known = new Set([...namespaces.keys(), ...[...pods.values()].map((pod) => pod.namespace)]);
  return [...policies.values()].flatMap(({ namespace, name }) => {
    if (known.has(namespace)) return [];
    const object = manifests.find(
      (each) =>
        each.kind === 'NetworkPolicy' && each.name === name && (each.namespace ?? namespace) === namespace,
    );
    const place = object === undefined ? '' : `${object.file}:${object.line}: `;
    const near = didYouMean(nearNames(namespace, [...known]));
    return [
      `${place}NetworkPolicy ${printable(`${namespace}/${name}`)} decides nothing here: the files have no pod and no Namespace ${quoted(namespace)}${near === null ? '' : `; ${near}`}`,
    ];
  });
}

function gather(object: ManifestObject, namespace: string): Gathered {
  return {
    kind: object.kind,
    raw:
      isNamespaced(object.kind) && object.namespace === null
        ? withNamespace(object.raw, namespace)
        : object.raw,
    locate: (path: Path) => {
      const position = object.position(path);
      return position && { file: object.file, ...position };
    },
  };
}

/** As kubectl does when it sends the object. */
function withNamespace(raw: unknown, namespace: string): unknown {
  const object = raw as { readonly metadata: object };
  return { ...object, metadata: { ...object.metadata, namespace } };
}

function nameOf({ kind, namespace, name }: ManifestObject): string {
  return printable(namespace === null ? `${kind} ${name}` : `${kind} ${namespace}/${name}`);
}

function ignoredText(object: ManifestObject): string {
  return `${object.file}:${object.line}: ${nameOf(object)} (${printable(object.apiVersion)}) is not a Kubernetes NetworkPolicy and is left out`;
}

function inputProblems(problems: readonly ManifestProblem[]): Failure {
  const lines = problems.map(
    (problem) =>
      `\n  ${formatManifestProblem(problem)}${problem.hint === null ? '' : `\n      ${problem.hint}`}`,
  );
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new Failure('INPUT_INVALID', `${count} in the manifests:${lines.join('')}`, {
    hint: 'no verdict is given while an object cannot be used: it might allow or deny anything',
  });
}
