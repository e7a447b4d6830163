import { expect, test } from 'vitest';
import { createApiServer } from '../apiserver/api-server.ts';
import type { JsonObject } from '../apiserver/json.ts';
import type { Store } from '../apiserver/store.ts';
import type { Front } from './front.ts';
import { frontsOf } from './fronts.ts';
import { hostPortsOf } from './host-ports.ts';

/** Objects go through the lab's API server, so that they have the defaults and addresses they have in the lab. */
function storeWith(
  ...objects: readonly (readonly ['services' | 'pods' | 'endpointslices', JsonObject])[]
): Store {
  const { store } = createApiServer({ serviceRanges: ['10.96.0.0/16', 'fd00:10:96::/112'] });
  for (const [resource, object] of objects) store.create(resource, object);
  return store;
}

function frontsIn(store: Store): readonly Front[] {
  const [services, pods, slices] = (['services', 'pods', 'endpointslices'] as const).map(
    (resource) => store.list(resource).items,
  );
  return frontsOf(services ?? [], pods ?? [], slices ?? []).filter(
    ({ title }) => !title.startsWith('default/kubernetes:'),
  );
}

function service(spec: JsonObject): readonly ['services', JsonObject] {
  const metadata = { name: 'api', namespace: 'default' };
  return ['services', { apiVersion: 'v1', kind: 'Service', metadata, spec }];
}

function pod(
  name: string,
  ports: readonly JsonObject[],
  more: JsonObject = {},
): readonly ['pods', JsonObject] {
  const metadata = { name, namespace: 'default', labels: { app: 'api' } };
  const spec = { nodeName: 'node-a', containers: [{ name: 'main', image: 'none', ports }], ...more };
  return ['pods', { apiVersion: 'v1', kind: 'Pod', metadata, spec }];
}

function run(store: Store, name: string, ready: 'True' | 'False', ...addresses: readonly string[]): void {
  store.editStatus('pods', { namespace: 'default', name }, (status) => ({
    ...status,
    phase: 'Running',
    podIP: addresses[0],
    podIPs: addresses.map((ip) => ({ ip })),
    conditions: [{ type: 'Ready', status: ready }],
  }));
}

const selector = { app: 'api' };

test('a named targetPort is the number each pod gives that name and protocol, or no endpoint', () => {
  const store = storeWith(
    service({ selector, ports: [{ port: 80, targetPort: 'http' }] }),
    pod('one', [{ name: 'http', containerPort: 8080 }]),
    pod('two', [{ name: 'http', containerPort: 8081 }]),
    pod('udp', [{ name: 'http', containerPort: 8082, protocol: 'UDP' }]),
    pod('none', [{ containerPort: 8083 }]),
  );
  for (const [index, name] of ['one', 'two', 'udp', 'none'].entries())
    run(store, name, 'True', `10.244.1.${index + 2}`);
  expect(frontsIn(store).map(({ backends }) => backends)).toEqual([
    [
      { address: '10.244.1.2', port: 8080, node: 'node-a' },
      { address: '10.244.1.3', port: 8081, node: 'node-a' },
    ],
  ]);
});

test('a dual-stack Service has a front in each family, with the backends of that family', () => {
  const store = storeWith(
    service({ selector, ipFamilyPolicy: 'RequireDualStack', ports: [{ port: 80 }] }),
    pod('one', []),
  );
  run(store, 'one', 'True', '10.244.1.2', 'fd00:10:244:1::2');
  expect(frontsIn(store).map((front) => [front.family, front.clusterAddress, front.backends])).toEqual([
    [4, '10.96.0.10', [{ address: '10.244.1.2', port: 80, node: 'node-a' }]],
    [6, 'fd00:10:96::a', [{ address: 'fd00:10:244:1::2', port: 80, node: 'node-a' }]],
  ]);
});

test('pods that are not ready count only when the Service publishes them', () => {
  for (const publishNotReadyAddresses of [false, true]) {
    const store = storeWith(
      service({ selector, publishNotReadyAddresses, ports: [{ port: 80 }] }),
      pod('one', []),
    );
    run(store, 'one', 'False', '10.244.1.2');
    expect(frontsIn(store)[0]?.backends).toHaveLength(publishNotReadyAddresses ? 1 : 0);
  }
});

test('terminating and completed pods are no endpoints', () => {
  const store = storeWith(service({ selector, ports: [{ port: 80 }] }), pod('going', []), pod('over', []));
  run(store, 'going', 'True', '10.244.1.2');
  run(store, 'over', 'True', '10.244.1.3');
  expect(frontsIn(store)[0]?.backends).toHaveLength(2);
  store.delete('pods', { namespace: 'default', name: 'going' });
  store.editStatus('pods', { namespace: 'default', name: 'over' }, (status) => ({
    ...status,
    phase: 'Succeeded',
  }));
  expect(frontsIn(store)[0]?.backends).toEqual([]);
});

test.each([
  ['headless', { selector, clusterIP: 'None', ports: [{ port: 80 }] }],
  ['ExternalName', { type: 'ExternalName', externalName: 'example.com', ports: [{ port: 80 }] }],
])('a Service that is %s has no front', (_name, spec) => {
  expect(frontsIn(storeWith(service(spec)))).toEqual([]);
});

test('EndpointSlices serve a Service without a selector, by the name of the port, and no other Service', () => {
  const slice = (name: string, of: string, more: JsonObject): readonly ['endpointslices', JsonObject] => [
    'endpointslices',
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': of } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 9000, protocol: 'TCP' }],
      ...more,
    },
  ];
  const store = storeWith(
    service({
      ports: [
        { name: 'http', port: 80 },
        { name: 'admin', port: 81 },
      ],
    }),
    slice('good', 'api', {
      endpoints: [
        { addresses: ['192.0.2.1'], nodeName: 'node-b' },
        { addresses: ['192.0.2.2'], conditions: { ready: false } },
      ],
    }),
    slice('other', 'web', { endpoints: [{ addresses: ['192.0.2.3'] }] }),
    slice('family', 'api', { addressType: 'IPv6', endpoints: [{ addresses: ['2001:db8::1'] }] }),
  );
  expect(frontsIn(store).map(({ title, backends }) => [title, backends])).toEqual([
    ['default/api:http', [{ address: '192.0.2.1', port: 9000, node: 'node-b' }]],
    ['default/api:admin', []],
  ]);
});

test('a hostPort is one entry for each address of its pod, within the family of hostIP; host-network pods have none', () => {
  const store = storeWith(
    pod('any', [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }]),
    pod('here', [{ containerPort: 80, hostPort: 8081, hostIP: '172.18.0.2', protocol: 'UDP' }]),
    pod('all-six', [{ containerPort: 80, hostPort: 8082, hostIP: '::' }]),
    pod('host', [{ containerPort: 80, hostPort: 80 }], { hostNetwork: true }),
  );
  for (const [index, name] of ['any', 'here', 'all-six', 'host'].entries())
    run(store, name, 'True', `10.244.1.${index + 2}`, `fd00:10:244:1::${index + 2}`);
  const found = hostPortsOf(store.list('pods').items);
  expect(
    found.map(({ title, protocol, port, at, backend }) => [
      title,
      protocol,
      port,
      at,
      backend.address,
      backend.port,
    ]),
  ).toEqual([
    ['default/all-six:8082', 'TCP', 8082, null, 'fd00:10:244:1::4', 80],
    ['default/any:8080', 'TCP', 8080, null, '10.244.1.2', 80],
    ['default/any:8080', 'TCP', 8080, null, 'fd00:10:244:1::2', 80],
    ['default/here:8081', 'UDP', 8081, '172.18.0.2', '10.244.1.3', 80],
  ]);
});
