import { type CustomKind, customKindOf } from './custom/definition.ts';
import { at, type KubeObject, sameJson } from './json.ts';
import {
  apiVersionOf,
  type BuiltInName,
  builtIn,
  builtIns,
  type GroupVersion,
  type Resource,
  type ResourceName,
} from './resources.ts';
import { StatusError } from './status.ts';
import type { Change } from './storage.ts';
import { compareVersions } from './version-order.ts';

/**
 * The kinds there are now: the server's own, and those of established CustomResourceDefinitions. A Resource keeps its
 * identity until its definition changes.
 */
export class Catalog {
  readonly #customs = new Map<string, CustomKind>();
  readonly #followers = new Set<() => void>();

  /** Takes over what a change of a CustomResourceDefinition means. */
  learn({ type, object, previous }: Change): void {
    const { name } = object.metadata;
    const known = this.#customs.get(name);
    const kind = type === 'DELETED' ? null : customKindOf(object);
    if (kind === null) this.#customs.delete(name);
    else if (known !== undefined && previous !== null && definesTheSame(previous, object))
      this.#customs.set(name, { ...known, ending: kind.ending });
    else this.#customs.set(name, kind);
    if (this.#customs.get(name)?.stored !== known?.stored) for (const follower of this.#followers) follower();
  }

  /** Calls back when a kind came, changed or went. Returns how to stop. */
  follow(callback: () => void): () => void {
    this.#followers.add(callback);
    return () => {
      this.#followers.delete(callback);
    };
  }

  /** Everything that is served: every version of every kind. */
  served(): readonly Resource[] {
    return [...builtIns, ...[...this.#customs.values()].flatMap(({ served }) => served)];
  }

  /** Each kind once, in the version it is stored in. */
  kinds(): readonly Resource[] {
    return [...builtIns, ...[...this.#customs.values()].map(({ stored }) => stored)];
  }

  /** The version asked for, or the one the kind is stored in. 404 for a kind that is gone. */
  resource(name: ResourceName, version?: string): Resource {
    const custom = this.#customs.get(name);
    if (custom !== undefined)
      return custom.served.find((resource) => resource.version === version) ?? custom.stored;
    if (isBuiltIn(name)) return builtIn(name);
    throw new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
  }

  /** Its definition is being deleted. */
  isEnding(name: ResourceName): boolean {
    return this.#customs.get(name)?.ending === true;
  }

  at(group: string, version: string, plural: string): Resource | null {
    const isIt = (r: Resource): boolean => r.group === group && r.version === version && r.plural === plural;
    return this.served().find(isIt) ?? null;
  }

  /** By `apiVersion` and `kind`, as manifests name things. */
  ofKind(apiVersion: string, kind: string): Resource | null {
    return this.served().find((r) => apiVersionOf(r) === apiVersion && r.kind === kind) ?? null;
  }

  groupVersions(): readonly GroupVersion[] {
    const seen = new Map<string, GroupVersion>();
    for (const { group, version } of this.served()) seen.set(`${group}/${version}`, { group, version });
    return [...seen.values()];
  }

  /** The versions of a group, in the order in which clients prefer them. */
  versionsOf(group: string): readonly GroupVersion[] {
    const own = this.groupVersions().filter((item) => item.group === group);
    return own.toSorted((a, b) => compareVersions(a.version, b.version));
  }
}

function definesTheSame(old: KubeObject, next: KubeObject): boolean {
  const names = ['status', 'acceptedNames'];
  return sameJson(old.spec, next.spec) && sameJson(at(old, ...names), at(next, ...names));
}

const names: ReadonlySet<string> = new Set(builtIns.map(({ name }) => name));

function isBuiltIn(name: string): name is BuiltInName {
  return names.has(name);
}
