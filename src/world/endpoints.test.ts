/** Who answers for a Service: from slices as kube-proxy reads them, without them as the controller would write them. */
import { describe, expect, test } from 'vitest';
import type { Service } from '../model/service.ts';
import { answering, endpointsFor, endpointsOf } from './endpoints.ts';
import { assembleWorld, decodeAll } from './gather.ts';
import { endName } from './place.ts';
import type { World } from './world.ts';

type Raw = Readonly<Record<string, unknown>>;

const HTTP = [{ name: 'http', containerPort: 8080 }];

function pod(name: string, status: Raw, spec: Raw = {}, meta: Raw = {}): Raw {
  const metadata = { namespace: 'shop', name, labels: { app: 'api' }, ...meta };
  const containers = [{ name: 'c', image: 'i', ports: HTTP }];
  return { kind: 'Pod', metadata, spec: { nodeName: 'node-a', containers, ...spec }, status };
}

function at(...addresses: readonly string[]): Raw {
  return { phase: 'Running', podIPs: addresses.map((ip) => ({ ip })) };
}

function ready(status: Raw, says: string): Raw {
  return { ...status, conditions: [{ type: 'Ready', status: says }] };
}

function service(spec: Raw = {}): Raw {
  const ports = [{ port: 80, targetPort: 'http' }];
  return {
    kind: 'Service',
    metadata: { namespace: 'shop', name: 'api' },
    spec: { clusterIP: '10.96.0.9', selector: { app: 'api' }, ports, ...spec },
  };
}

let slices = 0;

function slice(endpoints: readonly Raw[], more: Raw = {}): Raw {
  slices += 1;
  const name = `api-${slices}`;
  return {
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name, labels: { 'kubernetes.io/service-name': 'api' } },
    addressType: 'IPv4',
    ports: [{ name: '', protocol: 'TCP', port: 8080 }],
    endpoints,
    ...more,
  };
}

function world(objects: readonly Raw[], kind: World['input']['kind'] = 'files', slicesListed = false): World {
  const gathered = objects.map((raw) => ({ kind: String(raw.kind), raw, locate: null }));
  return assembleWorld(
    decodeAll(gathered, 'ignore'),
    { kind, cluster: null, files: [], missing: [] },
    { slicesListed },
  );
}

function api({ services }: World): Service {
  const found = services.get('shop/api');
  if (found === undefined) throw new Error('no Service shop/api');
  return found;
}

/** `shop/one:8080`, marked unless it is ready, over every port of the Service. */
function listed(of: World): readonly string[] {
  return api(of).ports.flatMap((port) =>
    endpointsOf(of, api(of), port).map((each) => {
      const family = each.family === 6 ? ' over IPv6' : '';
      const mark = each.ready ? '' : each.terminating ? ' ending' : ' not ready';
      return `${endName(each.end)}:${each.port}${family}${mark}`;
    }),
  );
}

describe('without slices the selector chooses', () => {
  test('live pods of the namespace with all its labels', () => {
    const of = world([
      service({ selector: { app: 'api', tier: 'back' } }),
      pod('half', at('10.0.0.1')),
      pod('whole', at('10.0.0.2'), {}, { labels: { app: 'api', tier: 'back', more: 'x' } }),
      pod('else', at('10.0.0.3'), {}, { namespace: 'ops', labels: { app: 'api', tier: 'back' } }),
      pod('over', { phase: 'Succeeded' }, {}, { labels: { app: 'api', tier: 'back' } }),
    ]);
    expect(listed(of)).toEqual(['shop/whole:8080']);
  });

  test('a pod of a file is ready unless it says otherwise, one of a cluster only if it says so', () => {
    const objects = [
      service(),
      pod('a-yes', ready(at('10.0.0.1'), 'True')),
      pod('b-no', ready(at('10.0.0.2'), 'False')),
      pod('c-unknown', ready(at('10.0.0.3'), 'Unknown')),
      pod('d-silent', at('10.0.0.4')),
      pod('e-waiting', { phase: 'Pending' }),
    ];
    const rest = ['shop/b-no:8080 not ready', 'shop/c-unknown:8080 not ready'];
    expect(listed(world(objects))).toEqual([
      'shop/a-yes:8080',
      ...rest,
      'shop/d-silent:8080',
      'shop/e-waiting:8080',
    ]);
    expect(listed(world(objects, 'cluster'))).toEqual([
      'shop/a-yes:8080',
      ...rest,
      'shop/d-silent:8080 not ready',
    ]);
  });

  test('publishNotReadyAddresses makes them ready all the same', () => {
    const objects = [service({ publishNotReadyAddresses: true }), pod('one', ready(at('10.0.0.1'), 'False'))];
    expect(listed(world(objects))).toEqual(['shop/one:8080']);
  });

  test('a named target port is the number of the first container that has it, sidecars last, or none', () => {
    const named = (name: string, number: number, more: Raw = {}): Raw => ({
      name: `${name}-${number}`,
      ports: [{ name, containerPort: number, ...more }],
    });
    const of = world([
      service(),
      pod('a-twice', at('10.0.0.1'), { containers: [named('http', 9090), named('http', 8080)] }),
      pod('b-udp', at('10.0.0.2'), { containers: [named('http', 8081, { protocol: 'UDP' })] }),
      pod('c-none', at('10.0.0.3'), { containers: [named('web', 8082)] }),
      pod('d-sidecar', at('10.0.0.4'), {
        containers: [named('web', 8083)],
        initContainers: [named('http', 8084), { ...named('http', 8085), restartPolicy: 'Always' }],
      }),
    ]);
    expect(listed(of)).toEqual(['shop/a-twice:9090', 'shop/d-sidecar:8085']);
  });

  test('in the families of the Service that the pod has too', () => {
    const pods = [pod('both', at('10.0.0.1', 'fd00::1')), pod('four', at('10.0.0.2'))];
    const of = (spec: Raw): readonly string[] => listed(world([service(spec), ...pods]));
    expect(of({})).toEqual(['shop/both:8080', 'shop/four:8080']);
    expect(of({ clusterIP: 'fd00:96::9' })).toEqual(['shop/both:8080 over IPv6']);
    expect(of({ clusterIP: 'None', ipFamilies: ['IPv6'] })).toEqual(['shop/both:8080 over IPv6']);
    expect(of({ clusterIP: 'None' })).toEqual([
      'shop/both:8080',
      'shop/both:8080 over IPv6',
      'shop/four:8080',
    ]);
  });

  test('a pod of the host is one, at the number it is asked for', () => {
    const node = { kind: 'Node', metadata: { name: 'node-a' }, spec: {}, status: {} };
    const objects = [
      service({ ports: [{ port: 80, targetPort: 7070 }] }),
      node,
      pod('host', at('172.18.0.2'), { hostNetwork: true }),
    ];
    expect(listed(world(objects))).toEqual(['shop/host:7070']);
  });

  test('no selector, or another DNS name: nobody', () => {
    const one = pod('one', at('10.0.0.1'));
    expect(listed(world([service({ selector: null }), one]))).toEqual([]);
    expect(
      listed(world([service({ type: 'ExternalName', externalName: 'example.com', clusterIP: '' }), one])),
    ).toEqual([]);
  });
});

describe('slices', () => {
  const one = pod('one', at('10.0.0.1'));

  test('are believed, whatever the selector says, and none means nobody where all are listed', () => {
    const objects = [service(), one, pod('two', at('10.0.0.2'))];
    expect(listed(world([...objects, slice([{ addresses: ['10.0.0.2'] }])]))).toEqual(['shop/two:8080']);
    expect(listed(world(objects, 'cluster', true))).toEqual([]);
    // The control: where they could not be listed, the selector has to do.
    expect(listed(world(objects, 'files'))).toEqual(['shop/one:8080', 'shop/two:8080']);
  });

  test('name pods by their address, or by name while nobody knows the address', () => {
    const ref = (name: string): Raw => ({ targetRef: { kind: 'Pod', name, namespace: 'shop' } });
    const objects = [
      service({ selector: null }),
      one,
      pod('new', {}),
      pod('host', at('172.18.0.2'), { hostNetwork: true }),
      slice([
        { addresses: ['10.0.0.1'] },
        { addresses: ['10.0.0.7'], ...ref('new') },
        { addresses: ['172.18.0.2'], ...ref('host') },
        // The pod of that name has another address by now: the address is what connections go to.
        { addresses: ['10.0.0.9'], ...ref('one') },
        { addresses: ['192.0.2.1', '192.0.2.2'] },
      ]),
    ];
    expect(listed(world(objects))).toEqual([
      'shop/host:8080',
      'shop/new:8080',
      'shop/one:8080',
      '10.0.0.9:8080',
      '192.0.2.1:8080',
    ]);
  });

  test('belong to a port by its name and protocol, and to a Service by their label and namespace', () => {
    const label = (name: string, namespace = 'shop'): Raw => ({
      metadata: { namespace, name, labels: { 'kubernetes.io/service-name': name } },
    });
    const objects = [
      service({
        ports: [
          { name: 'web', port: 80 },
          { name: 'dns', port: 53, protocol: 'UDP' },
        ],
      }),
      slice([{ addresses: ['192.0.2.1'] }], {
        ports: [
          { name: 'web', port: 8080 },
          { name: 'dns', port: 5353 },
          { name: 'web', port: 8081 },
          { name: 'web' },
        ],
      }),
      slice([{ addresses: ['192.0.2.2'] }], label('web')),
      slice([{ addresses: ['192.0.2.3'] }], label('api', 'ops')),
    ];
    expect(listed(world(objects))).toEqual(['192.0.2.1:8080', '192.0.2.1:8081']);
  });

  test('of another family, or of DNS names, are not for this Service', () => {
    const objects = [
      service(),
      slice([{ addresses: ['2001:db8::1'] }], { addressType: 'IPv6' }),
      slice([{ addresses: ['example.com'] }], { addressType: 'FQDN' }),
      slice([{ addresses: ['192.0.2.1'] }]),
    ];
    expect(listed(world(objects))).toEqual(['192.0.2.1:8080']);
  });

  test('say who is ready; an endpoint of two slices is ready if one says so', () => {
    const not = { conditions: { ready: false, serving: false } };
    const ending = { conditions: { ready: false, serving: true, terminating: true } };
    const objects = [
      service(),
      slice([
        { addresses: ['192.0.2.1'], ...not },
        { addresses: ['192.0.2.2'], ...ending },
        { addresses: ['192.0.2.3'] },
        { addresses: ['192.0.2.4'], ...not },
      ]),
      slice([{ addresses: ['192.0.2.1'], conditions: { ready: true } }]),
    ];
    expect(listed(world(objects))).toEqual([
      '192.0.2.1:8080',
      '192.0.2.2:8080 ending',
      '192.0.2.3:8080',
      '192.0.2.4:8080 not ready',
    ]);
  });
});

describe('connections go', () => {
  const chosen = (of: World): readonly string[] =>
    api(of).ports.flatMap((port) =>
      answering(endpointsOf(of, api(of), port)).map(({ end, family }) => `${endName(end)}/${family}`),
    );

  test('to ready endpoints; without any to those that end but serve; per family', () => {
    const ending = { conditions: { ready: false, serving: true, terminating: true } };
    const six = { addressType: 'IPv6' };
    const ready4 = slice([{ addresses: ['192.0.2.1'] }, { addresses: ['192.0.2.2'], ...ending }]);
    const ending6 = slice(
      [
        { addresses: ['2001:db8::1'], ...ending },
        { addresses: ['2001:db8::2'], conditions: { ready: false } },
      ],
      six,
    );
    const dual = service({ clusterIPs: ['10.96.0.9', 'fd00:96::9'] });
    expect(chosen(world([dual, ready4, ending6]))).toEqual(['192.0.2.1/4', '2001:db8::1/6']);
  });

  test('to the own node only under internalTrafficPolicy Local, if anybody knows the node', () => {
    const objects = [
      service({ internalTrafficPolicy: 'Local' }),
      pod('a-here', at('10.0.0.1')),
      pod('b-there', at('10.0.0.2'), { nodeName: 'node-b' }),
      pod('c-anywhere', at('10.0.0.3'), { nodeName: null }),
    ];
    const of = world(objects);
    const from = (name: string): readonly string[] => {
      const client = [...of.snapshot.pods.values()].find((each) => each.name === name);
      if (client === undefined) throw new Error(`no pod ${name}`);
      return api(of).ports.flatMap((port) =>
        endpointsFor(of, { kind: 'pod', pod: client }, api(of), port).map(({ end }) => endName(end)),
      );
    };
    expect(from('a-here')).toEqual(['shop/a-here', 'shop/c-anywhere']);
    expect(from('b-there')).toEqual(['shop/b-there', 'shop/c-anywhere']);
    expect(from('c-anywhere')).toEqual(['shop/a-here', 'shop/b-there', 'shop/c-anywhere']);
  });
});
