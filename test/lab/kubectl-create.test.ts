/**
 * What kubectl makes from arguments (protobuf from kubectl 1.32 on) against the same object from a file (JSON), Lists,
 * and the verbs around Deployments, nodes and explain.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from './apiserver-fixture.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
  for (const name of ['arguments', 'file']) await cluster.ok('create', 'namespace', name);
});

afterAll(async () => {
  await cluster.close();
  expect(cluster.errors).toEqual([]);
});

type Plain = Record<string, unknown>;

/** The object as stored, without what differs between any two objects. */
async function stored(kind: string, name: string, namespace: string): Promise<unknown> {
  const object = JSON.parse(await cluster.ok('get', kind, name, '-n', namespace, '-o', 'json')) as Plain & {
    readonly metadata: Plain;
    readonly spec?: Plain;
  };
  const {
    uid: _uid,
    resourceVersion: _version,
    creationTimestamp: _time,
    namespace: _ns,
    ...metadata
  } = object.metadata;
  const { status: _status, spec, ...rest } = object;
  if (spec === undefined) return { ...rest, metadata };
  const { clusterIP, clusterIPs: _ips, ...kept } = spec;
  const ports = Array.isArray(kept.ports)
    ? { ports: kept.ports.map((port: Plain) => ({ ...port, nodePort: typeof port.nodePort })) }
    : {};
  return {
    ...rest,
    metadata,
    spec: { ...kept, ...ports, clusterIP: clusterIP === 'None' ? clusterIP : typeof clusterIP },
  };
}

const commands: readonly (readonly [string, string, ...(readonly string[])])[] = [
  ['deploy', 'd1', 'create', 'deployment', 'd1', '--image=x:1', '--image=y', '--replicas=3'],
  ['deploy', 'd2', 'create', 'deployment', 'd2', '--image=x', '--port=8080', '--', 'sleep', '5', 'ünïcode'],
  ['svc', 's1', 'create', 'service', 'clusterip', 's1', '--tcp=80:http', '--tcp=81:8081'],
  ['svc', 's2', 'create', 'service', 'clusterip', 's2', '--clusterip=None'],
  ['svc', 's3', 'create', 'service', 'nodeport', 's3', '--tcp=80'],
  ['svc', 's4', 'create', 'service', 'loadbalancer', 's4', '--tcp=80'],
  ['svc', 's5', 'create', 'service', 'externalname', 's5', '--external-name=a.example.com'],
  [
    'cm',
    'c1',
    'create',
    'configmap',
    'c1',
    '--from-literal=a=b',
    '--from-literal=empty=',
    '--from-literal=q="\n',
  ],
  ['cm', 'c2', 'create', 'configmap', 'c2', '--from-file=binary=BINARY'],
  ['secret', 't1', 'create', 'secret', 'generic', 't1', '--from-literal=a=välue', '--from-file=BINARY'],
  ['secret', 't2', 'create', 'secret', 'docker-registry', 't2', '--docker-username=a', '--docker-password=b'],
  ['sa', 'a1', 'create', 'serviceaccount', 'a1'],
  [
    'pod',
    'p1',
    'run',
    'p1',
    '--image=x',
    '--port=80',
    '--env=A=B',
    '--labels=a=b',
    '--restart=Never',
    '--',
    'x',
    '-y',
  ],
];

test.each(commands)('%s %s from arguments is what its file would be', async (kind, name, ...words) => {
  const binary = await cluster.file('binary', '\u0000\u0001ÿ');
  const args = words.map((word) => word.replace('BINARY', binary));
  const at = args.indexOf('--') === -1 ? args.length : args.indexOf('--');
  const manifest = await cluster.ok(
    ...args.slice(0, at),
    '--dry-run=client',
    '-o',
    'json',
    ...args.slice(at),
  );
  await cluster.ok('create', '-n', 'file', '-f', await cluster.file(`${name}.json`, manifest));
  await cluster.ok('-n', 'arguments', ...args);
  const wanted = await stored(kind, name, 'file');
  expect(wanted).toMatchObject({ metadata: { name } });
  expect(await stored(kind, name, 'arguments')).toEqual(wanted);
});

describe('a protobuf body that is broken', () => {
  async function post(body: Buffer): Promise<{ readonly code: number; readonly status: unknown }> {
    const response = await fetch(`${cluster.url}/api/v1/namespaces/file/configmaps`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/vnd.kubernetes.protobuf' },
      body: new Uint8Array(body),
    });
    return { code: response.status, status: await response.json() };
  }
  // type { v1, ConfigMap }, object { metadata { name: broken } }
  const whole = Buffer.from(
    '6b3873000a0f0a027631120943 6f6e6669674d6170 120a0a080a0662726f6b656e'.replaceAll(' ', ''),
    'hex',
  );

  test.each([
    ['is cut off', whole.subarray(0, -3)],
    ['has a field of no type', Buffer.concat([whole, Buffer.from([0x0f])])],
    ['is not protobuf', Buffer.from('{"kind":"ConfigMap"}')],
    ['is noise', Buffer.from('6b387300ffffffffffffffffffffffffffff', 'hex')],
  ])('and %s is a Status of code 400, and nothing is made', async (_what, body) => {
    const { code, status } = await post(body);
    expect(code).toBe(400);
    expect(status).toMatchObject({
      kind: 'Status',
      reason: 'BadRequest',
      message: expect.stringMatching(/protobuf/),
    });
    expect((await cluster.kubectl('get', 'cm', 'broken', '-n', 'file')).exitCode).toBe(1);
  });

  test('while the whole body makes the object', async () => {
    expect((await post(whole)).code).toBe(201);
    await cluster.ok('delete', 'cm', 'broken', '-n', 'file');
  });
});

describe('a List', () => {
  const list = (second: unknown): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'listed' }, data: { a: 'b' } },
        {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'NetworkPolicy',
          metadata: { name: 'listed' },
          spec: second,
        },
      ],
    });

  test('is created, found unchanged, changed and deleted item by item', async () => {
    const file = await cluster.file('list.json', list({ podSelector: {} }));
    const names = ['configmap/listed', 'networkpolicy.networking.k8s.io/listed'];
    expect((await cluster.ok('apply', '-f', file)).split('\n')).toEqual(
      names.map((name) => `${name} created`),
    );
    expect((await cluster.ok('apply', '-f', file)).split('\n')).toEqual(
      names.map((name) => `${name} unchanged`),
    );
    const changed = await cluster.file('list.json', list({ podSelector: {}, policyTypes: ['Egress'] }));
    expect(await cluster.ok('apply', '-f', changed)).toContain(`${names[1]} configured`);
    await cluster.ok('delete', '-f', changed);
    expect((await cluster.kubectl('get', 'cm', 'listed')).exitCode).toBe(1);
  });

  test('has each of its items checked by the server', async () => {
    const file = await cluster.file('list.json', list({ podSelectr: {} }));
    const { exitCode, stderr } = await cluster.kubectl('apply', '-f', file);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('strict decoding error: unknown field "spec.podSelectr"');
    await cluster.ok('delete', 'cm', 'listed');
  });

  test('of one kind is taken too', async () => {
    const items = [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'typed' } }];
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMapList', items });
    expect(await cluster.ok('apply', '-f', await cluster.file('typed.json', text))).toBe(
      'configmap/typed created',
    );
  });
});

describe('Deployments from arguments', () => {
  const run = (...args: readonly string[]): Promise<string> => cluster.ok('-n', 'arguments', ...args);

  test('are exposed, set, paused, restarted and scaled to nothing', async () => {
    await run('create', 'deployment', 'web', '--image=v1', '--port=80');
    await run(
      'expose',
      'deployment',
      'web',
      '--port=80',
      '--target-port=8080',
      '--session-affinity=ClientIP',
    );
    expect(await stored('svc', 'web', 'arguments')).toMatchObject({
      spec: {
        selector: { app: 'web' },
        ports: [{ port: 80, targetPort: 8080 }],
        sessionAffinity: 'ClientIP',
      },
    });
    await run('set', 'env', 'deploy/web', 'A=B');
    await run('set', 'resources', 'deploy/web', '--limits=cpu=200m');
    await run('rollout', 'pause', 'deploy/web');
    await run('rollout', 'resume', 'deploy/web');
    await run('rollout', 'restart', 'deploy/web');
    expect(await stored('deploy', 'web', 'arguments')).toMatchObject({
      spec: {
        template: {
          metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': expect.any(String) } },
          spec: {
            containers: [{ env: [{ name: 'A', value: 'B' }], resources: { limits: { cpu: '200m' } } }],
          },
        },
      },
    });
    await run('scale', 'deploy/web', '--replicas=0');
    await run('wait', '--for=delete', 'pod', '-l', 'app=web', '--timeout=240s');
    expect(await run('get', 'deploy', 'web')).toMatch(/web +0\/0 +0 +0 /);
    const { stderr } = await cluster.kubectl(
      'scale',
      'deploy/web',
      '-n',
      'arguments',
      '--replicas=2',
      '--current-replicas=5',
    );
    expect(stderr).toContain('Expected replicas to be 5, was 0');
  });
});

describe('nodes', () => {
  test('are cordoned, tainted, drained and given back', async () => {
    await cluster.ok('run', 'guest', '--image=x');
    await cluster.ok('wait', '--for=condition=Ready', 'pod/guest', '--timeout=240s');
    await cluster.ok('cordon', 'node-a');
    expect(await cluster.ok('get', 'node', 'node-a')).toContain('Ready,SchedulingDisabled');
    await cluster.ok('taint', 'node', 'node-a', 'k=v:NoSchedule');
    expect(await cluster.ok('get', 'node', 'node-a', '-o', 'jsonpath={.spec.taints[?(@.key=="k")]}')).toBe(
      '{"effect":"NoSchedule","key":"k","value":"v"}',
    );
    await cluster.ok('taint', 'node', 'node-a', 'k-');
    const drained = await cluster.ok(
      'drain',
      'node-a',
      '--force',
      '--timeout=240s',
      '--pod-selector=run=guest',
    );
    expect(drained).toContain('pod/guest evicted');
    expect((await cluster.kubectl('get', 'pod', 'guest')).exitCode).toBe(1);
    await cluster.ok('uncordon', 'node-a');
    expect(await cluster.ok('get', 'node', 'node-a')).not.toContain('SchedulingDisabled');
  });
});

test('explain names fields and types as a cluster does', async () => {
  expect(await cluster.ok('explain', 'netpol.spec.ingress.from')).toMatch(
    /namespaceSelector\t<LabelSelector>/,
  );
  expect(await cluster.ok('explain', 'netpol.spec.egress.ports')).toMatch(/port\t<IntOrString>/);
  expect(await cluster.ok('explain', 'pod.spec.containers.resources')).toMatch(
    /limits\t<map\[string\]Quantity>/,
  );
});
