import { isObject, type Json, type JsonObject, type KubeObject, listAt, objectAt, textAt } from '../json.ts';

/** Holds a definition until its objects are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

/** Names that are taken in a group, by other definitions or by the server's own kinds. */
export interface Claimed {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

/** What a definition's accepted names take from others of its group. */
export function claimsOf(definitions: readonly JsonObject[]): Claimed {
  const names = definitions.map((definition) => objectAt(definition, 'status', 'acceptedNames'));
  const texts = (own: JsonObject, ...fields: readonly string[]): readonly string[] =>
    fields.map((field) => textAt(own, field)).filter((text) => text !== '');
  return {
    resources: new Set(
      names.flatMap((own) => [...texts(own, 'plural', 'singular'), ...listAt(own, 'shortNames').map(String)]),
    ),
    kinds: new Set(names.flatMap((own) => texts(own, 'kind', 'listKind'))),
  };
}

/**
 * The definition with the status that the real controllers would give it: which of its names are free, whether it is
 * served, and the versions in which objects may be stored. A name once accepted stays its own.
 */
export function withAcceptance(definition: KubeObject, claimed: Claimed, now: string): KubeObject {
  const wanted = objectAt(definition, 'spec', 'names');
  const had = objectAt(definition, 'status', 'acceptedNames');
  const problems: { readonly reason: string; readonly message: string }[] = [];
  const accepted = new Map<string, Json | undefined>(Object.entries(had));
  for (const [field, taken] of namesWithPools(claimed)) {
    const values = Array.isArray(wanted[field]) ? listAt(wanted, field) : [wanted[field] ?? ''];
    const kept = Array.isArray(had[field]) ? listAt(had, field) : [had[field] ?? ''];
    const conflict = values.find((name) => !kept.includes(name) && taken.has(String(name)));
    if (conflict === undefined) accepted.set(field, wanted[field]);
    else {
      const reason = `${field.slice(0, 1).toUpperCase()}${field.slice(1)}Conflict`;
      problems.push({ reason, message: `${JSON.stringify(conflict)} is already in use` });
    }
  }
  accepted.set('categories', wanted.categories);
  const problem = problems.at(-1);
  const established = isEstablished(definition) || problem === undefined;
  const conditions = [
    problem === undefined
      ? condition('NamesAccepted', true, 'NoConflicts', 'no conflicts found')
      : condition('NamesAccepted', false, problem.reason, problem.message),
    established
      ? condition('Established', true, 'InitialNamesAccepted', 'the initial names have been accepted')
      : condition('Established', false, 'NotAccepted', 'not all names are accepted'),
    ...(definition.metadata.deletionTimestamp === undefined
      ? []
      : [
          condition(
            'Terminating',
            true,
            'InstanceDeletionPending',
            'CustomResourceDefinition marked for deletion',
          ),
        ]),
  ];
  return {
    ...definition,
    status: {
      ...objectAt(definition, 'status'),
      conditions: conditions.map((next) => stamped(next, definition, now)),
      acceptedNames: Object.fromEntries([...accepted].filter(([, value]) => value !== undefined)),
      storedVersions: storedVersions(definition),
    },
  };
}

function namesWithPools({ resources, kinds }: Claimed): readonly (readonly [string, ReadonlySet<string>])[] {
  return [
    ['plural', resources],
    ['singular', resources],
    ['shortNames', resources],
    ['kind', kinds],
    ['listKind', kinds],
  ];
}

function condition(type: string, holds: boolean, reason: string, message: string): JsonObject {
  return { type, status: holds ? 'True' : 'False', reason, message };
}

/** The time of a condition is that of its last change of status. */
function stamped(next: JsonObject, definition: KubeObject, now: string): JsonObject {
  const old = conditionOf(definition, textAt(next, 'type'));
  const since = old?.status === next.status ? textAt(old, 'lastTransitionTime') : now;
  return { ...next, lastTransitionTime: since };
}

function conditionOf(definition: JsonObject, type: string): JsonObject | undefined {
  return listAt(definition, 'status', 'conditions')
    .filter(isObject)
    .find((item) => item.type === type);
}

function storedVersions(definition: KubeObject): readonly Json[] {
  const had = listAt(definition, 'status', 'storedVersions');
  const storage = listAt(definition, 'spec', 'versions').filter(
    (version) => isObject(version) && version.storage === true,
  );
  return [...had, ...storage.map((version) => textAt(version, 'name')).filter((name) => !had.includes(name))];
}

/** Whether its objects are served. */
export function isEstablished(definition: JsonObject): boolean {
  return conditionOf(definition, 'Established')?.status === 'True';
}
