import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PodKey, podKey } from '../model/cluster.ts';
import { hash, note, podChainName } from './names.ts';

describe('hash', () => {
  test('is 16 characters of a to z and 2 to 7, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(hash(text)).toMatch(/^[a-z2-7]{16}$/);
        expect(hash(text)).toBe(hash(text));
      }),
    );
  });

  test('differs for texts that differ', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(hash(a) === hash(b)).toBe(a === b);
      }),
    );
  });

  test('is all of the first ten bytes of SHA-256, in base32', () => {
    // printf abc | sha256sum: ba7816bf 8f01cfea 4141...
    expect(hash('abc')).toBe('xj4bnp4pahh6uqkb');
  });
});

describe('podChainName', () => {
  test.each([
    ['the same letters in another place of the key', ['ab', 'c', 'u'], ['a', 'bc', 'u']],
    ['another name', ['shop', 'web-1', 'u'], ['shop', 'web-2', 'u']],
    ['the pod recreated under its name', ['shop', 'web', 'u1'], ['shop', 'web', 'u2']],
    ['letters moved from the name into the uid', ['shop', 'web', '1u'], ['shop', 'web1', 'u']],
  ] as const)('differs: %s', (_what, [ns1, name1, uid1], [ns2, name2, uid2]) => {
    expect(podChainName('ingress', podKey(ns1, name1), uid1)).not.toBe(
      podChainName('ingress', podKey(ns2, name2), uid2),
    );
  });

  test('differs by direction, and fits into the kernel’s names whatever the pod is called', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (pod, uid) => {
        const ingress = podChainName('ingress', pod as PodKey, uid);
        const egress = podChainName('egress', pod as PodKey, uid);
        expect(ingress).not.toBe(egress);
        for (const name of [ingress, egress]) expect(name).toMatch(/^(?:in|out)_[a-z2-7]{16}$/);
      }),
    );
  });
});

describe('note', () => {
  test('is the text itself where that fits', () => {
    expect(note('shop/web:ingress.0')).toBe('shop/web:ingress.0');
    expect(note('a'.repeat(90))).toBe('a'.repeat(90));
  });

  test('keeps to its alphabet and length, and two texts never have one note', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.stringMatching(/^[a-z "'\n;{}]{80,120}$/),
      fc.constantFrom('a b', 'a_b', 'a\nb', 'a"b', 'é', 'e', '_'),
    );
    fc.assert(
      fc.property(text, text, (a, b) => {
        for (const each of [a, b]) expect(note(each)).toMatch(/^[A-Za-z0-9_./:-]{0,90}$/);
        expect(note(a) === note(b)).toBe(a === b);
      }),
      { numRuns: 2000 },
    );
  });

  test('of two policies with names of 253 characters that differ at their end, differ', () => {
    const long = 'a'.repeat(252);
    expect(note(`shop/${long}1:ingress.0`)).not.toBe(note(`shop/${long}2:ingress.0`));
  });
});
