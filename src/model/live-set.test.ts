import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LiveSet, SetView } from './live-set.ts';

const WORDS = ['a', 'b', 'c', 'd'] as const;

type Step = { readonly add: boolean; readonly value: string; readonly look: boolean };

const steps = fc.array(
  fc.record({ add: fc.boolean(), value: fc.constantFrom(...WORDS), look: fc.boolean() }),
  { maxLength: 40 },
);

/** Every view taken on the way, beside a plain copy made at that moment. */
function play(sequence: readonly Step[]): readonly { readonly view: SetView; readonly copy: Set<string> }[] {
  const live = new LiveSet();
  const plain = new Set<string>();
  const taken = [{ view: live.view(), copy: new Set<string>() }];
  for (const { add, value, look } of sequence) {
    expect(add ? live.add(value) : live.delete(value)).toBe(add !== plain.has(value));
    if (add) plain.add(value);
    else plain.delete(value);
    if (look) taken.push({ view: live.view(), copy: new Set(plain) });
  }
  return taken;
}

it('shows in each view what was there when it was taken, in whatever order views are read', () => {
  fc.assert(
    fc.property(steps, fc.boolean(), (sequence, backwards) => {
      const taken = [...play(sequence)];
      for (const { view, copy } of backwards ? taken.reverse() : taken) {
        expect(new Set(view)).toEqual(copy);
        expect(view.size).toBe(copy.size);
        for (const word of WORDS) expect(view.has(word)).toBe(copy.has(word));
      }
    }),
  );
});

it('knows exactly what lies between a view and a later one', () => {
  fc.assert(
    fc.property(steps, fc.nat(), fc.nat(), (sequence, one, other) => {
      const taken = play(sequence);
      const [first = 0, second = 0] = [one % taken.length, other % taken.length].sort((a, b) => a - b);
      const [before, after] = [taken[first], taken[second]];
      if (!before || !after) throw new TypeError('there is always one view');
      const change = SetView.change(before.view, after.view);
      expect(new Set(change?.added)).toEqual(
        new Set([...after.copy].filter((each) => !before.copy.has(each))),
      );
      expect(new Set(change?.removed)).toEqual(
        new Set([...before.copy].filter((each) => !after.copy.has(each))),
      );
    }),
  );
});

it('does not compare views of two sets, nor a later one with an earlier', () => {
  const [one, other] = [new LiveSet(), new LiveSet()];
  const before = one.view();
  one.add('a');
  expect(SetView.change(before, other.view())).toBe(null);
  expect(SetView.change(one.view(), before)).toBe(null);
});

it('hands out the same view until something changes', () => {
  const live = new LiveSet();
  live.add('a');
  const view = live.view();
  live.add('a');
  expect(live.view()).toBe(view);
  live.add('b');
  live.delete('b');
  expect(live.view()).toBe(view);
  live.delete('a');
  expect(live.view()).not.toBe(view);
});
