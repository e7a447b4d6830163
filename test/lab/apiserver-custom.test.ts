/** CustomResourceDefinitions as somebody with kubectl meets them: applied, served, validated, watched, deleted. */
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, FAR_MS } from '../kit/waiting.ts';
import { type Cluster, startCluster } from './apiserver-fixture.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
  await cluster.ok('apply', '-f', await cluster.file('gates.yaml', gates));
  await cluster.ok('apply', '-f', await cluster.file('realms.yaml', realms));
});

afterAll(async () => {
  await cluster.close();
  expect(cluster.errors).toEqual([]);
});

const gates = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: gates.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { plural: gates, kind: Gate, shortNames: [gt], categories: [all] }
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: { specReplicasPath: .spec.width, statusReplicasPath: .status.width, labelSelectorPath: .status.selector }
    selectableFields: [{ jsonPath: .spec.color }]
    additionalPrinterColumns:
    - { name: Color, type: string, jsonPath: .spec.color }
    - { name: Width, type: integer, jsonPath: .spec.width }
    - { name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status' }
    - { name: Locked, type: boolean, jsonPath: .spec.locked, priority: 1 }
    - { name: Opened, type: date, jsonPath: .status.opened }
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            description: What the gate is to be.
            required: [color]
            properties:
              color: { type: string, enum: [red, green], description: What is painted on it. }
              width: { type: integer, minimum: 1, maximum: 10, default: 3 }
              locked: { type: boolean }
              host: { type: string, pattern: '^[a-z]+$', minLength: 2, maxLength: 5 }
              port: { x-kubernetes-int-or-string: true, anyOf: [{ type: integer }, { type: string }] }
              tags: { type: array, x-kubernetes-list-type: set, maxItems: 2, items: { type: string } }
              notes: { type: object, additionalProperties: { type: string } }
              extra: { type: object, x-kubernetes-preserve-unknown-fields: true }
              rules:
                type: array
                minItems: 1
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties:
                    name: { type: string }
                    action: { type: string, default: Pass }
                    until: { type: string, format: date-time, nullable: true }
          status:
            type: object
            properties:
              width: { type: integer }
              selector: { type: string }
              opened: { type: string, format: date-time }
              conditions:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [type]
                items:
                  type: object
                  required: [type, status]
                  properties: { type: { type: string }, status: { type: string }, reason: { type: string } }
  - name: v1beta1
    served: true
    storage: false
    schema:
      openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true }
`;

const realms = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: realms.example.org }
spec:
  group: example.org
  scope: Cluster
  names: { plural: realms, kind: Realm }
  versions:
  - name: v1
    served: true
    storage: true
    schema: { openAPIV3Schema: { type: object, properties: { data: { type: string } } } }
`;

const gate = (name: string, spec: string): string =>
  `apiVersion: example.com/v1\nkind: Gate\nmetadata: { name: ${name}, namespace: default }\nspec: ${spec}\n`;

async function json(...args: readonly string[]): Promise<Record<string, Record<string, unknown>>> {
  return JSON.parse(await cluster.ok('get', ...args, '-o', 'json'));
}

describe('a definition', () => {
  test('is established at once, and found by discovery and explain', async () => {
    await cluster.ok('wait', '--for=condition=Established', 'crd/gates.example.com', '--timeout=240s');
    expect(await cluster.ok('get', 'crd')).toMatch(/^NAME +CREATED AT\ngates\.example\.com +\d{4}-/);
    expect(await cluster.ok('api-resources', '--api-group=example.com', '--no-headers')).toMatch(
      /^gates +gt +example\.com\/v1 +true +Gate$/,
    );
    expect((await cluster.ok('api-versions')).split('\n')).toEqual(
      expect.arrayContaining(['example.com/v1', 'example.com/v1beta1', 'example.org/v1']),
    );
    expect(await cluster.ok('explain', 'gate.spec.color')).toMatch(/What is painted on it/);
    expect(await cluster.ok('explain', 'gate.spec')).toMatch(/rules\t<\[\]Object>/);
    const { status } = await json('crd', 'gates.example.com');
    expect(status).toMatchObject({
      storedVersions: ['v1'],
      acceptedNames: { plural: 'gates', singular: 'gate', kind: 'Gate', listKind: 'GateList' },
    });
  });

  test('is found unchanged when applied again', async () => {
    expect(await cluster.ok('apply', '-f', await cluster.file('gates.yaml', gates))).toBe(
      'customresourcedefinition.apiextensions.k8s.io/gates.example.com unchanged',
    );
  });

  const broken: readonly (readonly [string, (text: string) => string, string])[] = [
    [
      'another name than that of its kind',
      (text) => text.replace('{ name: reams.example.org', '{ name: ream.example.org'),
      'metadata.name: Invalid value: "ream.example.org": must be spec.names.plural+"."+spec.group',
    ],
    [
      'a group without a dot',
      (text) => text.replaceAll('example.org', 'example'),
      'spec.group: Invalid value: "example": should be a domain with at least one dot',
    ],
    [
      'a group of Kubernetes',
      (text) => text.replaceAll('example.org', 'policy.k8s.io'),
      'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation',
    ],
    [
      'a field without a type',
      (text) => text.replace('{ type: string }', '{}'),
      'spec.versions[0].schema.openAPIV3Schema.properties.data.type: Required value: must not be empty for specified object fields',
    ],
    [
      'a list without items',
      (text) => text.replace('{ type: string }', '{ type: array }'),
      'properties.data.items: Required value: must be specified',
    ],
    [
      'a default that its schema refuses',
      (text) => text.replace('{ type: string }', '{ type: string, default: 1 }'),
      'properties.data.default: Invalid value: "integer"',
    ],
    [
      'a pattern that is none',
      (text) => text.replace('{ type: string }', "{ type: string, pattern: '(' }"),
      'properties.data.pattern: Invalid value: "(": must be a valid regular expression, but isn\'t',
    ],
    [
      'no schema',
      (text) => text.replace(/schema: .*/, ''),
      'spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required',
    ],
    [
      'no version that is stored',
      (text) => text.replace('storage: true', 'storage: false'),
      'spec.versions: Invalid value: ["v1"]: must have exactly one version marked as storage version',
    ],
    [
      'conversion by a webhook',
      (text) => text.replace('scope: Cluster', 'scope: Cluster\n  conversion: { strategy: Webhook }'),
      'spec.conversion.strategy: Forbidden: the lab API server calls no webhooks',
    ],
    [
      'a column that is no path',
      (text) =>
        text.replace(
          'served: true',
          'served: true\n    additionalPrinterColumns: [{ name: A, type: string, jsonPath: a }]',
        ),
      'spec.versions[0].additionalPrinterColumns[0].jsonPath: Invalid value: "a"',
    ],
  ];

  test.each(broken)('with %s is refused', async (_what, change, message) => {
    const text = change(realms.replaceAll('realm', 'ream').replaceAll('Realm', 'Ream'));
    const { exitCode, stderr } = await cluster.kubectl(
      'create',
      '-f',
      await cluster.file('broken.yaml', text),
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain(message);
  });

  test('with names that are taken is not established until they are free', async () => {
    const rival = realms
      .replaceAll('realms', 'domains')
      .replace('kind: Realm', 'kind: Realm, shortNames: [rlm]');
    await cluster.ok('apply', '-f', await cluster.file('rival.yaml', rival));
    const { status } = await json('crd', 'domains.example.org');
    expect(status?.conditions).toMatchObject([
      { type: 'NamesAccepted', status: 'False', reason: 'ListKindConflict' },
      { type: 'Established', status: 'False', reason: 'NotAccepted' },
    ]);
    expect((await cluster.kubectl('get', 'domains')).exitCode).toBe(1);
    await cluster.ok('delete', 'crd', 'realms.example.org');
    await cluster.ok('wait', '--for=condition=Established', 'crd/domains.example.org', '--timeout=240s');
    expect(await cluster.ok('get', 'domains.example.org', '-o', 'name')).toBe('');
    await cluster.ok('delete', 'crd', 'domains.example.org');
    await cluster.ok('apply', '-f', await cluster.file('realms.yaml', realms));
  });

  test('with rules that the lab does not evaluate is taken with a warning', async () => {
    const text = realms
      .replaceAll('realms', 'halls')
      .replaceAll('Realm', 'Hall')
      .replace(
        'data: { type: string }',
        'data: { type: string, x-kubernetes-validations: [{ rule: "self != 1" }] }',
      );
    const { exitCode, stderr } = await cluster.kubectl(
      'create',
      '-f',
      await cluster.file('rules.yaml', text),
    );
    expect(stderr).toContain(
      'Warning: spec.versions[0]: x-kubernetes-validations are not evaluated by the lab',
    );
    expect(exitCode).toBe(0);
    await cluster.ok('delete', 'crd', 'halls.example.org');
  });
});

describe('a custom object', () => {
  test('is created, defaulted, counted, changed, and found unchanged', async () => {
    const file = await cluster.file(
      'a.yaml',
      gate('a', '{ color: red, rules: [{ name: x, action: Stop }] }'),
    );
    expect(await cluster.ok('apply', '-f', file)).toBe('gate.example.com/a created');
    expect(await cluster.ok('apply', '-f', file)).toBe('gate.example.com/a unchanged');
    expect(await json('gate', 'a')).toMatchObject({
      apiVersion: 'example.com/v1',
      metadata: { generation: 1 },
      spec: { color: 'red', width: 3, rules: [{ name: 'x', action: 'Stop' }] },
    });
    await cluster.ok('apply', '-f', await cluster.file('a.yaml', gate('a', '{ color: green }')));
    const changed = await json('gate', 'a');
    expect(changed).toMatchObject({ metadata: { generation: 2 }, spec: { color: 'green' } });
    expect(changed.spec).not.toHaveProperty('rules');
    await cluster.ok('label', 'gate', 'a', 'x=y');
    await cluster.ok('annotate', 'gate', 'a', 'x=y');
    expect(await json('gate', 'a')).toMatchObject({ metadata: { generation: 2, labels: { x: 'y' } } });
    expect(await cluster.ok('describe', 'gate', 'a')).toMatch(/Color: +green/);
  });

  const refused: readonly (readonly [string, string, string])[] = [
    ['a missing field', '{}', 'spec.color: Required value'],
    [
      'a wrong type',
      '{ color: red, width: "3" }',
      'spec.width: Invalid value: "string": spec.width in body must be of type integer: "string"',
    ],
    [
      'no choice',
      '{ color: blue }',
      'spec.color: Unsupported value: "blue": supported values: "red", "green"',
    ],
    [
      'too small',
      '{ color: red, width: 0 }',
      'spec.width: Invalid value: 0: spec.width in body should be greater than or equal to 1',
    ],
    [
      'too large',
      '{ color: red, width: 11 }',
      'spec.width: Invalid value: 11: spec.width in body should be less than or equal to 10',
    ],
    [
      'a pattern',
      '{ color: red, host: A-B }',
      `spec.host: Invalid value: "A-B": spec.host in body should match '^[a-z]+$'`,
    ],
    ['too long', '{ color: red, host: abcdef }', 'spec.host: Too long: may not be more than 5 bytes'],
    [
      'too short',
      '{ color: red, host: a }',
      'spec.host: Invalid value: "a": spec.host in body should be at least 2 chars long',
    ],
    ['too many', '{ color: red, tags: [a, b, c] }', 'spec.tags: Too many: 3: must have at most 2 items'],
    [
      'too few',
      '{ color: red, rules: [] }',
      'spec.rules: Invalid value: 0: spec.rules in body should have at least 1 items',
    ],
    ['twins of a set', '{ color: red, tags: [a, a] }', 'spec.tags[1]: Duplicate value: "a"'],
    [
      'twins by key',
      '{ color: red, rules: [{ name: x }, { name: x }] }',
      'spec.rules[1]: Duplicate value: {"name":"x"}',
    ],
    [
      'neither number nor text',
      '{ color: red, port: true }',
      'spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
    ],
    [
      'an entry of a map',
      '{ color: red, notes: { a: 1 } }',
      'spec.notes.a: Invalid value: "integer": spec.notes.a in body must be of type string: "integer"',
    ],
    [
      'a null',
      '{ color: null }',
      'spec.color: Invalid value: "null": spec.color in body must be of type string: "null"',
    ],
    [
      'a format',
      '{ color: red, rules: [{ name: x, until: soon }] }',
      'spec.rules[0].until: Invalid value: "soon": spec.rules[0].until in body must be of type date-time: "soon"',
    ],
    ['an unknown field', '{ color: red, hight: 1 }', 'strict decoding error: unknown field "spec.hight"'],
  ];

  test.each(refused)('with %s is refused', async (_what, spec, message) => {
    const file = await cluster.file('bad.yaml', gate('bad', spec));
    const { exitCode, stderr } = await cluster.kubectl('create', '-f', file);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(1);
  });

  test('with all that its schema takes is stored as it is; unknown fields are warned of and pruned', async () => {
    const spec =
      '{ color: red, port: http, notes: { a: b }, extra: { any: [1] }, rules: [{ name: x, until: null }], hight: 1 }';
    const file = await cluster.file('all.yaml', gate('all', spec));
    const { exitCode, stderr } = await cluster.kubectl('create', '--validate=warn', '-f', file);
    expect(stderr).toContain('unknown field "spec.hight"');
    expect(exitCode).toBe(0);
    const stored = await json('gate', 'all');
    expect(stored.spec).toEqual({
      color: 'red',
      width: 3,
      port: 'http',
      notes: { a: 'b' },
      extra: { any: [1] },
      rules: [{ name: 'x', action: 'Pass', until: null }],
    });
    await cluster.ok('delete', 'gate', 'all');
  });

  test('has a status of its own: neither write touches the other, and only the specification is counted', async () => {
    await cluster.ok('apply', '-f', await cluster.file('s.yaml', gate('s', '{ color: red }')));
    const patch = async (text: string, ...more: readonly string[]): Promise<string> =>
      await cluster.ok('patch', 'gate', 's', '--type=merge', '-p', text, ...more);
    await patch('{"status":{"width":9}}');
    expect((await json('gate', 's')).status).toBeUndefined();
    const opened = new Date(Date.now() - 3 * 24 * 3600 * 1000).toISOString();
    await patch(
      JSON.stringify({
        spec: { color: 'green' },
        status: { width: 5, opened, conditions: [{ type: 'Ready', status: 'True' }] },
      }),
      '--subresource=status',
    );
    expect(await json('gate', 's')).toMatchObject({
      metadata: { generation: 1 },
      spec: { color: 'red' },
      status: { width: 5 },
    });
    const { stderr } = await cluster.kubectl(
      'patch',
      'gate',
      's',
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"width":"x"}}',
    );
    expect(stderr).toContain('status.width: Invalid value: "string"');
    expect(await cluster.ok('get', 'gates', 's')).toMatch(
      /^NAME +COLOR +WIDTH +READY +OPENED\ns +red +3 +True +3d$/,
    );
    expect(await cluster.ok('get', 'gt', 'a', '-o', 'wide')).toMatch(
      /^NAME +COLOR +WIDTH +READY +LOCKED +OPENED\na +green/,
    );
    await cluster.ok('wait', '--for=condition=Ready', 'gate/s', '--timeout=240s');
  });

  test('is scaled, selected by a field, and in the category all', async () => {
    await cluster.ok('scale', 'gate', 's', '--replicas=7');
    expect(await json('gate', 's')).toMatchObject({ metadata: { generation: 2 }, spec: { width: 7 } });
    expect(await cluster.ok('get', 'gates', '--field-selector', 'spec.color=red', '-o', 'name')).toBe(
      'gate.example.com/s',
    );
    expect(await cluster.ok('get', 'all', '-o', 'name')).toContain('gate.example.com/s');
  });

  test('is served in every version, which differ in name alone', async () => {
    expect(await json('gates.v1beta1.example.com', 's')).toMatchObject({
      apiVersion: 'example.com/v1beta1',
      spec: { width: 7 },
    });
    const file = await cluster.file(
      'beta.yaml',
      gate('beta', '{ color: red }').replace('example.com/v1', 'example.com/v1beta1'),
    );
    expect(await cluster.ok('apply', '-f', file)).toBe('gate.example.com/beta created');
    expect(await cluster.ok('apply', '-f', file)).toBe('gate.example.com/beta unchanged');
    expect(await json('gates.v1.example.com', 'beta')).toMatchObject({ apiVersion: 'example.com/v1' });
    await cluster.ok('delete', 'gate', 'beta');
  });

  test('merges no patch strategically, as nobody has said how', async () => {
    const { stderr } = await cluster.kubectl('patch', 'gate', 's', '-p', '{"spec":{"width":2}}');
    expect(stderr).toContain('application/merge-patch+json');
  });

  test('of the cluster has no namespace', async () => {
    const text = 'apiVersion: example.org/v1\nkind: Realm\nmetadata: { name: r }\ndata: x\n';
    await cluster.ok('apply', '-f', await cluster.file('r.yaml', text));
    expect(await cluster.ok('get', 'realms')).toMatch(/^NAME +AGE\nr +\d+s$/);
    expect((await json('realm', 'r')).metadata).not.toHaveProperty('namespace');
  });

  test('goes with its namespace and with its owner', async () => {
    await cluster.ok('create', 'namespace', 'walled');
    await cluster.ok(
      'apply',
      '-f',
      await cluster.file('w.yaml', gate('w', '{ color: red }').replace('default', 'walled')),
    );
    await cluster.ok('delete', 'namespace', 'walled', '--timeout=240s');
    expect((await cluster.kubectl('get', 'gate', 'w', '-n', 'walled')).exitCode).toBe(1);
    const { uid } = (await json('realm', 'r')).metadata as { uid: string };
    const owned = gate('owned', '{ color: red }').replace(
      'namespace: default',
      `namespace: default, ownerReferences: [{ apiVersion: example.org/v1, kind: Realm, name: r, uid: ${uid} }]`,
    );
    await cluster.ok('apply', '-f', await cluster.file('owned.yaml', owned));
    await cluster.ok('delete', 'realm', 'r');
    await cluster.ok('wait', '--for=delete', 'gate/owned', '--timeout=240s');
  });
});

describe('watching and the end', () => {
  test('a watch sees custom objects come, change and go; a definition takes its objects along', async () => {
    const watching = execa('kubectl', ['get', 'gates', '-w', '--output-watch-events'], {
      env: cluster.environment,
      extendEnv: false,
      timeout: FAR_MS,
      reject: false,
    });
    let output = '';
    watching.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    await eventually('the watch is open', () => /ADDED +s /.test(output));
    await cluster.ok('apply', '-f', await cluster.file('seen.yaml', gate('seen', '{ color: red }')));
    await cluster.ok('scale', 'gate', 'seen', '--replicas=4');
    await cluster.ok(
      'patch',
      'gate',
      's',
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":["example.com/hold"]}}',
    );
    await cluster.ok('delete', 'crd', 'gates.example.com', '--wait=false');
    await eventually('the end of what nothing holds', () => /DELETED +seen/.test(output));
    expect(/ADDED +seen[\s\S]*MODIFIED +seen +red +4[\s\S]*DELETED +seen/.test(output)).toBe(true);
    expect((await json('crd', 'gates.example.com')).status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Terminating', status: 'True' }),
    );
    const { stderr } = await cluster.kubectl(
      'create',
      '-f',
      await cluster.file('late.yaml', gate('late', '{ color: red }')),
    );
    expect(stderr).toContain('while its custom resource definition is terminating');
    await cluster.ok('patch', 'gate', 's', '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
    await cluster.ok('wait', '--for=delete', 'crd/gates.example.com', '--timeout=240s');
    expect((await cluster.kubectl('get', 'gates')).exitCode).toBe(1);
    watching.kill();
    await watching;
    await cluster.ok('apply', '-f', await cluster.file('gates.yaml', gates));
    expect(await cluster.ok('get', 'gates', '-o', 'name')).toBe('');
  });
});
