import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, FAR_MS } from '../kit/waiting.ts';
import { type Cluster, startCluster } from './apiserver-fixture.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
});

afterAll(async () => {
  await cluster.close();
  expect(cluster.errors).toEqual([]);
});

const shop = `
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { team: a } }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec:
  containers:
  - { name: web, image: web, ports: [{ containerPort: 80, name: http }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress:
  - from: [{ namespaceSelector: { matchLabels: { team: a } } }]
    ports: [{ port: 80, protocol: TCP }]
`;

describe('apply', () => {
  beforeAll(async () => {
    await cluster.ok('apply', '-f', await cluster.file('shop.yaml', shop));
  });

  test('creates, and says unchanged when nothing changed', async () => {
    const version = await cluster.ok(
      'get',
      'netpol',
      'web',
      '-n',
      'shop',
      '-o',
      'jsonpath={.metadata.resourceVersion}',
    );
    const again = await cluster.ok('apply', '-f', await cluster.file('shop.yaml', shop));
    expect(again.split('\n')).toEqual([
      'namespace/shop unchanged',
      'pod/web unchanged',
      'networkpolicy.networking.k8s.io/web unchanged',
    ]);
    expect(
      await cluster.ok('get', 'netpol', 'web', '-n', 'shop', '-o', 'jsonpath={.metadata.resourceVersion}'),
    ).toBe(version);
  });

  test('fills in the defaults of the API server', async () => {
    const policy = JSON.parse(await cluster.ok('get', 'netpol', 'web', '-n', 'shop', '-o', 'json'));
    expect(policy.spec).toMatchObject({
      policyTypes: ['Ingress'],
      ingress: [{ ports: [{ port: 80, protocol: 'TCP' }] }],
    });
    expect(policy.metadata.generation).toBe(1);
    const label = 'jsonpath={.metadata.labels.kubernetes\\.io/metadata\\.name}';
    expect(await cluster.ok('get', 'ns', 'shop', '-o', label)).toBe('shop');
  });

  test('changes one rule with a patch and counts the generation', async () => {
    const changed = shop
      .replace('port: 80, protocol: TCP }', 'port: 81 }')
      .replace('team: a } } }]', 'team: b } } }]');
    expect(await cluster.ok('apply', '-f', await cluster.file('changed.yaml', changed))).toContain(
      'networkpolicy.networking.k8s.io/web configured',
    );
    const policy = JSON.parse(await cluster.ok('get', 'netpol', 'web', '-n', 'shop', '-o', 'json'));
    expect(policy.spec.ingress).toEqual([
      {
        from: [{ namespaceSelector: { matchLabels: { team: 'b' } } }],
        ports: [{ port: 81, protocol: 'TCP' }],
      },
    ]);
    expect(policy.metadata.generation).toBe(2);
  });

  test('as a dry run on the server changes nothing', async () => {
    const file = await cluster.file('dry.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: { name: dry }\n');
    expect(await cluster.ok('apply', '--dry-run=server', '-f', file)).toBe(
      'namespace/dry created (server dry run)',
    );
    expect((await cluster.kubectl('get', 'ns', 'dry')).stderr).toBe(
      'Error from server (NotFound): namespaces "dry" not found',
    );
  });

  test('prunes a field that left the file', async () => {
    const one =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c, namespace: shop }\ndata: { a: "1", b: "2" }\n';
    await cluster.ok('apply', '-f', await cluster.file('map.yaml', one));
    await cluster.ok('apply', '-f', await cluster.file('map.yaml', one.replace(', b: "2"', '')));
    expect(await cluster.ok('get', 'cm', 'c', '-n', 'shop', '-o', 'jsonpath={.data}')).toBe('{"a":"1"}');
  });
});

describe('refusals in the words of the API server', () => {
  const policy = (spec: string): string =>
    `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: bad, namespace: default }\nspec: ${spec}\n`;

  const refused: readonly (readonly [string, string, string])[] = [
    [
      'an unknown field',
      policy('{ podSelector: {}, ingress: [{ from: [{ podSelectr: {} }] }] }'),
      'Error from server (BadRequest): error when creating "FILE": NetworkPolicy in version "v1" cannot be handled as a NetworkPolicy: strict decoding error: unknown field "spec.ingress[0].from[0].podSelectr"',
    ],
    [
      'a value of the wrong type',
      policy('{ podSelector: {}, policyTypes: Ingress }'),
      'Error from server (BadRequest): error when creating "FILE": NetworkPolicy in version "v1" cannot be handled as a NetworkPolicy: json: cannot unmarshal string into Go struct field NetworkPolicySpec.spec.policyTypes of type []string',
    ],
    [
      'two broken fields',
      policy('{ podSelector: {}, ingress: [{ ports: [{ port: 0 }], from: [{}] }] }'),
      'The NetworkPolicy "bad" is invalid: \n* spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive\n* spec.ingress[0].from[0]: Required value: must specify a peer',
    ],
    [
      'a name in capitals',
      'apiVersion: v1\nkind: Namespace\nmetadata: { name: Shop }\n',
      `The Namespace "Shop" is invalid: metadata.name: Invalid value: "Shop": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`,
    ],
    [
      'a pod without containers',
      'apiVersion: v1\nkind: Pod\nmetadata: { name: bad, namespace: default }\nspec: { containers: [] }\n',
      'The Pod "bad" is invalid: spec.containers: Required value',
    ],
    [
      'a namespace that does not exist',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: bad, namespace: nowhere }\n',
      'Error from server (NotFound): error when creating "FILE": namespaces "nowhere" not found',
    ],
    [
      'a kind the lab does not have',
      'apiVersion: batch/v1\nkind: Job\nmetadata: { name: bad, namespace: default }\n',
      'error: resource mapping not found for name: "bad" namespace: "default" from "FILE": no matches for kind "Job" in version "batch/v1"\nensure CRDs are installed first',
    ],
  ];

  test.each(refused)('%s', async (_what, text, message) => {
    const file = await cluster.file('bad.yaml', text);
    const { exitCode, stderr } = await cluster.kubectl('create', '-f', file);
    expect(exitCode).toBe(1);
    const lines = (value: string): readonly string[] => value.split('\n').sort();
    expect(lines(stderr)).toEqual(lines(message.replaceAll('FILE', file)));
  });

  test('a name that is taken', async () => {
    const { stderr } = await cluster.kubectl('create', 'namespace', 'default');
    expect(stderr).toBe('Error from server (AlreadyExists): namespaces "default" already exists');
  });

  test('what runs only in real clusters names policyctl probe', async () => {
    await cluster.ok('run', 'shell', '--image=x');
    for (const command of [
      ['logs', 'shell'],
      ['exec', 'shell', '--', 'true'],
      ['port-forward', 'shell', '8080:80'],
      ['attach', 'shell'],
    ]) {
      const { exitCode, stderr } = await cluster.kubectl(...command);
      expect(exitCode).toBe(1);
      expect(stderr).toContain('policyctl probe default/shell TARGET:PORT');
    }
    await cluster.ok('delete', 'pod', 'shell');
  });
});

describe('reading', () => {
  beforeAll(async () => {
    await cluster.ok('create', 'namespace', 'read');
    await cluster.ok('run', 'one', '-n', 'read', '--image=x', '--labels=app=one,tier=front', '--port=80');
    await cluster.ok('run', 'two', '-n', 'read', '--image=x', '--labels=app=two');
    await cluster.ok('wait', '--for=condition=Ready', 'pod', '--all', '-n', 'read', '--timeout=240s');
  });

  test('tables of pods, with node and address when wide', async () => {
    const [head, first] = (await cluster.ok('get', 'pods', '-n', 'read', '-o', 'wide')).split('\n');
    expect(head?.split(/ {2,}/)).toEqual([
      'NAME',
      'READY',
      'STATUS',
      'RESTARTS',
      'AGE',
      'IP',
      'NODE',
      'NOMINATED NODE',
      'READINESS GATES',
    ]);
    expect(first).toMatch(/^one +1\/1 +Running +0 +\d+s +10\.244\.0\.\d+ +node-a +<none> +<none>$/);
  });

  test('tables of everything else', async () => {
    expect(await cluster.ok('get', 'nodes')).toMatch(
      /^NAME +STATUS +ROLES +AGE +VERSION\nnode-a +Ready +<none> +\d+s +lab$/,
    );
    expect(await cluster.ok('get', 'ns', 'read')).toMatch(/^NAME +STATUS +AGE\nread +Active +\d+s$/);
    await cluster.ok('create', 'service', 'clusterip', 'one', '-n', 'read', '--tcp=80:http');
    expect(await cluster.ok('get', 'svc', '-n', 'read')).toMatch(
      /^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE\none +ClusterIP +10\.96\.0\.\d+ +<none> +80\/TCP +\d+s$/,
    );
  });

  test('by label and by field', async () => {
    const names = async (...selection: readonly string[]): Promise<string> =>
      await cluster.ok('get', 'pods', '-n', 'read', '-o', 'name', ...selection);
    expect(await names('-l', 'app in (one,three)')).toBe('pod/one');
    expect(await names('-l', '!tier')).toBe('pod/two');
    expect(await names('-l', 'app!=one')).toBe('pod/two');
    expect(await names('--field-selector', 'metadata.name=two')).toBe('pod/two');
    expect(await names('--field-selector', 'spec.nodeName=node-a,status.phase!=Running')).toBe('');
    expect((await cluster.kubectl('get', 'pods', '--field-selector', 'spec.color=red')).stderr).toContain(
      'field label not supported: spec.color',
    );
  });

  test('in pages no client notices', async () => {
    expect(
      (await cluster.ok('get', 'pods', '-n', 'read', '--chunk-size=1', '-o', 'name')).split('\n'),
    ).toEqual(['pod/one', 'pod/two']);
  });

  test('describe of pods, nodes, namespaces, services and policies', async () => {
    for (const [what, expected] of [
      [['pod', 'one', '-n', 'read'], /Status: +Running[\s\S]*Port: +80\/TCP/],
      [['node', 'node-a'], /PodCIDR: +10\.244\.0\.0\/24[\s\S]*Non-terminated Pods: +\(\d+ in total\)/],
      [['ns', 'read'], /Status: +Active/],
      [['svc', 'one', '-n', 'read'], /TargetPort: +http\/TCP/],
      [['netpol', '-A'], /Allowing ingress traffic:/],
    ] as const) {
      expect(await cluster.ok('describe', ...what)).toMatch(expected);
    }
  });

  test('what there is and what it means', async () => {
    expect(await cluster.ok('api-resources', '--no-headers')).toMatch(
      /networkpolicies +netpol +networking\.k8s\.io\/v1 +true +NetworkPolicy/,
    );
    expect(await cluster.ok('explain', 'networkpolicy.spec.ingress.from')).toMatch(/ipBlock\t<IPBlock>/);
    expect(await cluster.ok('version')).toContain('Server Version: v1.32.0-policyd-lab');
  });
});

describe('changing', () => {
  beforeAll(async () => {
    await cluster.ok('create', 'namespace', 'change');
    await cluster.ok('run', 'pod', '-n', 'change', '--image=x', '--port=80');
  });

  const json = async (kind: string, name: string): Promise<Record<string, Record<string, unknown>>> =>
    JSON.parse(await cluster.ok('get', kind, name, '-n', 'change', '-o', 'json'));

  test('label and annotate, also removing and overwriting', async () => {
    await cluster.ok('label', 'pod', 'pod', '-n', 'change', 'a=1', 'b=2');
    expect((await cluster.kubectl('label', 'pod', 'pod', '-n', 'change', 'a=2')).exitCode).toBe(1);
    await cluster.ok('label', 'pod', 'pod', '-n', 'change', '--overwrite', 'a=2', 'b-');
    await cluster.ok('annotate', 'pod', 'pod', '-n', 'change', 'note="quoted" and ünïcode');
    const { metadata } = await json('pod', 'pod');
    expect(metadata).toMatchObject({
      labels: { a: '2', run: 'pod' },
      annotations: { note: '"quoted" and ünïcode' },
    });
    expect(metadata?.labels).not.toHaveProperty('b');
    expect((await cluster.kubectl('label', 'ns', 'change', 'a=b c')).stderr).toContain(
      'a valid label must be',
    );
  });

  test('patch: json, merge, strategic', async () => {
    const patch = async (type: string, text: string): Promise<void> => {
      await cluster.ok('patch', 'pod', 'pod', '-n', 'change', `--type=${type}`, '-p', text);
    };
    await patch(
      'json',
      '[{"op":"add","path":"/metadata/labels/x~1y","value":"1"},{"op":"test","path":"/metadata/labels/x~1y","value":"1"}]',
    );
    await patch('merge', '{"metadata":{"labels":{"a":null,"m":"2"}}}');
    await patch('strategic', '{"spec":{"containers":[{"name":"pod","image":"y"}]}}');
    const { metadata, spec } = await json('pod', 'pod');
    expect(metadata?.labels).toEqual({ run: 'pod', 'x/y': '1', m: '2' });
    expect(spec?.containers).toMatchObject([{ name: 'pod', image: 'y', ports: [{ containerPort: 80 }] }]);
    const failed = await cluster.kubectl(
      'patch',
      'pod',
      'pod',
      '-n',
      'change',
      '--type=json',
      '-p',
      '[{"op":"test","path":"/metadata/name","value":"z"}]',
    );
    expect(failed.exitCode).toBe(1);
  });

  test('a pod stays what it is but for its image', async () => {
    const { stderr } = await cluster.kubectl(
      'patch',
      'pod',
      'pod',
      '-n',
      'change',
      '-p',
      '{"spec":{"hostNetwork":true}}',
    );
    expect(stderr).toContain('spec: Forbidden: pod updates may not change fields other than');
  });

  test('edit with an editor', async () => {
    const editor = await cluster.file('editor.sh', '#!/bin/sh\nsed -i "s/run: pod/run: edited/" "$1"\n');
    await execa('kubectl', ['edit', 'pod', 'pod', '-n', 'change'], {
      env: { ...cluster.environment, KUBE_EDITOR: editor },
      extendEnv: false,
      timeout: FAR_MS,
    });
    expect((await json('pod', 'pod')).metadata?.labels).toMatchObject({ run: 'edited' });
  });

  test('replace needs the version that was read', async () => {
    await cluster.ok('create', 'configmap', 'map', '-n', 'change', '--from-literal=a=1');
    const old = await cluster.ok('get', 'cm', 'map', '-n', 'change', '-o', 'json');
    await cluster.ok('replace', '-f', await cluster.file('map.json', old.replace('"a": "1"', '"a": "2"')));
    const { stderr } = await cluster.kubectl(
      'replace',
      '-f',
      await cluster.file('map.json', old.replace('"a": "1"', '"a": "3"')),
    );
    expect(stderr).toContain(
      'the object has been modified; please apply your changes to the latest version and try again',
    );
    expect((await json('cm', 'map')).data).toEqual({ a: '2' });
  });

  test('create configmaps, secrets, service accounts and services from arguments', async () => {
    await cluster.ok('create', 'secret', 'generic', 'secret', '-n', 'change', '--from-literal=key=välue');
    expect((await json('secret', 'secret')).data).toEqual({ key: Buffer.from('välue').toString('base64') });
    await cluster.ok('create', 'serviceaccount', 'account', '-n', 'change');
    await cluster.ok(
      'create',
      'service',
      'nodeport',
      'np',
      '-n',
      'change',
      '--tcp=80:8080',
      '--node-port=30080',
    );
    expect((await json('svc', 'np')).spec?.ports).toEqual([
      { name: '80-8080', nodePort: 30080, port: 80, protocol: 'TCP', targetPort: 8080 },
    ]);
  });
});

describe('deleting', () => {
  test('a pod goes through Terminating, and kubectl waits for its end', async () => {
    await cluster.ok('run', 'gone', '--image=x');
    await cluster.ok('wait', '--for=condition=Ready', 'pod/gone', '--timeout=240s');
    const seen: string[] = [];
    const stop = cluster.api.store.watch('pods', ({ type, object }) => {
      if (object.metadata.name === 'gone')
        seen.push(`${type} ${object.metadata.deletionTimestamp === undefined ? '' : 'terminating'}`);
    });
    await cluster.ok('delete', 'pod', 'gone');
    stop();
    expect(seen).toEqual(['MODIFIED terminating', 'DELETED terminating']);
    expect((await cluster.kubectl('get', 'pod', 'gone')).exitCode).toBe(1);
  });

  test('by force is at once', async () => {
    await cluster.ok('run', 'forced', '--image=x');
    await cluster.ok('wait', '--for=condition=Ready', 'pod/forced', '--timeout=240s');
    await cluster.ok('delete', 'pod', 'forced', '--force', '--wait=false');
    expect(cluster.api.store.get('pods', { namespace: 'default', name: 'forced' })).toBeNull();
  });

  test('kubectl wait sees the end of an object that is deleted meanwhile', async () => {
    await cluster.ok('create', 'configmap', 'soon');
    const waiting = cluster.ok('wait', '--for=delete', 'cm/soon', '--timeout=240s');
    await cluster.ok('delete', 'cm', 'soon');
    await waiting;
  });

  test('a namespace keeps its policies until its last pod has ended, then takes everything along', async () => {
    await cluster.ok('create', 'namespace', 'closing');
    const file = shop.split('---').slice(1).join('---').replaceAll('namespace: shop', 'namespace: closing');
    await cluster.ok('apply', '-f', await cluster.file('closing.yaml', file));
    await cluster.ok('wait', '--for=condition=Ready', 'pod/web', '-n', 'closing', '--timeout=240s');
    const order: string[] = [];
    const stops = (['pods', 'networkpolicies', 'namespaces'] as const).map((resource) =>
      cluster.api.store.watch(resource, ({ type, object }) => {
        if (type === 'DELETED' && [object.metadata.namespace, object.metadata.name].includes('closing'))
          order.push(resource);
      }),
    );
    await cluster.ok('delete', 'namespace', 'closing', '--timeout=240s');
    for (const stop of stops) stop();
    expect(order).toEqual(['pods', 'networkpolicies', 'namespaces']);
  });

  test('nothing new comes into a namespace that is going', async () => {
    await cluster.ok('create', 'namespace', 'leaving');
    // What it waits for, however slow kubectl is.
    const held = { metadata: { name: 'held', namespace: 'leaving', finalizers: ['example.com/held'] } };
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', ...held });
    await cluster.ok('apply', '-f', await cluster.file('held.json', text));
    await cluster.ok('delete', 'namespace', 'leaving', '--wait=false');
    const { stderr } = await cluster.kubectl('create', 'configmap', 'late', '-n', 'leaving');
    expect(stderr).toContain('because it is being terminated');
    const release = '{"metadata":{"finalizers":null}}';
    await cluster.ok('patch', 'configmap', 'held', '-n', 'leaving', '--type=merge', '-p', release);
    await eventually(
      'the namespace is gone',
      async () => (await cluster.kubectl('get', 'ns', 'leaving')).exitCode === 1,
    );
  });

  test('a whole collection, by label', async () => {
    for (const name of ['x', 'y']) await cluster.ok('create', 'configmap', `many-${name}`);
    await cluster.ok('label', 'cm', 'many-x', 'many-y', 'set=many');
    await cluster.ok('delete', 'cm', '-l', 'set=many');
    expect(await cluster.ok('get', 'cm', '-l', 'set=many', '-o', 'name')).toBe('');
  });

  test('delete -f of a namespace and its contents succeeds', async () => {
    const file = await cluster.file(
      'all.yaml',
      shop.replaceAll('name: shop', 'name: whole').replaceAll('namespace: shop', 'namespace: whole'),
    );
    await cluster.ok('apply', '-f', file);
    await cluster.ok('delete', '-f', file, '--timeout=240s');
    expect((await cluster.kubectl('get', 'ns', 'whole')).exitCode).toBe(1);
  });
});

describe('watching', () => {
  test('get -w prints additions, changes and ends', async () => {
    const watching = execa('kubectl', ['get', 'cm', '-w', '--output-watch-events', '-l', 'watched=yes'], {
      env: cluster.environment,
      extendEnv: false,
      timeout: FAR_MS,
      reject: false,
    });
    let output = '';
    watching.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    await eventually('the watch is open', async () => {
      await cluster.kubectl('create', 'cm', 'seen');
      await cluster.ok('label', 'cm', 'seen', '--overwrite', 'watched=yes');
      return output.includes('ADDED');
    });
    await cluster.ok('label', 'cm', 'seen', 'more=yes');
    await cluster.ok('label', 'cm', 'seen', 'watched-');
    await eventually('three events', () => output.includes('DELETED'));
    watching.kill();
    await watching;
    const events = output
      .split('\n')
      .flatMap((line) => /^(ADDED|MODIFIED|DELETED) +seen/.exec(line)?.[1] ?? []);
    expect(events).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    await cluster.ok('delete', 'cm', 'seen');
  });
});

describe('Services', () => {
  test('describe shows the ready pods behind them, by the number of the named port', async () => {
    await cluster.ok(
      'run',
      'backend',
      '--image=x',
      '--labels=app=backend',
      '--overrides',
      JSON.stringify({
        spec: {
          containers: [{ name: 'backend', image: 'x', ports: [{ name: 'http', containerPort: 8080 }] }],
        },
      }),
    );
    await cluster.ok('create', 'service', 'clusterip', 'backend', '--tcp=80:http');
    await cluster.ok('wait', '--for=condition=Ready', 'pod/backend', '--timeout=240s');
    await eventually('the endpoint', async () =>
      /Endpoints: +10\.244\.0\.\d+:8080/.test(await cluster.ok('describe', 'svc', 'backend')),
    );
    await cluster.ok('delete', 'pod', 'backend');
    await eventually('no endpoint', async () =>
      /Endpoints: *(<none>)?$/m.test(await cluster.ok('describe', 'svc', 'backend')),
    );
    await cluster.ok('delete', 'svc', 'backend');
    await eventually(
      'no slice',
      () => cluster.api.store.list('endpointslices', { namespace: 'default' }).items.length === 0,
    );
  });
});

describe('Deployments', () => {
  test('roll out, scale, update, undo and go with their pods', async () => {
    await cluster.ok('create', 'namespace', 'roll');
    const run = (...args: readonly string[]): Promise<string> => cluster.ok('-n', 'roll', ...args);
    const pods = async (): Promise<string> =>
      await run('get', 'pods', '-o', 'jsonpath={.items[*].spec.containers[0].image}');
    await run('create', 'deployment', 'web', '--image=v1', '--replicas=2', '--port=80');
    expect(await run('rollout', 'status', 'deploy/web', '--timeout=240s')).toContain(
      'successfully rolled out',
    );
    expect(await run('get', 'deploy', 'web')).toMatch(/web +2\/2 +2 +2 /);
    await run('scale', 'deploy/web', '--replicas=4');
    await run('rollout', 'status', 'deploy/web', '--timeout=240s');
    expect(await pods()).toBe('v1 v1 v1 v1');
    await run('set', 'image', 'deploy/web', 'v1=v2');
    await run('rollout', 'status', 'deploy/web', '--timeout=240s');
    await eventually('only new pods', async () => (await pods()) === 'v2 v2 v2 v2');
    await run('rollout', 'undo', 'deploy/web');
    await run('rollout', 'status', 'deploy/web', '--timeout=240s');
    await eventually('only old pods', async () => (await pods()) === 'v1 v1 v1 v1');
    expect(await run('rollout', 'history', 'deploy/web')).toMatch(/^2 .*\n3 /m);
    expect(await run('get', 'events')).toContain('Scaled up replica set');
    const doomed = await run('get', 'pods', '-o', 'jsonpath={.items[0].metadata.name}');
    await run('delete', 'pod', doomed);
    await run('wait', '--for=jsonpath={.status.readyReplicas}=4', 'deploy/web', '--timeout=240s');
    await run('delete', 'deploy', 'web', '--cascade=foreground', '--timeout=240s');
    expect(await run('get', 'rs,pods', '-o', 'name')).toBe('');
  });

  test('keep the bounds of a rolling update at every step', async () => {
    await cluster.ok('create', 'deployment', 'steady', '--image=v1', '--replicas=4');
    await cluster.ok('rollout', 'status', 'deploy/steady', '--timeout=240s');
    const counts: number[] = [];
    const stop = cluster.api.store.watch('pods', () => {
      const { items } = cluster.api.store.list('pods', { namespace: 'default' });
      const live = items.filter(
        ({ metadata }) => metadata.name.startsWith('steady') && metadata.deletionTimestamp === undefined,
      );
      counts.push(live.length);
    });
    await cluster.ok('set', 'image', 'deploy/steady', 'v1=v2');
    await cluster.ok('rollout', 'status', 'deploy/steady', '--timeout=240s');
    stop();
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(3);
    expect(Math.max(...counts)).toBeLessThanOrEqual(5);
    await cluster.ok('delete', 'deploy', 'steady');
  });

  test('left as orphans the pods stay', async () => {
    await cluster.ok('create', 'deployment', 'parent', '--image=v1');
    await cluster.ok('rollout', 'status', 'deploy/parent', '--timeout=240s');
    await cluster.ok('delete', 'deploy', 'parent', '--cascade=orphan');
    expect(
      await cluster.ok(
        'get',
        'rs',
        '-l',
        'app=parent',
        '-o',
        'jsonpath={.items[*].metadata.ownerReferences}',
      ),
    ).toBe('');
    expect(await cluster.ok('get', 'pods', '-l', 'app=parent', '-o', 'name')).toMatch(/^pod\/parent-/);
    await cluster.ok('delete', 'rs,pods', '-l', 'app=parent');
  });
});
