import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readManifestFiles } from '../../host/manifest-files.ts';
import { formatManifestProblem } from '../../manifest/problem.ts';
import { type ManifestObject, readManifests } from '../../manifest/read.ts';
import { Failure } from '../../model/failure.ts';
import { resourceOfKind } from '../apiserver/resources.ts';
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
  const files = await readManifestFiles(paths, { recursive, stdin: process.stdin });
  const { objects, problems } = readManifests(files);
  if (problems.length > 0) {
    const hints = [...new Set(problems.flatMap(({ hint }) => (hint === null ? [] : [hint])))];
    throw new Failure('INPUT_INVALID', problems.map(formatManifestProblem).join('\n'), {
      ...(hints.length === 0 ? {} : { hint: hints.join('\n') }),
    });
  }
  const known: ManifestObject[] = [];
  for (const object of objects) {
    if (resourceOfKind(object.apiVersion, object.kind) !== null) known.push(object);
    else progress.warn(`${place(object)}: the lab has no ${object.kind} (${object.apiVersion}): left out`);
  }
  return { objects: [...known].sort((a, b) => rank(a) - rank(b)) };
}

function place(object: ManifestObject): string {
  const namespace = object.namespace === null ? '' : `${object.namespace}/`;
  return `${object.file}:${object.line}: ${object.kind} ${namespace}${object.name}`;
}

/** Namespaces before what lives in them; policies before pods, so that no pod is ever open for a moment. */
function rank(object: ManifestObject): number {
  const order = [
    'Namespace',
    'Node',
    'NetworkPolicy',
    'ServiceAccount',
    'ConfigMap',
    'Secret',
    'Service',
    'Pod',
  ];
  const index = order.indexOf(object.kind);
  return index === -1 ? order.length : index;
}

/** One file for the supervisor; null when there is nothing in it. */
export async function writeLabManifests(directory: string, manifests: LabManifests): Promise<string | null> {
  if (manifests.objects.length === 0) return null;
  const file = join(directory, 'manifests.json');
  await writeFile(file, JSON.stringify(manifests.objects.map(({ raw }) => raw)), { mode: 0o600 });
  return file;
}
