import { describe, expect, test } from 'vitest';
import { modelPod } from '../../test/kit/model-pod.ts';
import type { Address } from '../model/address.ts';
import type { Phase, Pod, Snapshot } from '../model/cluster.ts';
import { holdsAddresses, podKey } from '../model/cluster.ts';
import { parseAddress } from '../net/address.ts';
import { ownerOf } from './owner.ts';

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === null) throw new TypeError(text);
  return parsed;
}

const SHARED = address('10.0.0.1');

function pod(name: string, over: Partial<Pod> = {}): Pod {
  return modelPod(name, { addresses: [SHARED], ...over });
}

function owner(...pods: readonly Pod[]): string | null {
  const byKey = new Map(pods.map((each) => [podKey(each.namespace, each.name), each]));
  const snapshot: Snapshot = {
    namespaces: new Map(),
    pods: byKey,
    policies: new Map(),
    nodes: new Map(),
  };
  return ownerOf(snapshot, SHARED)?.name ?? null;
}

describe('whose an address is', () => {
  test.each<[Phase, boolean]>([
    ['Pending', true],
    ['Running', true],
    ['Unknown', true],
    ['Succeeded', false],
    ['Failed', false],
  ])('I2 a %s pod holds its addresses: %s', (phase, holds) => {
    expect(holdsAddresses(pod('a', { phase }))).toBe(holds);
    expect(owner(pod('a', { phase }))).toBe(holds ? 'a' : null);
  });

  test('I2 a reused address belongs to the pod that is not terminal, whatever the names and the order', () => {
    for (const phase of ['Succeeded', 'Failed'] as const) {
      expect(owner(pod('a', { phase }), pod('b'))).toBe('b');
      expect(owner(pod('a'), pod('b', { phase }))).toBe('a');
    }
  });

  test('H3 a host-network pod owns no address: it is the node’s', () => {
    expect(owner(pod('a', { hostNetwork: true }))).toBeNull();
    expect(owner(pod('a', { hostNetwork: true }), pod('b'))).toBe('b');
  });

  test('I3 a pod being deleted still owns its address, until another live pod has it', () => {
    expect(owner(pod('a', { deleting: true }))).toBe('a');
    expect(owner(pod('a', { deleting: true }), pod('b'))).toBe('b');
  });

  test('I2 an address whose last pod has not reported its new one belongs to the newer pod, whatever the names', () => {
    const restarted = pod('a', { created: 100 });
    const fresh = pod('b', { created: 200 });
    expect(owner(restarted, fresh)).toBe('b');
    expect(owner(fresh, restarted)).toBe('b');
    expect(owner(restarted, { ...fresh, deleting: true })).toBe('a');
  });

  test('two live pods at one address: the same one on every node, in whatever order they came', () => {
    expect(owner(pod('a'), pod('b'))).toBe('a');
    expect(owner(pod('b'), pod('a'))).toBe('a');
  });
});
