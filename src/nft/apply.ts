/**
 * What the table is after a plan, predicted from its commands as the kernel would carry them out. Pure; the
 * kernel's own listing must come out equal (tested). Afterwards each object knows what it was written from,
 * so that the next plan skips it while it is the same.
 */
import type { Plan } from './batch.ts';
import type { AddBody, DeleteBody, NftCommand } from './commands.ts';
import { isSettled, mapChange, setChange } from './difference.ts';
import { ElementDraft } from './element-draft.ts';
import { decodeElement } from './elements.ts';
import type { JsonMap, JsonSet } from './json.ts';
import type { Element, NftSet, Ruleset, SetName } from './objects.ts';
import {
  decodeEntry,
  nextFingerprint,
  type ObservedChain,
  type ObservedMap,
  type ObservedSet,
  type ObservedTable,
  observedHook,
  setShape,
} from './observe.ts';

interface Draft {
  exists: boolean;
  foreign: readonly string[];
  readonly chains: Map<string, ObservedChain>;
  readonly sets: Map<string, ObservedSet>;
  readonly maps: Map<string, ObservedMap>;
  /** Of sets that commands have changed. */
  readonly elements: Map<string, ElementDraft>;
}

/** `observed`: what the plan was made from. Only true when every batch was committed. */
export function applyPlan(plan: Plan, observed: ObservedTable | null): ObservedTable {
  const draft: Draft = {
    exists: observed !== null,
    foreign: observed?.foreign ?? [],
    chains: new Map(observed?.chains),
    sets: new Map(observed?.sets),
    maps: new Map(observed?.maps),
    elements: new Map(),
  };
  for (const batch of plan.batches) {
    for (const command of batch.commands) applyCommand(draft, command);
  }
  rememberSources(draft, plan.desired);
  const { foreign, chains, sets, maps } = draft;
  return { table: plan.desired.table, foreign, chains, sets, maps };
}

function applyCommand(draft: Draft, command: NftCommand): void {
  if ('add' in command) applyAdd(draft, command.add);
  else if ('delete' in command) applyDelete(draft, command.delete);
  else if ('chain' in command.flush) {
    const chain = draft.chains.get(command.flush.chain.name);
    if (chain) draft.chains.set(chain.name, { ...chain, fingerprint: '', rules: 0, source: null });
  }
}

function applyAdd(draft: Draft, body: AddBody): void {
  if ('table' in body) draft.exists = true;
  else if ('chain' in body) addChain(draft, body.chain);
  else if ('rule' in body) addRule(draft, body.rule.chain, body.rule.comment);
  else if ('set' in body) addSet(draft, body.set);
  else addMap(draft, body.map);
}

function addChain(draft: Draft, json: Extract<AddBody, { chain: unknown }>['chain']): void {
  if (draft.chains.has(json.name)) return;
  const hook = observedHook(json);
  draft.chains.set(json.name, { name: json.name, hook, fingerprint: '', rules: 0, source: null });
}

function addRule(draft: Draft, name: string, comment: string): void {
  const chain = draft.chains.get(name);
  if (!chain) return;
  const fingerprint = nextFingerprint(chain.fingerprint, chain.rules, comment);
  draft.chains.set(name, { ...chain, fingerprint, rules: chain.rules + 1, source: null });
}

function addSet(draft: Draft, json: JsonSet): void {
  const shape = setShape([json.type].flat(), json.flags ?? []);
  const { elements = new Set<Element>() } = draft.sets.get(json.name) ?? {};
  draft.sets.set(json.name, { name: json.name, shape, elements, source: null });
  const changed = changedElements(draft, json.name, elements);
  for (const item of json.elem ?? []) {
    const element = shape && decodeElement(shape.type, item);
    if (element !== null) changed.add(element);
  }
}

function changedElements(draft: Draft, name: string, before: ReadonlySet<Element>): ElementDraft {
  const elements = draft.elements.get(name) ?? new ElementDraft(before);
  draft.elements.set(name, elements);
  return elements;
}

function addMap(draft: Draft, json: JsonMap): void {
  const shape = setShape([json.type].flat(), []);
  const elements = new Map(draft.maps.get(json.name)?.elements);
  for (const item of json.elem ?? []) {
    const entry = shape && decodeEntry(shape.type, item);
    if (entry) elements.set(...entry);
  }
  draft.maps.set(json.name, { name: json.name, shape, elements, source: null });
}

function applyDelete(draft: Draft, body: DeleteBody): void {
  if ('table' in body) {
    draft.exists = false;
    draft.foreign = [];
    for (const objects of [draft.chains, draft.sets, draft.maps, draft.elements]) objects.clear();
  } else if ('chain' in body) draft.chains.delete(body.chain.name);
  else if ('set' in body) deleteSet(draft, body.set.name);
  else if ('map' in body) draft.maps.delete(body.map.name);
  else deleteElements(draft, body.element.name, body.element.elem);
}

function deleteSet(draft: Draft, name: string): void {
  draft.sets.delete(name);
  draft.elements.delete(name);
}

function deleteElements(draft: Draft, name: string, items: readonly unknown[]): void {
  const set = draft.sets.get(name);
  const map = draft.maps.get(name);
  const type = (set ?? map)?.shape?.type;
  if (!type) return;
  const keys = items.map((item) => decodeElement(type, item)).filter((key): key is Element => key !== null);
  if (set) {
    draft.sets.set(name, { ...set, source: null });
    const changed = changedElements(draft, name, set.elements);
    for (const key of keys) changed.delete(key);
  } else if (map) {
    const elements = new Map(map.elements);
    for (const key of keys) elements.delete(key);
    draft.maps.set(name, { ...map, elements, source: null });
  }
}

function rememberSources(draft: Draft, desired: Ruleset): void {
  for (const chain of desired.chains.values()) {
    const present = draft.chains.get(chain.name);
    if (present && present.source !== chain && isSettled(chain, present)) {
      draft.chains.set(chain.name, { ...present, source: chain });
    }
  }
  for (const [name, present] of draft.sets) {
    const wanted = desired.sets.get(name as SetName);
    if (wanted === undefined || present.source !== wanted)
      draft.sets.set(name, finishSet(present, draft.elements.get(name), wanted));
  }
  for (const map of desired.maps.values()) {
    const present = draft.maps.get(map.name);
    if (present && present.source !== map && mapChange(map, present) === null) {
      draft.maps.set(map.name, { ...present, source: map });
    }
  }
}

/** What was wanted, where the commands came to just that; else a set of its own. */
function finishSet(
  present: ObservedSet,
  changed: ElementDraft | undefined,
  wanted: NftSet | undefined,
): ObservedSet {
  if (wanted) {
    const change = setChange(wanted, present);
    if (changed ? changed.is(change) : change === null)
      return { ...present, elements: wanted.elements, source: wanted };
  }
  return changed ? { ...present, elements: changed.result(), source: null } : present;
}
