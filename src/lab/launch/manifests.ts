import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readManifestFiles } from '../../host/manifest-files.ts';
import { toldProblems } from '../../manifest/misspelt.ts';
import { formatManifestProblem, type ManifestProblem } from '../../manifest/problem.ts';
import { type ManifestObject, readManifests } from '../../manifest/read.ts';
import { Failure } from '../../model/failure.ts';
import type { FieldProblem } from '../../model/policy.ts';
import { printable } from '../../model/printable.ts';
import { decodeNamespace } from '../../policy/decode/namespace.ts';
import { decodeNetworkPolicy } from '../../policy/decode/network-policy.ts';
import { decodeNode } from '../../policy/decode/node.ts';
import { decodePod } from '../../policy/decode/pod.ts';
import { formatProblem } from '../../policy/decode/problem.ts';
import { decodeService } from '../../policy/decode/service.ts';
import { type LabKinds, labKinds } from './kinds.ts';
import { asApplied } from './last-applied.ts';
import type { Progress } from './progress.ts';

/** The objects a lab starts with, in the order in which they are created. */
export interface LabManifests {
  readonly objects: readonly ManifestObject[];
}

/**
 * Reads the manifests of -f. Broken input stops the lab before it starts: a policy left out would leave pods
 * open. A kind the lab does not have is told with its place, and the rest goes on.
 */
export async function readLabManifests(
  paths: readonly string[],
  recursive: boolean,
  progress: Progress,
): Promise<LabManifests> {
  const files = await readManifestFiles(paths, {
    recursive,
    stdin: process.stdin,
    skipped: (path) => progress.warn(`${printable(path)}: a directory, not read without -R`),
  });
  const { objects, problems } = readManifests(files);
  const kinds = labKinds(objects);
  const known = objects
    .filter((object) => kinds(object) !== null)
    .map((object) => inDefaultNamespace(kinds, object));
  const all = [...problems, ...known.flatMap(problemsOf)];
  if (all.length > 0) throw inputProblems(all);
  for (const object of objects) {
    const { file, line, kind, apiVersion } = object;
    if (kinds(object) !== null) continue;
    progress.warn(
      `${file}:${line}: ${nameOf(object)}: the lab has no ${printable(`${kind} of ${apiVersion}`)}, left out`,
    );
  }
  // A stable sort: within a kind the order of the files counts.
  return { objects: known.sort((a, b) => rank(kinds, a) - rank(kinds, b)) };
}

/** As kubectl does when it sends an object whose namespace is not written. */
function inDefaultNamespace(kinds: LabKinds, object: ManifestObject): ManifestObject {
  if (object.namespace !== null || kinds(object)?.namespaced !== true) return object;
  const { metadata, ...rest } = object.raw as { readonly metadata: object };
  return {
    ...object,
    namespace: 'default',
    raw: { ...rest, metadata: { ...metadata, namespace: 'default' } },
  };
}

/** What the API server would say, with the place in the file, which the API server does not know. */
function problemsOf(object: ManifestObject): readonly ManifestProblem[] {
  return toldProblems(fieldProblems(object)).map(({ problem, hint }) => ({
    file: object.file,
    ...(object.position(problem.path) ?? { line: object.line, column: 1 }),
    object: nameOf(object),
    message: printable(formatProblem(problem)),
    hint,
  }));
}

function fieldProblems({ kind, raw }: ManifestObject): readonly FieldProblem[] {
  switch (kind) {
    case 'NetworkPolicy':
      return decodeNetworkPolicy(raw, 'reject').problems;
    case 'Pod':
      return decodePod(raw, 'reject').problems;
    case 'Namespace':
      return decodeNamespace(raw, 'reject').problems;
    case 'Node':
      return decodeNode(raw, 'reject').problems;
    case 'Service':
      return decodeService(raw, 'reject').problems;
    default:
      return [];
  }
}

function nameOf({ kind, namespace, name }: ManifestObject): string {
  return printable(namespace === null ? `${kind} ${name}` : `${kind} ${namespace}/${name}`);
}

function inputProblems(problems: readonly ManifestProblem[]): Failure {
  const lines = problems.map(
    (problem) =>
      `\n  ${formatManifestProblem(problem)}${problem.hint === null ? '' : `\n      ${problem.hint}`}`,
  );
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new Failure('INPUT_INVALID', `${count} in the manifests:${lines.join('')}`, {
    hint: 'correct them first: a lab without one of its objects would show something else than what is meant',
  });
}

/**
 * Namespaces before what lives in them, definitions before their objects; policies before pods, so that no pod is
 * open for a moment. A custom object may be a policy of its kind.
 */
const order: readonly string[] = [
  'Namespace',
  'Node',
  'CustomResourceDefinition',
  'NetworkPolicy',
  'ServiceAccount',
  'ConfigMap',
  'Secret',
  'Service',
];

function rank(kinds: LabKinds, object: ManifestObject): number {
  const index = order.indexOf(kinds(object)?.custom === true ? 'NetworkPolicy' : object.kind);
  return index === -1 ? order.length : index;
}

/** One file for the supervisor; null when there is nothing in it. */
export async function writeLabManifests(directory: string, manifests: LabManifests): Promise<string | null> {
  if (manifests.objects.length === 0) return null;
  const file = join(directory, 'manifests.json');
  await writeFile(file, JSON.stringify(manifests.objects.map(({ raw }) => asApplied(raw))), { mode: 0o600 });
  return file;
}
