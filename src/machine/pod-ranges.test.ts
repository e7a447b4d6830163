import { expect, test } from 'vitest';
import { modelPod } from '../../test/kit/model-pod.ts';
import type { Address, Cidr } from '../model/address.ts';
import { type Change, type Pod, type PodKey, podKey } from '../model/cluster.ts';
import { PodRanges } from './pod-ranges.ts';

function pod(
  name: string,
  node: string | null,
  addresses: readonly string[],
  more: Partial<Pod> = {},
): Change {
  const value = modelPod(name, {
    ...{ namespace: 'ns', labels: new Map(), node, addresses: addresses as readonly Address[] },
    ...more,
  });
  return { kind: 'pod', key: podKey('ns', name), value };
}

function node(name: string, podCidrs: readonly string[]): Change {
  return {
    kind: 'node',
    key: name,
    value: { name, labels: new Map(), addresses: [], podCidrs: podCidrs as readonly Cidr[] },
  };
}

/** With the pods it was told of, as the compiler keeps them. */
function ranges(configured: readonly string[] = []): PodRanges {
  const pods = new Map<PodKey, Pod>();
  const made = new PodRanges({ node: 'a', configured: configured as readonly Cidr[], pods: () => pods });
  const update = made.update.bind(made);
  made.update = (change) => {
    if (change.kind === 'pod' && change.value !== null) pods.set(change.key, change.value);
    else if (change.kind === 'pod') pods.delete(change.key);
    update(change);
  };
  return made;
}

const codes = (judge: PodRanges): readonly string[] => judge.result().degraded.map(({ code }) => code);

test('without a range there is no quarantine, and it is reported', () => {
  const judge = ranges();
  expect(judge.result().ranges).toEqual([]);
  expect(judge.result().degraded[0]?.message).toContain('there is no node a in the cluster');
  judge.update(node('a', []));
  expect(judge.result().degraded[0]?.message).toContain('node a has no spec.podCIDRs');
});

test('follows the node object, also when it comes late or changes', () => {
  const judge = ranges();
  judge.update(pod('p', 'a', ['10.1.0.5']));
  judge.update(node('b', ['10.2.0.0/24']));
  expect(codes(judge)).toEqual(['NO_POD_RANGE']);
  judge.update(node('a', ['10.1.0.0/24']));
  expect(judge.result()).toEqual({ ranges: ['10.1.0.0/24'], degraded: [] });
  judge.update(node('a', ['10.9.0.0/24']));
  expect(codes(judge)).toEqual(['POD_RANGE_UNUSABLE']);
});

test('the range given on the command line wins over the node', () => {
  const judge = ranges(['10.1.0.0/24']);
  judge.update(node('a', ['10.9.0.0/24']));
  expect(judge.result().ranges).toEqual(['10.1.0.0/24']);
});

test('a local pod outside of the range forbids the quarantine until it is gone', () => {
  const judge = ranges(['10.1.0.0/24']);
  judge.update(pod('in', 'a', ['10.1.0.5']));
  judge.update(pod('out', 'a', ['192.168.0.5']));
  expect(judge.result().ranges).toEqual([]);
  expect(judge.result().degraded[0]?.message).toContain('pod ns/out of this node has 192.168.0.5');
  judge.update({ kind: 'pod', key: podKey('ns', 'out'), value: null });
  expect(judge.result()).toEqual({ ranges: ['10.1.0.0/24'], degraded: [] });
});

test('a pod of another node inside of the range forbids it', () => {
  const judge = ranges(['10.0.0.0/8']);
  judge.update(pod('remote', 'b', ['10.2.0.5']));
  expect(codes(judge)).toEqual(['POD_RANGE_UNUSABLE']);
});

test('host-network and completed pods say nothing about the range', () => {
  const judge = ranges(['10.1.0.0/24']);
  judge.update(pod('host', 'a', ['172.16.0.1'], { hostNetwork: true }));
  judge.update(pod('done', 'b', ['10.1.0.7'], { phase: 'Succeeded' }));
  expect(judge.result()).toEqual({ ranges: ['10.1.0.0/24'], degraded: [] });
});

test('each family is judged on its own, and a family without a range is reported', () => {
  const judge = ranges(['10.1.0.0/24']);
  judge.update(pod('dual', 'a', ['10.1.0.5', 'fd00::5']));
  expect(judge.result().ranges).toEqual(['10.1.0.0/24']);
  expect(judge.result().degraded).toEqual([
    expect.objectContaining({
      code: 'NO_POD_RANGE',
      message: expect.stringContaining('no pod range for IPv6'),
    }),
  ]);
});

test('keeps the same result object while nothing about it changes', () => {
  const judge = ranges(['10.1.0.0/24']);
  const before = judge.result();
  judge.update(pod('in', 'a', ['10.1.0.5']));
  expect(judge.result()).toBe(before);
});

test('places follow the node and its pods: strays are local pods outside of the ranges', () => {
  const judge = ranges();
  judge.update(pod('in', 'a', ['10.1.0.5']));
  judge.update(pod('out', 'a', ['192.0.2.5']));
  judge.update(pod('far', 'b', ['192.0.2.6']));
  judge.update(pod('host', 'a', ['192.0.2.7'], { hostNetwork: true }));
  expect(judge.places()).toEqual({ ranges: [], strays: ['10.1.0.5', '192.0.2.5'] });
  judge.update(node('a', ['10.1.0.0/24']));
  judge.update(node('b', []));
  expect(judge.places()).toEqual({ ranges: ['10.1.0.0/24'], strays: ['192.0.2.5'] });
  const before = judge.places();
  judge.update(pod('in', 'a', ['10.1.0.6']));
  judge.update(pod('far', 'b', ['10.2.0.6']));
  expect(judge.places()).toBe(before);
  judge.update({ kind: 'pod', key: podKey('ns', 'out'), value: null });
  expect(judge.places().strays).toEqual([]);
  judge.update({ kind: 'node', key: 'a', value: null });
  expect(judge.places().ranges).toEqual(['10.1.0.0/24']);
});

test('of several findings the same one is named, whatever came first', () => {
  const told = (names: readonly string[]): string => {
    const judge = ranges(['10.1.0.0/24']);
    for (const name of names) judge.update(pod(name, 'a', [`192.0.2.${name.length}`]));
    return judge.result().degraded[0]?.message ?? '';
  };
  expect(told(['a', 'bb', 'ccc'])).toBe(told(['ccc', 'a', 'bb']));
});
