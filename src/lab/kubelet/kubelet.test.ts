import { expect, test } from 'vitest';
import { createApiServer } from '../apiserver/api-server.ts';
import { planLab } from '../network/plan.ts';
import { Slots } from '../network/slots.ts';
import { Kubelet } from './kubelet.ts';
import { Turns } from './turns.ts';

test('a pod for which there is no address says so, and its deletion does not wait for the next try', async () => {
  const { store } = createApiServer({ serviceRanges: ['10.96.0.0/16'] });
  const plan = planLab({ nodes: 1, ipFamily: 'dual' });
  const [node] = plan.nodes;
  if (node === undefined) throw new Error('a lab has a node');
  const warnings: string[] = [];
  const kubelet = new Kubelet({
    plan,
    node,
    store,
    slots: new Slots(2, 1),
    turns: new Turns(1),
    labPod: '/nonexistent',
    env: process.env,
    log: 2,
    report: { progress: () => undefined, warning: (message) => warnings.push(message) },
  });
  const key = { namespace: 'default', name: 'late' };
  store.watch('pods', () => kubelet.notice(key));
  store.create('pods', {
    metadata: key,
    spec: { nodeName: 'node-a', containers: [{ name: 'main', image: 'none' }] },
  });
  await expect
    .poll(() => store.get('pods', key)?.status)
    .toMatchObject({
      phase: 'Pending',
      message: 'no address left in 10.244.1.0/24, fd00:10:244:1::/64',
    });
  // Some failures later the pause before the next try is long.
  await expect.poll(() => warnings.length).toBeGreaterThan(2);
  const before = warnings.length;
  store.delete('pods', key);
  await expect.poll(() => store.get('pods', key)).toBeNull();
  expect(warnings).toHaveLength(before);
  await expect.poll(() => kubelet.unsettled()).toEqual([]);
});
