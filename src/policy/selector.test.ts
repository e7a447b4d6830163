import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Labels, Requirement, Selector } from '../model/labels.ts';
import { groupKey } from './group.ts';
import { canonicalSelector, selects } from './selector.ts';

/** Few keys and values, so that selectors meet; `in` and `notin` are legal label keys and values too. */
const key = fc.constantFrom('a', 'b', 'in', 'notin', 'x.y/a');
const value = fc.constantFrom('', 'a', 'b', 'in', 'a.b');
const requirement: fc.Arbitrary<Requirement> = fc.oneof(
  fc.record({
    key,
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.array(value, { minLength: 1, maxLength: 3 }),
    path: fc.constant([]),
  }),
  fc.record({
    key,
    operator: fc.constantFrom('Exists', 'DoesNotExist'),
    values: fc.constant([]),
    path: fc.constant([]),
  }),
);
const requirements = fc.array(requirement, { maxLength: 3 });
const labels: fc.Arbitrary<Labels> = fc
  .dictionary(key, value, { noNullPrototype: true })
  .map((entries) => new Map(Object.entries(entries)));

function selector(list: readonly Requirement[]): Selector {
  return { kind: 'requirements', requirements: list };
}

/** The form of a selector as a set of sets, built without the text under test. */
function form(list: readonly Requirement[]): ReadonlySet<string> {
  return new Set(
    list.map(({ key: of, operator, values }) => JSON.stringify([of, operator, [...new Set(values)].sort()])),
  );
}

describe('selectors', () => {
  test('the canonical text is equal exactly when the requirements are, in any order and repetition', () => {
    let equalTexts = 0;
    fc.assert(
      fc.property(requirements, fc.oneof(requirements, fc.constant(null)), (one, other) => {
        // Half of the pairs are the same selector, shuffled and with a requirement said twice.
        const second = other ?? [...one, ...one.slice(0, 1)].reverse();
        const same = canonicalSelector(selector(one)) === canonicalSelector(selector(second));
        const sameForm = JSON.stringify([...form(one)].sort()) === JSON.stringify([...form(second)].sort());
        expect(same).toBe(sameForm);
        if (same) equalTexts += 1;
      }),
      { numRuns: 3000 },
    );
    expect(equalTexts).toBeGreaterThan(300);
  });

  test('equal canonical texts select the same labels', () => {
    fc.assert(
      fc.property(requirements, labels, (list, on) => {
        const shuffled = [...list, ...list].reverse();
        expect(selects(selector(shuffled), on)).toBe(selects(selector(list), on));
      }),
    );
  });

  test('the selector of nothing shares its text with no other', () => {
    const nothing: Selector = { kind: 'nothing', problem: 'x' };
    fc.assert(
      fc.property(requirements, labels, (list, on) => {
        expect(canonicalSelector(selector(list))).not.toBe(canonicalSelector(nothing));
        expect(selects(nothing, on)).toBe(false);
      }),
    );
    expect(canonicalSelector(selector([]))).toBe('');
  });

  test('a requirement and its opposite never both hold, and one of them always does', () => {
    const opposite = { In: 'NotIn', NotIn: 'In', Exists: 'DoesNotExist', DoesNotExist: 'Exists' } as const;
    fc.assert(
      fc.property(requirement, labels, (one, on) => {
        const other: Requirement = { ...one, operator: opposite[one.operator] };
        expect(selects(selector([other]), on)).toBe(!selects(selector([one]), on));
      }),
    );
  });
});

describe('group keys', () => {
  const scope = fc.oneof(
    fc.constantFrom('shop', 'a', '').map((name) => ({ kind: 'named', name }) as const),
    requirements.map((list) => ({ kind: 'selected', selector: selector(list) }) as const),
  );

  test('two groups share a key exactly when scope and pods are the same', () => {
    const scopeForm = (of: typeof scope extends fc.Arbitrary<infer Scope> ? Scope : never): unknown =>
      of.kind === 'named'
        ? ['named', of.name]
        : ['selected', [...form(of.selector.kind === 'requirements' ? of.selector.requirements : [])].sort()];
    fc.assert(
      fc.property(scope, requirements, scope, requirements, (scopeA, podsA, scopeB, podsB) => {
        const same =
          groupKey({ namespaces: scopeA, pods: selector(podsA) }) ===
          groupKey({ namespaces: scopeB, pods: selector(podsB) });
        const sameForm =
          JSON.stringify([scopeForm(scopeA), [...form(podsA)].sort()]) ===
          JSON.stringify([scopeForm(scopeB), [...form(podsB)].sort()]);
        expect(same).toBe(sameForm);
      }),
      { numRuns: 3000 },
    );
  });

  test('the namespace `a` by name is not the namespaces labelled `a`', () => {
    const pods = selector([]);
    const byLabel = selector([{ key: 'a', operator: 'Exists', values: [], path: [] }]);
    expect(groupKey({ namespaces: { kind: 'named', name: 'a' }, pods })).not.toBe(
      groupKey({ namespaces: { kind: 'selected', selector: byLabel }, pods }),
    );
  });
});
