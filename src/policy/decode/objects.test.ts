/** Pods, namespaces, nodes and services: defaults, validation, and what a watch may bring. */
import { describe, expect, test } from 'vitest';
import type { Pod } from '../../model/cluster.ts';
import { decodeEndpointSlice } from './endpoint-slice.ts';
import { decodeNamespace } from './namespace.ts';
import { decodeNode } from './node.ts';
import { decodePod } from './pod.ts';
import { formatProblem } from './problem.ts';
import { decodeService } from './service.ts';

const META = { namespace: 'shop', name: 'web' };
const MAIN = { name: 'main', image: 'web:1' };

function podMessages(spec: unknown, metadata: unknown = META): readonly string[] {
  const raw = { apiVersion: 'v1', kind: 'Pod', metadata, spec };
  const { value, problems } = decodePod(raw, 'reject');
  expect(value === null).toBe(problems.length > 0);
  return problems.map(formatProblem);
}

function watchedPod(spec: unknown, status: unknown = {}, metadata: unknown = META): Pod {
  const { value } = decodePod({ metadata, spec, status }, 'ignore');
  if (value === null) throw new Error('a pod with a name must have a value');
  return value;
}

describe('a pod in a file', () => {
  test('is Pending, has no address and no node, until somebody says so', () => {
    const { value } = decodePod(
      { apiVersion: 'v1', kind: 'Pod', metadata: META, spec: { containers: [MAIN] } },
      'reject',
    );
    expect(value).toEqual({
      ...META,
      uid: '',
      labels: new Map(),
      node: null,
      addresses: [],
      hostNetwork: false,
      phase: 'Pending',
      deleting: false,
      created: 0,
      ports: [],
    });
  });

  test.each<[string, unknown, readonly string[]]>([
    ['no containers', {}, ['spec.containers: Required value']],
    [
      'a container without name and image',
      { containers: [{}] },
      ['spec.containers[0].name: Required value', 'spec.containers[0].image: Required value'],
    ],
    [
      'two containers of one name',
      { containers: [MAIN, MAIN] },
      ['spec.containers[1].name: Duplicate value: "main"'],
    ],
    ['a misspelt field', { containers: [MAIN], hostNetwrk: true }, ['unknown field "spec.hostNetwrk"']],
    [
      'a misspelt field of a port',
      { containers: [{ ...MAIN, ports: [{ containerPort: 80, proto: 'UDP' }] }] },
      ['unknown field "spec.containers[0].ports[0].proto"'],
    ],
    [
      'a port without a number',
      { containers: [{ ...MAIN, ports: [{ name: 'http' }] }] },
      ['spec.containers[0].ports[0].containerPort: Required value'],
    ],
    [
      'a port past the last',
      { containers: [{ ...MAIN, ports: [{ containerPort: 70000 }] }] },
      [
        'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
      ],
    ],
    [
      'a protocol in lower case',
      { containers: [{ ...MAIN, ports: [{ containerPort: 80, protocol: 'udp' }] }] },
      [
        'spec.containers[0].ports[0].protocol: Unsupported value: "udp": supported values: "SCTP", "TCP", "UDP"',
      ],
    ],
    [
      'one port name twice in a container',
      {
        containers: [
          {
            ...MAIN,
            ports: [
              { name: 'a', containerPort: 1 },
              { name: 'a', containerPort: 2 },
            ],
          },
        ],
      },
      ['spec.containers[0].ports[1].name: Duplicate value: "a"'],
    ],
    [
      'text for a boolean',
      { containers: [MAIN], hostNetwork: 'yes' },
      ['spec.hostNetwork: Invalid value: "yes": must be a boolean'],
    ],
  ])('%s is an error', (_what, spec, expected) => {
    expect(podMessages(spec)).toEqual(expected);
  });

  test('labels are checked as Kubernetes does, keys and values', () => {
    const labels = { 'a/b/c': 'x', ok: 'y'.repeat(64), 'Upper.Case/fine': 'no', 'example.com/ok': 'yes' };
    const found = podMessages({ containers: [MAIN] }, { ...META, labels });
    expect(found).toHaveLength(3);
    expect(found.every((message) => message.startsWith('metadata.labels: Invalid value: '))).toBe(true);
  });

  test('an unknown field of the metadata is an error', () => {
    expect(podMessages({ containers: [MAIN] }, { ...META, lables: {} })).toEqual([
      'unknown field "metadata.lables"',
    ]);
  });
});

describe('a pod from a watch', () => {
  const port = (name: string, containerPort: number): unknown => ({ name, containerPort });

  test('F7 sidecars count and plain init containers do not', () => {
    const pod = watchedPod({
      containers: [{ ...MAIN, ports: [port('http', 80)] }],
      initContainers: [
        { name: 'proxy', restartPolicy: 'Always', ports: [port('http', 15001)] },
        { name: 'setup', ports: [port('http', 9999)] },
        { name: 'never', restartPolicy: 'Never', ports: [port('http', 9998)] },
      ],
    });
    expect(pod.ports.map(({ port: number }) => number)).toEqual([80, 15001]);
  });

  test('I4 every entry of podIPs counts, once, in canonical form', () => {
    const podIPs = [{ ip: '10.0.0.1' }, { ip: '2001:DB8:0::1' }];
    expect(watchedPod({}, { podIP: '10.0.0.1', podIPs }).addresses).toEqual(['10.0.0.1', '2001:db8::1']);
    expect(watchedPod({}, { podIP: '10.0.0.1' }).addresses).toEqual(['10.0.0.1']);
    expect(watchedPod({}, { podIP: '', podIPs: [] }).addresses).toEqual([]);
  });

  test('I3 a deletion timestamp marks it, as text or as a date', () => {
    for (const deletionTimestamp of ['2026-01-01T00:00:00Z', new Date(0)])
      expect(watchedPod({}, {}, { ...META, deletionTimestamp }).deleting).toBe(true);
    expect(watchedPod({}, {}, { ...META, deletionTimestamp: null }).deleting).toBe(false);
  });

  test('its age is known, from text or a date, and what is no time is as old as can be', () => {
    const created = (creationTimestamp: unknown): number =>
      watchedPod({}, {}, { ...META, creationTimestamp }).created;
    expect(created('1970-01-02T00:00:00Z')).toBe(86_400);
    expect(created(new Date(86_400_000))).toBe(86_400);
    for (const nonsense of [null, undefined, 'yesterday', 7]) expect(created(nonsense)).toBe(0);
  });

  test('broken parts never make it less isolated', () => {
    const pod = watchedPod(
      {
        hostNetwork: 'true',
        containers: [{ ports: [port('http', 0), 5, port('ok', 81)] }, null, 7],
        nodeName: 3,
      },
      { phase: 'Finished', podIPs: [{ ip: 'x' }, { ip: '10.0.0.2' }] },
      { ...META, labels: { app: 5, role: null } },
    );
    expect(pod).toMatchObject({ hostNetwork: false, phase: 'Unknown', node: null, addresses: ['10.0.0.2'] });
    expect(pod.ports).toEqual([{ name: 'ok', protocol: 'TCP', port: 81 }]);
    // The keys stay: without them NotIn and DoesNotExist would match.
    expect([...pod.labels.keys()]).toEqual(['app', 'role']);
  });

  test('a phase that is no text is unknown, and not the Pending of a new pod', () => {
    expect(watchedPod({}, { phase: 5 }).phase).toBe('Unknown');
    expect(watchedPod({}, {}).phase).toBe('Pending');
  });

  test('has no value only when it cannot be named', () => {
    for (const raw of [
      null,
      5,
      [],
      {},
      { metadata: { name: 'a' } },
      { metadata: { namespace: 'b', name: 'a/c' } },
    ]) {
      const { value, problems } = decodePod(raw, 'ignore');
      expect(value).toBeNull();
      expect(problems.length).toBeGreaterThan(0);
    }
  });
});

describe('a namespace', () => {
  test('D6 has its name as a label, whatever the object says', () => {
    for (const labels of [undefined, {}, { 'kubernetes.io/metadata.name': 'kube-system' }]) {
      const { value } = decodeNamespace({ metadata: { name: 'shop', labels } }, 'ignore');
      expect(value?.labels.get('kubernetes.io/metadata.name')).toBe('shop');
    }
  });

  test('has no dots in its name, no namespace, and no fields nobody knows', () => {
    const raw = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'a.b', namespace: 'c' },
      labels: {},
    };
    expect(decodeNamespace(raw, 'reject').problems.map(formatProblem)).toEqual([
      'unknown field "labels"',
      'metadata.name: Invalid value: "a.b": must not contain dots',
      'metadata.namespace: Forbidden: not allowed on this type',
    ]);
  });
});

describe('a node', () => {
  test('has its internal and external addresses and its pod ranges, canonical', () => {
    const { value } = decodeNode(
      {
        metadata: { name: 'node-a.example.com' },
        spec: { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24', 'FD00:1::/64'] },
        status: {
          addresses: [
            { type: 'Hostname', address: 'node-a' },
            { type: 'InternalIP', address: '172.18.0.2' },
            { type: 'ExternalIP', address: '2001:DB8::2' },
            { type: 'InternalIP', address: 'nonsense' },
          ],
        },
      },
      'ignore',
    );
    expect(value).toMatchObject({
      name: 'node-a.example.com',
      addresses: ['172.18.0.2', '2001:db8::2'],
      podCidrs: ['10.244.1.0/24', 'fd00:1::/64'],
    });
  });

  test('podCIDR alone is a pod range too', () => {
    const { value } = decodeNode({ metadata: { name: 'n' }, spec: { podCIDR: '10.1.0.0/24' } }, 'ignore');
    expect(value?.podCidrs).toEqual(['10.1.0.0/24']);
  });
});

describe('a service', () => {
  const service = (spec: unknown): unknown => ({ apiVersion: 'v1', kind: 'Service', metadata: META, spec });

  test('targetPort is the port unless given, and protocol TCP', () => {
    const { value, problems } = decodeService(
      service({ selector: { app: 'web' }, ports: [{ port: 80 }], clusterIP: '10.96.0.1' }),
      'reject',
    );
    expect(problems).toEqual([]);
    expect(value).toMatchObject({
      selector: new Map([['app', 'web']]),
      clusterAddresses: ['10.96.0.1'],
      ports: [{ name: null, protocol: 'TCP', port: 80, targetPort: 80, nodePort: null }],
    });
  });

  test('headless has no address, and an empty selector is none', () => {
    const { value } = decodeService(service({ clusterIP: 'None', selector: {} }), 'reject');
    expect(value).toMatchObject({ selector: null, clusterAddresses: [], ports: [] });
  });

  test('a named targetPort stays a name', () => {
    const { value } = decodeService(service({ ports: [{ port: 80, targetPort: 'http' }] }), 'ignore');
    expect(value?.ports[0]?.targetPort).toBe('http');
  });

  test.each<[string, unknown, readonly string[]]>([
    ['no ports', {}, ['spec.ports: Required value']],
    [
      'two ports, one without a name',
      { ports: [{ name: 'a', port: 1 }, { port: 2 }] },
      ['spec.ports[1].name: Required value'],
    ],
    [
      'a port in quotes',
      { ports: [{ port: '80' }] },
      ['spec.ports[0].port: Invalid value: "80": must be an integer'],
    ],
    [
      'a misspelt field',
      { ports: [{ port: 80, targetport: 1 }] },
      ['unknown field "spec.ports[0].targetport"'],
    ],
  ])('%s is an error', (_what, spec, expected) => {
    expect(decodeService(service(spec), 'reject').problems.map(formatProblem)).toEqual(expected);
  });
});

describe('an EndpointSlice', () => {
  const slice = (more: object, labels: object = { 'kubernetes.io/service-name': 'api' }): unknown => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...META, labels },
    addressType: 'IPv4',
    ...more,
  });

  test('is the endpoints of a Service; what it does not say is what kube-proxy takes it for', () => {
    const ref = { targetRef: { kind: 'Pod', name: 'web-1', namespace: 'shop' }, nodeName: 'node-a' };
    const conditions = { ready: false, serving: true, terminating: true };
    const { value, problems } = decodeEndpointSlice(
      slice({
        ports: [{ name: 'http', port: 8080 }, { name: '', protocol: 'UDP', port: 53 }, { name: 'all' }],
        endpoints: [
          { addresses: ['10.0.0.1', '10.0.0.2'], conditions, ...ref },
          { addresses: ['192.0.2.1'] },
        ],
      }),
      'reject',
    );
    expect(problems).toEqual([]);
    expect(value).toEqual({
      ...META,
      service: 'api',
      family: 4,
      ports: [
        { name: 'http', protocol: 'TCP', port: 8080 },
        { name: null, protocol: 'UDP', port: 53 },
      ],
      endpoints: [
        { address: '10.0.0.1', pod: 'web-1', node: 'node-a', ...conditions },
        { address: '192.0.2.1', pod: null, node: null, ready: true, serving: true, terminating: false },
      ],
    });
  });

  test('of no Service, or of DNS names, is for nobody who forwards', () => {
    expect(decodeEndpointSlice(slice({}, {}), 'reject').value?.service).toBeNull();
    const names = slice({ addressType: 'FQDN', endpoints: [{ addresses: ['example.com'] }] });
    expect(decodeEndpointSlice(names, 'reject').value).toMatchObject({ family: null, endpoints: [] });
  });

  test.each<[string, object, readonly string[]]>([
    ['no type', { addressType: undefined }, ['addressType: Required value']],
    [
      'a type nobody has',
      { addressType: 'IPv5' },
      ['addressType: Unsupported value: "IPv5": supported values: "FQDN", "IPv4", "IPv6"'],
    ],
    ['no address', { endpoints: [{}] }, ['endpoints[0].addresses: Required value']],
    [
      'an address of another family',
      { endpoints: [{ addresses: ['fd00::1'] }] },
      ['endpoints[0].addresses[0]: Invalid value: "fd00::1": must be a valid IPv4 address'],
    ],
    [
      'a port past the last',
      { ports: [{ port: 70000 }] },
      ['ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive'],
    ],
    ['a misspelt field', { endpoint: [] }, ['unknown field "endpoint"']],
    [
      'a misspelt field of an endpoint',
      { endpoints: [{ addresses: ['10.0.0.1'], nodename: 'a' }] },
      ['unknown field "endpoints[0].nodename"'],
    ],
    ['a spec', { spec: {} }, ['unknown field "spec"']],
  ])('%s in a file is an error', (_what, more, expected) => {
    const { value, problems } = decodeEndpointSlice(slice(more), 'reject');
    expect(value).toBeNull();
    expect(problems.map(formatProblem)).toEqual(expected);
  });

  test('from a cluster: what is broken is left out, the rest counts', () => {
    const { value } = decodeEndpointSlice(
      slice({
        ports: [{ port: 0 }, { port: 80 }],
        endpoints: [{ addresses: ['nonsense'] }, { addresses: ['10.0.0.1'] }],
      }),
      'ignore',
    );
    expect(value?.ports.map(({ port }) => port)).toEqual([80]);
    expect(value?.endpoints.map(({ address }) => address)).toEqual(['10.0.0.1']);
  });
});
