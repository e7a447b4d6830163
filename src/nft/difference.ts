/** Where one desired object differs from what was observed under its name. */
import { SetView } from '../model/live-set.ts';
import type { Chain, Element, NftMap, NftSet, Ruleset } from './objects.ts';
import type {
  ObservedChain,
  ObservedHook,
  ObservedMap,
  ObservedSet,
  ObservedTable,
  SetShape,
} from './observe.ts';
import { verdictKey } from './verdicts.ts';

/** The keys to delete, and the keys to add after that; a key with another verdict is in both. */
export interface ElementChange {
  readonly removed: readonly Element[];
  readonly added: readonly Element[];
}

/**
 * Whether the table can be brought to the desired one piece by piece. It cannot when something in it is not
 * ours to judge, or when an object would have to change its kind under whoever refers to it.
 */
export function replaceable(desired: Ruleset, observed: ObservedTable): boolean {
  if (observed.foreign.length > 0) return false;
  for (const chain of desired.chains.values()) {
    const present = observed.chains.get(chain.name);
    if (present && present.source !== chain && !sameHook(chain.hook, present.hook)) return false;
  }
  for (const set of desired.sets.values()) {
    if (observed.maps.has(set.name)) return false;
    const present = observed.sets.get(set.name);
    if (present && present.source !== set && !sameShape(set.type, set.interval, present.shape)) return false;
  }
  for (const map of desired.maps.values()) {
    if (observed.sets.has(map.name)) return false;
    const present = observed.maps.get(map.name);
    if (present && present.source !== map && !sameShape(map.type, false, present.shape)) return false;
  }
  return true;
}

function sameHook(desired: Chain['hook'], observed: ObservedHook | null): boolean {
  if (desired === null || observed === null) return desired === observed;
  return (
    desired.type === observed.type &&
    desired.hook === observed.hook &&
    (desired.hook === 'ingress' ? desired.device : null) === observed.device &&
    desired.priority === observed.priority &&
    desired.policy === observed.policy
  );
}

function sameShape(type: NftSet['type'], interval: boolean, observed: SetShape | null): boolean {
  return observed !== null && observed.interval === interval && type.join() === observed.type.join();
}

/** The chain holds exactly our rules. */
export function isSettled(desired: Chain, observed: ObservedChain): boolean {
  if (desired === observed.source) return true;
  const fingerprint = desired.rules.length === 0 ? '' : desired.fingerprint;
  return observed.fingerprint === fingerprint && observed.rules === desired.rules.length;
}

/** null: nothing differs. */
export function setChange(
  desired: NftSet,
  observed: Pick<ObservedSet, 'source' | 'elements'>,
): ElementChange | null {
  if (desired === observed.source || desired.elements === observed.elements) return null;
  const { removed, added } =
    knownChange(observed.elements, desired.elements) ?? compare(observed.elements, desired.elements);
  return change(removed, added);
}

/** null: they have nothing to do with each other, and must be compared. */
function knownChange(before: ReadonlySet<Element>, after: ReadonlySet<Element>): ElementChange | null {
  return before instanceof SetView && after instanceof SetView ? SetView.change(before, after) : null;
}

function compare(before: ReadonlySet<Element>, after: ReadonlySet<Element>): ElementChange {
  return {
    removed: [...before].filter((element) => !after.has(element)),
    added: [...after].filter((element) => !before.has(element)),
  };
}

/** null: nothing differs. */
export function mapChange(desired: NftMap, observed: ObservedMap): ElementChange | null {
  if (desired === observed.source) return null;
  const removed: Element[] = [];
  for (const [key, verdict] of observed.elements) {
    const wanted = desired.elements.get(key);
    if (wanted === undefined || verdictKey(wanted) !== verdict) removed.push(key);
  }
  const added: Element[] = [];
  for (const [key, verdict] of desired.elements) {
    if (observed.elements.get(key) !== verdictKey(verdict)) added.push(key);
  }
  return change(removed, added);
}

function change(removed: readonly Element[], added: readonly Element[]): ElementChange | null {
  if (removed.length + added.length === 0) return null;
  // The same change is the same transaction, in whatever order its causes came.
  return { removed: removed.toSorted(), added: added.toSorted() };
}
