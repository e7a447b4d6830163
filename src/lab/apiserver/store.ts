import { type AdmissionContext, admit, admitUpdate, type FieldRule, type Track, typed } from './admission.ts';
import { Catalog } from './catalog.ts';
import { type Content, contentsOf, dependentsOf } from './contents.ts';
import { deferred } from './deferred.ts';
import {
  checkPreconditions,
  type DeleteOptions,
  foregroundFinalizer,
  gracePeriod,
  isReleased,
  namespaceHeld,
  ownersWithout,
} from './deletion.ts';
import { type JsonObject, type KubeObject, listAt, objectAt, sameJson, textAt, withPath } from './json.ts';
import { applied } from './managed/apply.ts';
import { type Part, recorded, type Writer, withManagers } from './managed/record.ts';
import { checkNamespace } from './namespace-check.ts';
import { newObject } from './new-object.ts';
import { builtIn, type Resource, type ResourceName } from './resources.ts';
import { belongs, type ListOptions, visible, type WatchEvent } from './selection.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  methodNotAllowed,
  modifiedMeanwhile,
  notFound,
  StatusError,
} from './status.ts';
import { type Key, Storage } from './storage.ts';
import { timestamp } from './timestamp.ts';

export interface ObjectList {
  readonly resourceVersion: string;
  readonly items: readonly KubeObject[];
}

export interface StoreOptions {
  readonly serviceRanges: readonly string[];
  readonly now: () => Date;
  readonly historyLimit: number;
}

export interface WriteOptions {
  readonly dryRun?: boolean;
  /** The version of a custom kind that the input is in; by default the one it is stored in. */
  readonly version?: string;
  /** Unknown fields; by default new objects are refused for them, and updates lose them. */
  readonly fields?: FieldRule;
  /** Who writes, for `metadata.managedFields`. By default the lab itself. */
  readonly manager?: FieldManager;
}

export interface FieldManager {
  readonly name: string;
  /** Empty for the object itself. */
  readonly subresource: string;
}

export interface ApplyOptions extends WriteOptions {
  readonly part: Part;
  /** Takes fields from their managers instead of a conflict. */
  readonly force: boolean;
}

const strict: FieldRule = { validation: 'Strict', warn: () => undefined };
const ignoring: FieldRule = { validation: 'Ignore', warn: () => undefined };
const conflictAttempts = 16;

/**
 * Objects after defaulting, validation and admission: the server's meaning without HTTP.
 * The supervisor, the kubelet and the controllers use it in the same process; every refusal is an StatusError.
 */
export class Store {
  readonly storage: Storage;
  readonly catalog: Catalog;
  readonly #options: StoreOptions;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.storage = new Storage(options.historyLimit);
    this.catalog = new Catalog();
    this.storage.follow('customresourcedefinitions', (change) => this.catalog.learn(change));
  }

  now(): Date {
    return this.#options.now();
  }

  get(resource: ResourceName, key: Key): KubeObject | null {
    return this.storage.get(resource, key);
  }

  /** 404 instead of null. */
  need(resource: ResourceName, key: Key): KubeObject {
    const found = this.storage.get(resource, key);
    if (found === null) throw notFound(this.catalog.resource(resource), key.name);
    return found;
  }

  list(resource: ResourceName, options: ListOptions = {}): ObjectList {
    const { revision, objects } = this.storage.snapshot(resource);
    return { resourceVersion: String(revision), items: objects.filter((object) => belongs(object, options)) };
  }

  /** The revision of the last change to this kind of object, as text. */
  resourceVersionOf(resource: ResourceName): string {
    return String(this.storage.lastRevision(resource));
  }

  create(name: ResourceName, input: JsonObject, options: WriteOptions = {}): KubeObject {
    const resource = this.catalog.resource(name, options.version);
    const writer = this.#writer('main', options);
    return this.#create(resource, input, options, (next) => recorded(resource, null, next, {}, writer));
  }

  /**
   * Server-side apply: makes the object, or merges what is applied into it. 409 when other managers own what would
   * change.
   */
  apply(
    name: ResourceName,
    key: Key,
    config: JsonObject,
    options: ApplyOptions,
  ): { readonly object: KubeObject; readonly created: boolean } {
    const resource = this.catalog.resource(name, options.version);
    const live = this.storage.get(name, key);
    const { part, force } = options;
    if (live === null && part === 'status') throw notFound(resource, key.name);
    const given = typed(resource, config, { ...(options.fields ?? strict), keepEmpty: true });
    const { object, managers } = applied(resource, live, given, { ...this.#writer(part, options), force });
    const { name: _name, namespace: _namespace, ...asked } = objectAt(given, 'metadata');
    const metadata = {
      ...objectAt(object, 'metadata'),
      ...(asked.resourceVersion === undefined ? {} : { resourceVersion: asked.resourceVersion }),
      ...(asked.uid === undefined ? {} : { uid: asked.uid }),
      name: key.name,
      ...(resource.namespaced ? { namespace: key.namespace } : {}),
    };
    const next = { ...object, metadata };
    const track: Track = (shaped) => withManagers(shaped, managers);
    const rest = { ...options, fields: ignoring };
    if (live === null) return { object: this.#create(resource, next, rest, track), created: true };
    return { object: this.#replace(resource, next, part, rest, () => track), created: false };
  }

  /** Replaces everything but status. With `metadata.resourceVersion`, only that version (409 otherwise). */
  update(name: ResourceName, input: JsonObject, options: WriteOptions = {}): KubeObject {
    return this.#update(name, input, 'main', options);
  }

  /** Replaces `status` alone. */
  updateStatus(name: ResourceName, input: JsonObject, options: WriteOptions = {}): KubeObject {
    return this.#update(name, input, 'status', options);
  }

  /** Reads, edits and writes, again after a conflict; null when the object is gone. */
  edit(name: ResourceName, key: Key, change: (object: KubeObject) => JsonObject): KubeObject | null {
    return this.#edit(name, key, change, 'main');
  }

  editStatus(name: ResourceName, key: Key, change: (status: JsonObject) => JsonObject): KubeObject | null {
    return this.#edit(
      name,
      key,
      (object) => ({ ...object, status: change(objectAt(object, 'status')) }),
      'status',
    );
  }

  /** Sets `spec.nodeName` of a pod that has none: the scheduler's act. */
  bind(key: Key, nodeName: string): KubeObject {
    const pod = this.need('pods', key);
    const bound = textAt(pod, 'spec', 'nodeName');
    if (bound !== '') {
      throw conflict(builtIn('pods'), key.name, `pod ${key.name} is already assigned to node "${bound}"`);
    }
    return this.storage.put('pods', { ...pod, spec: { ...objectAt(pod, 'spec'), nodeName } });
  }

  /**
   * Marks or removes. A pod on a node is marked and stays until deleted with gracePeriodSeconds 0;
   * an object with finalizers stays until they are gone; a namespace stays until it is empty.
   */
  delete(name: ResourceName, key: Key, options: DeleteOptions = {}): KubeObject {
    const object = this.need(name, key);
    checkPreconditions(this.catalog.resource(name), object, options.preconditions);
    if (options.propagationPolicy === 'Orphan') this.#orphan(object);
    if (options.propagationPolicy === 'Foreground' && object.metadata.deletionTimestamp === undefined) {
      if (this.dependentsOf(object).length > 0) return this.#deleteForeground(name, object);
    }
    const grace = gracePeriod(name, object, options.gracePeriodSeconds);
    const held = listAt(object, 'metadata', 'finalizers').length > 0 || namespaceHeld(name, object);
    if (grace === 0 && !held) {
      const marked = this.#markDeleted(object, grace);
      return this.storage.remove(name, key, marked) ?? object;
    }
    const already = textAt(object, 'metadata', 'deletionTimestamp') !== '';
    const shorter = grace < (Number(object.metadata.deletionGracePeriodSeconds ?? 0) || 0);
    if (already && !shorter) return object;
    const marked = this.#markDeleted(object, grace);
    const status =
      name === 'namespaces' ? { status: { ...objectAt(object, 'status'), phase: 'Terminating' } } : {};
    return this.storage.put(name, { ...marked, ...status });
  }

  /** Removes the holder `kubernetes` of a namespace: the last act of its deletion. */
  finalizeNamespace(name: string): void {
    const namespace = this.storage.get('namespaces', { namespace: '', name });
    if (namespace === null) return;
    if (listAt(namespace, 'metadata', 'finalizers').length > 0) {
      this.storage.put('namespaces', withPathKept(namespace, ['spec', 'finalizers'], []));
    } else this.storage.remove('namespaces', { namespace: '', name });
  }

  /**
   * Calls back for every change, after the write that made it has returned, in order. With `initial`, first
   * ADDED for what is there. Returns how to stop.
   */
  watch(
    resource: ResourceName,
    callback: (event: WatchEvent) => void,
    options: ListOptions & { readonly initial?: boolean } = {},
  ): () => void {
    const later = deferred(callback);
    if (options.initial === true) {
      const { revision, objects } = this.storage.snapshot(resource);
      for (const object of objects) {
        if (belongs(object, options)) later.push({ type: 'ADDED', object, revision });
      }
    }
    const stop = this.storage.follow(resource, (change) => {
      const event = visible(change, options);
      if (event !== null) later.push(event);
    });
    return () => {
      later.stop();
      stop();
    };
  }

  /** As `watch`, for every kind there is and those that come. */
  watchAll(callback: (event: WatchEvent, resource: ResourceName) => void): () => void {
    const later = deferred(({ resource, event }: { resource: ResourceName; event: WatchEvent }) =>
      callback(event, resource),
    );
    const stop = this.storage.followAll((resource, change) => {
      const event = visible(change, {});
      if (event !== null) later.push({ resource, event });
    });
    return () => {
      later.stop();
      stop();
    };
  }

  /** Objects of every kind inside a namespace; everything for an empty name. */
  contentsOf(namespace: string): readonly Content[] {
    return contentsOf(this.catalog, this.storage, namespace);
  }

  /** What names the object as its owner. */
  dependentsOf(owner: KubeObject): readonly Content[] {
    return dependentsOf(this.catalog, this.storage, owner);
  }

  #orphan(owner: KubeObject): void {
    const { uid } = owner.metadata;
    for (const { resource, object } of this.dependentsOf(owner)) {
      const owners = ownersWithout(object, uid);
      const { ownerReferences: _owners, ...metadata } = object.metadata;
      const kept = owners.length === 0 ? {} : { ownerReferences: owners };
      this.storage.put(resource, { ...object, metadata: { ...metadata, ...kept } });
    }
  }

  /** Marked and held; the garbage collector deletes the dependents and then lets it go. */
  #deleteForeground(name: ResourceName, object: KubeObject): KubeObject {
    const marked = this.#markDeleted(object, 0);
    const finalizers = [...listAt(object, 'metadata', 'finalizers'), foregroundFinalizer];
    return this.storage.put(name, { ...marked, metadata: { ...marked.metadata, finalizers } });
  }

  #create(resource: Resource, input: JsonObject, options: WriteOptions, track: Track): KubeObject {
    const { name } = resource;
    const given = typed(resource, input, options.fields ?? strict);
    const named = newObject(resource, this.catalog.resource(name), given, this.now());
    if (this.catalog.isEnding(name))
      throw methodNotAllowed(resource, 'create', 'while its custom resource definition is terminating');
    checkNamespace(this.storage, resource, named);
    const key = { namespace: named.metadata.namespace ?? '', name: named.metadata.name };
    const object = admit(resource, named, this.#admission(), track);
    if (this.storage.get(name, key) !== null) throw alreadyExists(resource, key.name);
    return options.dryRun === true ? object : this.storage.put(name, object);
  }

  #update(name: ResourceName, input: JsonObject, part: Part, options: WriteOptions): KubeObject {
    const resource = this.catalog.resource(name, options.version);
    const writer = this.#writer(part, options);
    return this.#replace(resource, input, part, options, (old) => (next) => {
      return recorded(resource, old, next, input, writer);
    });
  }

  #writer(part: Part, { manager }: WriteOptions): Writer {
    const usual = { name: 'policyd-lab', subresource: part === 'status' ? 'status' : '' };
    return { ...(manager ?? usual), part, now: timestamp(this.now()) };
  }

  #replace(
    resource: Resource,
    input: JsonObject,
    part: Part,
    options: WriteOptions,
    tracking: (old: KubeObject) => Track,
  ): KubeObject {
    const { name } = resource;
    const metadata = objectAt(input, 'metadata');
    const key = {
      namespace: resource.namespaced ? textAt(metadata, 'namespace') : '',
      name: textAt(metadata, 'name'),
    };
    if (key.name === '') throw badRequest('name must be provided');
    const old = this.need(name, key);
    const wanted = textAt(metadata, 'resourceVersion');
    if (wanted !== '' && wanted !== old.metadata.resourceVersion)
      throw conflict(resource, key.name, modifiedMeanwhile);
    const uid = textAt(metadata, 'uid');
    if (uid !== '' && uid !== old.metadata.uid) {
      const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`;
      throw conflict(resource, key.name, why);
    }
    const given = typed(resource, input, options.fields ?? ignoring);
    const next = admitUpdate(resource, old, given, part, this.#admission(), tracking(old));
    if (sameJson(next, old)) return old;
    if (options.dryRun === true) return next;
    if (isReleased(name, next)) return this.storage.remove(name, key, next) ?? next;
    return this.storage.put(name, next);
  }

  #edit(
    name: ResourceName,
    key: Key,
    change: (object: KubeObject) => JsonObject,
    part: Part,
  ): KubeObject | null {
    for (let attempt = 1; ; attempt += 1) {
      const object = this.storage.get(name, key);
      if (object === null) return null;
      try {
        return this.#update(name, change(object), part, {});
      } catch (error) {
        if (attempt >= conflictAttempts || !isConflict(error)) throw error;
      }
    }
  }

  #admission(): AdmissionContext {
    return { serviceRanges: this.#options.serviceRanges, storage: this.storage, now: this.now() };
  }

  #markDeleted(object: KubeObject, grace: number): KubeObject {
    const at = new Date(this.#options.now().getTime() + grace * 1000);
    return {
      ...object,
      metadata: { ...object.metadata, deletionTimestamp: timestamp(at), deletionGracePeriodSeconds: grace },
    };
  }
}

function withPathKept(object: KubeObject, path: readonly string[], value: readonly string[]): KubeObject {
  return { ...object, ...withPath(object, path, value) };
}

function isConflict(error: unknown): boolean {
  return error instanceof StatusError && error.code === 409;
}
