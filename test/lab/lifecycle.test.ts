/**
 * What comes, changes and goes (semantics 1.8), with real probes and kubectl: each line I1 to I7 is named by
 * the tests that hold it. Every denial is a flow that passes without the policy.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { floodDuring, nextAddresses } from './lifecycle-flood.ts';
import {
  container,
  FROM_FRIEND,
  from,
  held,
  LifecycleLab,
  lingering,
  PORT,
  pod,
  policy,
  type Raw,
} from './lifecycle-lab.ts';

let lab: LifecycleLab;
beforeAll(async () => {
  lab = await LifecycleLab.start();
});
afterAll(() => lab.inside.stop());

function deployment(path: string, app: string, replicas: number): Raw {
  const [ns, name] = path.split('/');
  const metadata = { namespace: ns, name };
  const template = { metadata: { labels: { app } }, spec: { containers: [container()] } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: { replicas, selector: { matchLabels: { app } }, template },
  };
}

/** For its kubelet the pod has ended, with whatever status is given. */
async function end(path: string, phase: 'Succeeded' | 'Failed'): Promise<void> {
  const [ns, name] = path.split('/');
  await lab.kubectl(
    `patch pod -n ${ns} ${name} --subresource=status --type=merge -p '{"status":{"phase":"${phase}"}}'`,
  );
  await lab.synced();
}

describe('Deployments', () => {
  test('replicas are subjects and peers when they come, with scale and rollout, and are not when they go', async () => {
    await lab.apply(
      'deploy',
      deployment('deploy/api', 'api', 2),
      pod('deploy/db', { app: 'db' }),
      policy('deploy/api', 'api', FROM_FRIEND),
      policy('deploy/db', 'db', from('api')),
    );
    const check = async (count: number): Promise<readonly string[]> => {
      const present = async (): Promise<readonly string[]> =>
        (await lab.names('deploy')).filter((path) => path !== 'deploy/db');
      await expect.poll(present).toHaveLength(count);
      await lab.synced();
      const replicas = await present();
      await lab.expect({
        connected: replicas.flatMap((path) => [`base/friend > ${path}`, `${path} > deploy/db`]),
        blocked: ['base/stranger > deploy/db', ...replicas.map((path) => `base/stranger > ${path}`)],
      });
      return replicas;
    };
    const first = await check(2);
    await lab.kubectl('scale -n deploy deployment/api --replicas=4');
    await check(4);
    await lab.kubectl('scale -n deploy deployment/api --replicas=1');
    await check(1);
    const version = '{"spec":{"template":{"metadata":{"labels":{"version":"2"}}}}}';
    await lab.kubectl(`patch -n deploy deployment/api -p '${version}'`);
    await lab.kubectl('rollout status -n deploy deployment/api --timeout=240s');
    const last = await check(1);
    expect(first).not.toEqual(expect.arrayContaining([...last]));
    await lab.kubectl('delete -n deploy networkpolicy --all');
    await lab.synced();
    await lab.expect({
      connected: ['base/stranger > deploy/db', ...last.map((path) => `base/stranger > ${path}`)],
    });
  });
});

describe('addresses that are released', () => {
  test.each(['Succeeded', 'Failed'] as const)(
    'I2: a pod that has %s has released its address: the next to have it is judged by its own labels',
    async (phase) => {
      const ns = phase.toLowerCase();
      await lab.apply(
        ns,
        pod(`${ns}/closed`, { app: 'closed' }),
        pod(`${ns}/db`, { app: 'db' }),
        policy(`${ns}/closed`, 'closed'),
        policy(`${ns}/db`, 'db', from('closed')),
      );
      const address = await lab.addresses(`${ns}/closed`);
      await lab.expect({ connected: [`${ns}/closed > ${ns}/db`], blocked: [`base/stranger > ${ns}/closed`] });
      await end(`${ns}/closed`, phase);
      await lab.apply(ns, pod(`${ns}/open`, { app: 'open' }));
      expect(await lab.addresses(`${ns}/open`)).toEqual(address);
      await lab.expect({ connected: [`base/stranger > ${ns}/open`], blocked: [`${ns}/open > ${ns}/db`] });
      // And the other way round: from an open pod to a closed one.
      await end(`${ns}/open`, phase);
      await lab.apply(ns, pod(`${ns}/closed-again`, { app: 'closed' }));
      expect(await lab.addresses(`${ns}/closed-again`)).toEqual(address);
      await lab.expect({
        connected: [`${ns}/closed-again > ${ns}/db`],
        blocked: [`base/stranger > ${ns}/closed-again`],
      });
    },
  );

  test('I2: the flows of the pod before are not inherited by an isolated one at its address', async () => {
    await lab.apply('heir', pod('heir/before', {}), policy('heir/heir', 'heir'));
    const address = await lab.addresses('heir/before');
    const established = await floodDuring(lab, 'base/stranger', address, ['heir/before'], async () => {
      await expect.poll(() => received('heir/before')).toBeGreaterThan(10);
    });
    expect(established.delivered).toBe(established.offered);
    await end('heir/before', 'Succeeded');
    await lab.apply('heir', held('heir/heir', { app: 'heir' }));
    const { offered, delivered } = await floodDuring(
      lab,
      'base/stranger',
      address,
      ['heir/heir'],
      async () => {
        await lab.release('heir');
        expect(await lab.addresses('heir/heir')).toEqual(address);
        await lab.expect({ blocked: ['base/stranger > heir/heir'] });
      },
    );
    expect(offered).toBeGreaterThan(0);
    expect(delivered).toBe(0);
  });

  test('a pod whose network is lost gets another address, and is a subject and a peer there', async () => {
    await lab.apply(
      'moved',
      pod('moved/api', { app: 'api' }),
      pod('moved/db', { app: 'db' }),
      policy('moved/api', 'api', FROM_FRIEND),
      policy('moved/db', 'db', from('api')),
    );
    const before = await lab.addresses('moved/api');
    const device = (await lab.inside.sh(`ip -n node-a route get ${before[0]}`)).match(/dev (\S+)/)?.[1];
    await lab.inside.sh(`ip -n node-a link del ${device}; kill -9 $(ip netns pids moved_api)`);
    await expect.poll(() => lab.addresses('moved/api')).not.toEqual(before);
    await lab.synced();
    await lab.expect({
      connected: ['base/friend > moved/api', 'moved/api > moved/db'],
      blocked: ['base/stranger > moved/api', 'base/stranger > moved/db'],
    });
  });
});

describe('pods that are being deleted', () => {
  test('I3: one stays a subject and a peer until its containers stop; forced, it is gone at once', async () => {
    await lab.apply(
      'leaving',
      lingering('leaving/api', { app: 'api' }),
      pod('leaving/db', { app: 'db' }),
      policy('leaving/api', 'api', FROM_FRIEND),
      policy('leaving/db', 'db', from('api')),
    );
    const address = await lab.addresses('leaving/api');
    const expected = {
      connected: ['base/friend > leaving/api', 'leaving/api > leaving/db'],
      blocked: ['base/stranger > leaving/api', 'base/far > leaving/api', 'base/stranger > leaving/db'],
    };
    await lab.expect(expected);
    await lab.kubectl('delete pod -n leaving api --wait=false');
    await lab.synced();
    expect(await lab.kubectl('get pod -n leaving api -o jsonpath={.metadata.deletionTimestamp}')).not.toBe(
      '',
    );
    await lab.expect(expected);
    // A new policy is about it as well, and so is the end of the old one.
    await lab.kubectl('delete networkpolicy -n leaving api');
    await lab.synced();
    await lab.expect({ connected: ['base/stranger > leaving/api', 'base/far > leaving/api'] });
    await lab.apply('leaving', policy('leaving/api', 'api', FROM_FRIEND));
    await lab.expect(expected);
    await lab.kubectl('delete pod -n leaving api --force --grace-period=0');
    await lab.synced();
    await lab.apply('leaving', pod('leaving/other', { app: 'other' }));
    expect(await lab.addresses('leaving/other')).toEqual(address);
    await lab.expect({
      connected: ['base/stranger > leaving/other'],
      blocked: ['leaving/other > leaving/db'],
    });
  });

  test('I3: in a namespace that is Terminating policies hold while its pods run', async () => {
    await lab.apply(
      'ending',
      lingering('ending/api', { app: 'api' }),
      policy('ending/api', 'api', FROM_FRIEND),
    );
    await lab.kubectl('delete namespace ending --wait=false');
    await expect
      .poll(() => lab.kubectl('get pod -n ending api -o jsonpath={.metadata.deletionTimestamp}'))
      .not.toBe('');
    await lab.synced();
    await lab.expect({ connected: ['base/friend > ending/api'], blocked: ['base/stranger > ending/api'] });
    await lab.kubectl('delete pod -n ending api --force --grace-period=0');
    await lab.kubectl('wait --for=delete namespace/ending --timeout=240s');
    await lab.synced();
    // Recreated under its name, it has nothing of the one before.
    await lab.apply('ending', pod('ending/api', { app: 'api' }));
    await lab.expect({ connected: ['base/stranger > ending/api'] });
  });
});

describe('new pods', () => {
  const NAMES = [1, 2, 3];

  test('I1: isolated ones receive nothing from a denied neighbour, from their first moment', async () => {
    await lab.apply('first', policy('first/closed', 'closed'));
    const addresses = await nextAddresses(lab, 5);
    const flooded = async (app: string): Promise<{ offered: number; delivered: number }> => {
      const paths = NAMES.map((name) => `first/${app}-${name}`);
      // They wait on their node, and policyd knows that they do: what it does next is all that counts.
      await lab.apply('first', ...paths.map((path) => held(path, { app })));
      const counted = await floodDuring(lab, 'base/stranger', addresses, paths, async () => {
        await lab.release('first');
        const seen = await Promise.all(paths.map((path) => received(path)));
        const some = seen.some((datagrams) => datagrams > 0);
        expect({ app, some }).toEqual({ app, some: app === 'open' });
      });
      await lab.kubectl(`delete pod -n first --all`);
      await lab.synced();
      return counted;
    };
    const closed = await flooded('closed');
    expect(closed.offered).toBeGreaterThan(0);
    expect(closed.delivered).toBe(0);
    // The control, and no blackout: those no policy is about receive everything, while nobody knows them too.
    const open = await flooded('open');
    expect(open.offered).toBeGreaterThan(0);
    expect(open.delivered).toBe(open.offered);
  });

  test('I6: a pod whose address is not known is closed already if it is isolated, with those that wait beside it', async () => {
    await lab.apply(
      'waiting',
      pod('waiting/late', { app: 'late' }),
      pod('waiting/other', { app: 'other' }),
      pod('waiting/db', { app: 'db' }),
      policy('waiting/db', 'db', from('late')),
    );
    const [late, other] = [await lab.addresses('waiting/late'), await lab.addresses('waiting/other')];
    const forget = '{"status":{"phase":"Pending","podIP":null,"podIPs":null}}';
    for (const name of ['late', 'other'])
      await lab.kubectl(`patch pod -n waiting ${name} --subresource=status --type=merge -p '${forget}'`);
    const dials = (addresses: readonly string[]): readonly string[] =>
      addresses.flatMap((address) => [`base/stranger > ${address}`, `base/far > ${address}`]);
    // No policy is about either: nothing is closed, and without an address late is nobody's peer.
    await lab.eventually({
      connected: [...dials(late), ...dials(other)],
      blocked: ['waiting/late > waiting/db'],
    });
    await lab.kubectl('apply -f -', policy('waiting/late', 'late', FROM_FRIEND));
    await lab.eventually({ blocked: [...dials(late), ...dials(other)] });
    expect(await lab.explain(`base/stranger ${late[0]}:${PORT}`)).toMatchObject({
      verdict: 'denied',
      reason: 'QUARANTINED',
    });
    await lab.kubectl('delete networkpolicy -n waiting late');
    await lab.eventually({ connected: [...dials(late), ...dials(other)] });
    expect(await lab.explain(`base/stranger ${late[0]}:${PORT}`)).toMatchObject({
      verdict: 'allowed',
      reason: 'ALLOWED_NOT_ISOLATED',
    });
    await lab.kubectl('delete namespace waiting');
  });

  test('a policy before its pods and after them comes to the same', async () => {
    const isolating = policy('order/api', 'api', FROM_FRIEND);
    await lab.apply('order', isolating);
    await lab.apply('order', pod('order/after', { app: 'api' }));
    const expected = (path: string): { connected: readonly string[]; blocked: readonly string[] } => ({
      connected: [`base/friend > ${path}`],
      blocked: [`base/stranger > ${path}`, `base/far > ${path}`],
    });
    await lab.expect(expected('order/after'));
    await lab.kubectl('delete networkpolicy -n order api');
    await lab.apply('order', pod('order/before', { app: 'api' }));
    await lab.expect({ connected: ['base/stranger > order/before', 'base/stranger > order/after'] });
    await lab.apply('order', isolating);
    await lab.expect(expected('order/before'));
    await lab.expect(expected('order/after'));
  });
});

describe('policies and namespaces', () => {
  test('I4: a policy is about every address of a pod: what admits one family leaves the other closed', async () => {
    await lab.apply('dual', pod('dual/api', { app: 'api' }));
    const [four = '', six = ''] = await lab.addresses('dual/api');
    await lab.expect({ connected: [`base/stranger > ${four}`, `base/stranger > ${six}`] });
    await lab.apply(
      'dual',
      policy('dual/api', 'api', { ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }] }),
    );
    await lab.expect({ connected: [`base/stranger > ${four}`], blocked: [`base/stranger > ${six}`] });
  });

  test('I7: a policy that changes is replaced by its new text, one that goes takes its isolation along', async () => {
    await lab.apply(
      'changing',
      pod('changing/api', { app: 'api' }),
      policy('changing/api', 'api', FROM_FRIEND),
    );
    await lab.expect({
      connected: ['base/friend > changing/api'],
      blocked: ['base/stranger > changing/api'],
    });
    await lab.apply('changing', policy('changing/api', 'api'));
    await lab.expect({ blocked: ['base/friend > changing/api', 'base/stranger > changing/api'] });
    await lab.apply('changing', policy('changing/second', 'api', FROM_FRIEND));
    await lab.expect({
      connected: ['base/friend > changing/api'],
      blocked: ['base/stranger > changing/api'],
    });
    await lab.kubectl('label pod -n changing api app=else --overwrite');
    await lab.synced();
    await lab.expect({ connected: ['base/stranger > changing/api'] });
    await lab.kubectl('label pod -n changing api app=api --overwrite');
    await lab.kubectl('delete networkpolicy -n changing second');
    await lab.synced();
    await lab.expect({ blocked: ['base/friend > changing/api'] });
    await lab.kubectl('delete networkpolicy -n changing api');
    await lab.synced();
    await lab.expect({ connected: ['base/friend > changing/api', 'base/stranger > changing/api'] });
  });

  test('a namespace that is relabelled, deleted and made again: its pods are peers while it has the label', async () => {
    const trusted = { ingress: [{ from: [{ namespaceSelector: { matchLabels: { trust: 'yes' } } }] }] };
    await lab.apply('server', pod('server/api', { app: 'api' }), policy('server/api', 'api', trusted));
    await lab.apply('client', pod('client/web', {}));
    const admitted = { connected: ['client/web > server/api'] };
    const refused = { blocked: ['client/web > server/api'] };
    await lab.expect(refused);
    await lab.kubectl('label namespace client trust=yes');
    await lab.synced();
    await lab.expect(admitted);
    await lab.kubectl('label namespace client trust=no --overwrite');
    await lab.synced();
    await lab.expect(refused);
    await lab.kubectl('label namespace client trust=yes --overwrite');
    await lab.kubectl('delete namespace client');
    await lab.apply('client', pod('client/web', {}));
    await lab.expect(refused);
    await lab.kubectl('label namespace client trust=yes');
    await lab.synced();
    await lab.expect(admitted);
  });
});

/** Datagrams that reached the pod's sockets, or would have had there been any. */
async function received(path: string): Promise<number> {
  const netns = path.replace('/', '_');
  const text = await lab.inside.sh(
    `ip netns exec ${netns} cat /proc/net/snmp6 | grep -E '^Udp6(InDatagrams|NoPorts)'; ip netns exec ${netns} grep Udp: /proc/net/snmp`,
  );
  const six = [...text.matchAll(/^Udp6\w+\s+(\d+)/gm)].map(([, count]) => Number(count));
  const four = /^Udp: (\d+) (\d+)/m.exec(text)?.slice(1).map(Number) ?? [];
  return [...four, ...six].reduce((sum, count) => sum + count, 0);
}
