import { expect, test } from 'vitest';
import { createApiServer } from '../apiserver/api-server.ts';
import { type JsonObject, textAt } from '../apiserver/json.ts';
import type { Store } from '../apiserver/store.ts';
import { planLab } from '../network/plan.ts';
import { nodeObject } from './node-object.ts';
import { listenedPorts } from './pod-spec.ts';
import { runningStatus, waitingStatus } from './pod-status.ts';
import { Scheduler } from './scheduler.ts';

function cluster(): { store: Store; scheduler: Scheduler } {
  const { store } = createApiServer({ serviceRanges: ['10.96.0.0/16'] });
  const { nodes } = planLab({ nodes: 2, ipFamily: 'dual' });
  for (const node of nodes) store.create('nodes', nodeObject(node, '2026-01-01T00:00:00Z'));
  return { store, scheduler: new Scheduler(store, new Set(nodes.map(({ name }) => name))) };
}

function pod(name: string, spec: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'main', image: 'none' }], ...spec },
  };
}

function nodeOf(store: Store, name: string): string {
  return textAt(store.get('pods', { namespace: 'default', name }) ?? {}, 'spec', 'nodeName');
}

test('pods are spread, ties go to the first node, and what has a node keeps it', () => {
  const { store, scheduler } = cluster();
  store.create('pods', pod('fixed', { nodeName: 'node-b' }));
  for (const name of ['p1', 'p2', 'p3']) scheduler.notice(store.create('pods', pod(name)));
  expect(['fixed', 'p1', 'p2', 'p3'].map((name) => nodeOf(store, name))).toEqual([
    'node-b',
    'node-a',
    'node-a',
    'node-b',
  ]);
});

test('a nodeSelector no node fits leaves the pod pending with a condition, until a node is labelled', () => {
  const { store, scheduler } = cluster();
  scheduler.notice(store.create('pods', pod('picky', { nodeSelector: { disk: 'fast' } })));
  const waiting = store.get('pods', { namespace: 'default', name: 'picky' });
  expect(waiting?.status).toMatchObject({
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }],
  });
  store.edit('nodes', { namespace: '', name: 'node-b' }, (node) => ({
    ...node,
    metadata: { ...node.metadata, labels: { disk: 'fast' } },
  }));
  scheduler.noticeAll();
  expect(nodeOf(store, 'picky')).toBe('node-b');
});

test('ports of containers and sidecars are listened on, those of plain init containers and SCTP are not', () => {
  const { store } = cluster();
  const created = store.create(
    'pods',
    pod('ports', {
      containers: [
        { name: 'a', image: 'none', ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }] },
        { name: 'b', image: 'none', ports: [{ containerPort: 90, protocol: 'SCTP' }] },
      ],
      initContainers: [
        { name: 'c', image: 'none', restartPolicy: 'Always', ports: [{ containerPort: 70 }] },
        { name: 'd', image: 'none', ports: [{ containerPort: 60 }] },
      ],
    }),
  );
  expect(listenedPorts(created)).toEqual({ ports: [80, 70], sctp: [90] });
});

test('a running status is Ready, keeps foreign conditions and the first start time', () => {
  const { store } = cluster();
  const created = store.create('pods', pod('p'));
  const before = {
    startTime: '2026-01-01T00:00:00Z',
    conditions: [
      { type: 'Mine', status: 'True' },
      { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' },
    ],
  };
  const facts = { hostAddresses: ['172.18.0.2'], addresses: ['10.244.1.2', 'fd00::2'], restarts: 1 };
  const status = runningStatus(created, before, { ...facts, startedAt: '2026-01-02T00:00:00Z' });
  expect(status).toMatchObject({
    phase: 'Running',
    podIP: '10.244.1.2',
    podIPs: [{ ip: '10.244.1.2' }, { ip: 'fd00::2' }],
    hostIP: '172.18.0.2',
    startTime: '2026-01-01T00:00:00Z',
    containerStatuses: [{ name: 'main', ready: true, restartCount: 1 }],
  });
  expect(status.conditions).toContainEqual({ type: 'Mine', status: 'True' });
  expect(status.conditions).toContainEqual(
    expect.objectContaining({ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }),
  );
  expect(waitingStatus(created, {}, 'LabFailed', 'no address left')).toMatchObject({
    phase: 'Pending',
    message: 'no address left',
    containerStatuses: [{ ready: false, state: { waiting: { reason: 'LabFailed' } } }],
  });
});
