import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../policy/decode/problem.ts';
import { createApiServer } from './api-server.ts';
import type { JsonObject } from './json.ts';
import { allocateService } from './service-addresses.ts';

const ranges = ['10.96.0.0/24', 'fd00:96::/112'];
const port = { port: 80, protocol: 'TCP', targetPort: 80 };

function allocate(spec: JsonObject, given: readonly string[] = ranges): JsonObject {
  const { spec: result, problems } = allocateService(
    { type: 'ClusterIP', ports: [port], ...spec },
    null,
    [],
    given,
  );
  return problems.length > 0 ? { problems: problems.map(formatProblem) } : result;
}

describe('ClusterIPs', () => {
  test('one of the first family by default, of both on request', () => {
    expect(allocate({})).toMatchObject({
      clusterIP: '10.96.0.10',
      clusterIPs: ['10.96.0.10'],
      ipFamilies: ['IPv4'],
    });
    expect(allocate({}, ['fd00:96::/112'])).toMatchObject({ clusterIP: 'fd00:96::a', ipFamilies: ['IPv6'] });
    expect(allocate({ ipFamilyPolicy: 'PreferDualStack' })).toMatchObject({
      clusterIPs: ['10.96.0.10', 'fd00:96::a'],
      ipFamilies: ['IPv4', 'IPv6'],
    });
    expect(allocate({ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6'] })).toMatchObject({
      clusterIPs: ['fd00:96::a', '10.96.0.10'],
    });
  });

  test('none for headless and external names', () => {
    expect(allocate({ clusterIP: 'None' })).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'] });
    expect(allocate({ type: 'ExternalName', externalName: 'a.example' })).not.toHaveProperty('clusterIP');
  });

  test('what cannot be had is said', () => {
    expect(allocate({ clusterIP: '10.97.0.1' })).toEqual({
      problems: [
        'spec.clusterIPs: Invalid value: ["10.97.0.1"]: failed to allocate IP 10.97.0.1: the provided IP (10.97.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0-10.96.0.255',
      ],
    });
    expect(allocate({ ipFamilies: ['IPv6'] }, ['10.96.0.0/24'])).toEqual({
      problems: ['spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
    });
    expect(allocate({ ipFamilyPolicy: 'RequireDualStack' }, ['10.96.0.0/24'])).toEqual({
      problems: [
        'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
      ],
    });
  });
});

describe('over the life of Services', () => {
  const service = (name: string, spec: JsonObject = {}): JsonObject => ({
    metadata: { name, namespace: 'default' },
    spec: { ports: [{ port: 80 }], ...spec },
  });

  test('addresses are kept by updates, never given twice and free after deletion', () => {
    const { store } = createApiServer({ serviceRanges: ranges });
    store.create('services', service('a'));
    expect(store.create('services', service('b')).spec).toMatchObject({ clusterIP: '10.96.0.11' });
    expect(() => store.create('services', service('c', { clusterIP: '10.96.0.10' }))).toThrow(
      'provided IP is already allocated',
    );
    expect(store.update('services', service('a', { selector: { a: 'b' } })).spec).toMatchObject({
      clusterIP: '10.96.0.10',
    });
    expect(() => store.update('services', service('a', { clusterIP: '10.96.0.99' }))).toThrow(
      'may not change once set',
    );
    store.delete('services', { namespace: 'default', name: 'a' });
    expect(store.create('services', service('d')).spec).toMatchObject({ clusterIP: '10.96.0.10' });
  });

  test('nodePorts come and go with the type', () => {
    const { store } = createApiServer({ serviceRanges: ranges });
    const made = store.create('services', service('a', { type: 'NodePort' }));
    expect(made.spec).toMatchObject({ ports: [{ nodePort: 30000 }], externalTrafficPolicy: 'Cluster' });
    expect(() =>
      store.create('services', service('b', { type: 'NodePort', ports: [{ port: 1, nodePort: 30000 }] })),
    ).toThrow('spec.ports[0].nodePort: Invalid value: 30000: provided port is already allocated');
    expect(() =>
      store.create('services', service('b', { type: 'NodePort', ports: [{ port: 1, nodePort: 80 }] })),
    ).toThrow('The range of valid ports is 30000-32767');
    const { spec } = store.update('services', service('a'));
    expect(JSON.stringify(spec)).not.toContain('nodePort');
  });
});
