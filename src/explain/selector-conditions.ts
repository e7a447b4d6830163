/** A label selector against what is known of labels: one condition per requirement. */
import type { Labels, Path, Requirement, Selector } from '../model/labels.ts';
import { meets, requirementText } from '../policy/selector.ts';
import type { At } from '../world/world.ts';
import type { Condition } from './explanation.ts';
import type { Ternary } from './ternary.ts';

export interface KnownLabels {
  readonly labels: Labels;
  /** false: other labels may be there too. */
  readonly complete: boolean;
}

/** `otherwiseAt`: where a selector stands that is invalid as a whole. */
export function selectorConditions(
  type: 'pod label' | 'namespace label',
  selector: Selector,
  known: KnownLabels,
  at: (path: Path) => At | null,
  otherwiseAt: At | null,
): readonly Condition[] {
  if (selector.kind === 'nothing') {
    const want = `an invalid selector, which matches nothing: ${selector.problem}`;
    return [{ type, want, have: 'any labels', ok: false, at: otherwiseAt }];
  }
  return selector.requirements.map((requirement) => ({
    type,
    want: requirementText(requirement),
    have: haveText(requirement, known),
    ok: meetsKnown(requirement, known),
    at: at(requirement.path),
  }));
}

function meetsKnown(requirement: Requirement, known: KnownLabels): Ternary {
  if (!known.complete && !known.labels.has(requirement.key)) return null;
  return meets(requirement, known.labels);
}

function haveText({ key }: Requirement, known: KnownLabels): string {
  const value = known.labels.get(key);
  if (value !== undefined) return `${key}=${value}`;
  return known.complete ? `no label ${key}` : 'unknown labels';
}
