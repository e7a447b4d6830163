/** Server-side apply as somebody with kubectl and as an agent that writes statuses meets it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  isObject,
  type Json,
  type JsonObject,
  listAt,
  objectAt,
  textAt,
} from '../../src/lab/apiserver/json.ts';
import { type Cluster, startCluster } from './apiserver-fixture.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
  await cluster.ok('apply', '--server-side', '-f', await cluster.file('tasks.yaml', tasks));
});

afterAll(async () => {
  await cluster.close();
  expect(cluster.errors).toEqual([]);
});

const tasks = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: tasks.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { plural: tasks, kind: Task }
  versions:
  - name: v1
    served: true
    storage: true
    subresources: { status: {} }
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              size: { type: integer, default: 1 }
              color: { type: string }
              order: { type: array, items: { type: string } }
              tags: { type: array, x-kubernetes-list-type: set, items: { type: string } }
              one: { type: object, x-kubernetes-map-type: atomic, properties: { a: { type: string }, b: { type: string } } }
          status:
            type: object
            properties:
              nodes:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties: { name: { type: string }, state: { type: string }, rules: { type: integer } }
`;

interface Answer {
  readonly code: number;
  readonly body: Json;
}

const path = '/apis/example.com/v1/namespaces/default/tasks';

async function apply(where: string, manager: string, object: JsonObject, query = ''): Promise<Answer> {
  const response = await fetch(`${cluster.url}${where}?fieldManager=${manager}${query}`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/apply-patch+yaml' },
    body: JSON.stringify(object),
  });
  const body: Json = JSON.parse(await response.text());
  return { code: response.status, body };
}

const task = (name: string, rest: JsonObject): JsonObject => ({
  apiVersion: 'example.com/v1',
  kind: 'Task',
  metadata: { name },
  ...rest,
});

async function read(where: string): Promise<Json> {
  const body: Json = JSON.parse(await (await fetch(`${cluster.url}${where}`)).text());
  return body;
}

/** Who owns what, without times. */
function owners(object: Json): Record<string, Json | undefined> {
  return Object.fromEntries(
    listAt(object, 'metadata', 'managedFields')
      .filter(isObject)
      .map((entry) => {
        const subresource = textAt(entry, 'subresource');
        const name = `${textAt(entry, 'manager')} ${textAt(entry, 'operation')}`;
        return [subresource === '' ? name : `${name} ${subresource}`, entry.fieldsV1];
      }),
  );
}

describe('kubectl apply --server-side', () => {
  const map = (data: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: m, namespace: default }\ndata: ${data}\n`;
  const run = async (data: string, ...more: readonly string[]): Promise<string> =>
    await cluster.ok('apply', '--server-side', '-f', await cluster.file('m.yaml', map(data)), ...more);
  const data = async (): Promise<unknown> =>
    JSON.parse(await cluster.ok('get', 'cm', 'm', '-o', 'jsonpath={.data}'));

  test('creates, leaves alone what is the same, changes, and removes what is no longer applied', async () => {
    expect(await run('{ a: "1", b: "2" }')).toBe('configmap/m serverside-applied');
    const version = await cluster.ok('get', 'cm', 'm', '-o', 'jsonpath={.metadata.resourceVersion}');
    await run('{ a: "1", b: "2" }');
    expect(await cluster.ok('get', 'cm', 'm', '-o', 'jsonpath={.metadata.resourceVersion}')).toBe(version);
    await cluster.ok('patch', 'cm', 'm', '--type=merge', '-p', '{"data":{"c":"3"}}');
    await run('{ a: "9" }');
    expect(await data()).toEqual({ a: '9', c: '3' });
  });

  test('names the manager and the field of a conflict, and takes the field by force', async () => {
    await cluster.ok('patch', 'cm', 'm', '--type=merge', '-p', '{"data":{"a":"mine"}}');
    const file = await cluster.file('m.yaml', map('{ a: "9" }'));
    const { exitCode, stderr } = await cluster.kubectl('apply', '--server-side', '-f', file);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Apply failed with 1 conflict: conflict with "kubectl-patch" using v1: .data.a');
    expect(await data()).toEqual({ a: 'mine', c: '3' });
    await run('{ a: "9" }', '--force-conflicts');
    expect(await data()).toEqual({ a: '9', c: '3' });
    await run('{ a: "8" }');
  });

  test('of two managers each keeps its own; what both apply stays until both have gone', async () => {
    await run('{ a: "8", shared: x }', '--field-manager=one', '--force-conflicts');
    await run('{ shared: x, two: z }', '--field-manager=two');
    await run('{ a: "8" }', '--field-manager=one');
    expect(await data()).toEqual({ a: '8', c: '3', shared: 'x', two: 'z' });
    await run('{ two: z }', '--field-manager=two');
    expect(await data()).toEqual({ a: '8', c: '3', two: 'z' });
    const shown = await cluster.ok('get', 'cm', 'm', '-o', 'json', '--show-managed-fields');
    const object: Json = JSON.parse(shown);
    expect(owners(object)).toMatchObject({
      'one Apply': { 'f:data': { 'f:a': {} } },
      'two Apply': { 'f:data': { 'f:two': {} } },
      'kubectl-patch Update': { 'f:data': { 'f:c': {} } },
    });
  });

  test('a dry run on the server changes nothing, and a diff shows what would', async () => {
    const file = await cluster.file('m.yaml', map('{ two: changed }'));
    await cluster.ok('apply', '--server-side', '--dry-run=server', '--field-manager=two', '-f', file);
    expect(await data()).toMatchObject({ two: 'z' });
    const { exitCode, stdout } = await cluster.kubectl(
      'diff',
      '--server-side',
      '--field-manager=two',
      '-f',
      file,
    );
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/-\s+two: z\n\+\s+two: changed/);
  });

  test('goes on where kubectl apply left off', async () => {
    const both = (value: string): string => map(`{ k: "${value}" }`).replace('name: m', 'name: csa');
    await cluster.ok('apply', '-f', await cluster.file('csa.yaml', both('1')));
    await cluster.ok('apply', '--server-side', '-f', await cluster.file('csa.yaml', both('2')));
    expect(await cluster.ok('get', 'cm', 'csa', '-o', 'jsonpath={.data.k}')).toBe('2');
  });

  test('merges containers by name, ports by number and protocol, and keeps the order that is applied', async () => {
    const deployment = (containers: readonly string[]): string =>
      `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: d, namespace: default }\nspec: { replicas: 0, selector: { matchLabels: { a: b } }, template: { metadata: { labels: { a: b } }, spec: { containers: [${containers.join(', ')}] } } }\n`;
    const first =
      '{ name: one, image: x, ports: [{ containerPort: 53, protocol: UDP }, { containerPort: 53 }] }';
    const send = async (containers: readonly string[], ...more: readonly string[]): Promise<string> =>
      await cluster.ok(
        'apply',
        '--server-side',
        '-f',
        await cluster.file('d.yaml', deployment(containers)),
        ...more,
      );
    await send([first]);
    await send(['{ name: side, image: z }', '{ name: one }'], '--field-manager=injector');
    const names = 'jsonpath={.spec.template.spec.containers[*].name}';
    expect(await cluster.ok('get', 'deploy', 'd', '-o', names)).toBe('side one');
    await send([first.replace(', { containerPort: 53 }', '')]);
    const ports = 'jsonpath={.spec.template.spec.containers[?(@.name=="one")].ports[*].protocol}';
    expect(await cluster.ok('get', 'deploy', 'd', '-o', ports)).toBe('UDP');
    expect(await cluster.ok('get', 'deploy', 'd', '-o', names)).toBe('side one');
    await cluster.ok('scale', 'deploy', 'd', '--replicas=2');
    const { stderr } = await cluster.kubectl(
      'apply',
      '--server-side',
      '-f',
      await cluster.file('d.yaml', deployment([first])),
    );
    expect(stderr).toContain(
      'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas',
    );
  });

  test('an empty list is applied as such: it does not leave what another manager allows', async () => {
    const policy = (ingress: string): string =>
      `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p, namespace: default }\nspec: { podSelector: {}, policyTypes: [Ingress], ingress: ${ingress} }\n`;
    const send = async (ingress: string, manager: string, ...more: readonly string[]) =>
      await cluster.kubectl(
        'apply',
        '--server-side',
        `--field-manager=${manager}`,
        '-f',
        await cluster.file('p.yaml', policy(ingress)),
        ...more,
      );
    expect((await send('[{}]', 'a')).exitCode).toBe(0);
    const refused = await send('[]', 'b');
    expect(refused.stderr).toContain('conflict with "a": .spec.ingress');
    expect((await send('[]', 'b', '--force-conflicts')).exitCode).toBe(0);
    expect(await cluster.ok('get', 'netpol', 'p', '-o', 'jsonpath={.spec.ingress}')).toBe('');
  });

  test('checks what it is given', async () => {
    const file = await cluster.file('bad.yaml', map('{ a: 1 }'));
    expect((await cluster.kubectl('apply', '--server-side', '-f', file)).stderr).toContain(
      'json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    );
    const unknown = await cluster.file('bad.yaml', map('{ a: "8" }\ncolour: red'));
    expect((await cluster.kubectl('apply', '--server-side', '-f', unknown)).stderr).toContain(
      'unknown field "colour"',
    );
    const nameless = await apply('/api/v1/namespaces/default/configmaps/x', '', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
    });
    expect(nameless).toMatchObject({
      code: 422,
      body: { message: expect.stringContaining('fieldManager: Required value: is required for apply patch') },
    });
    const kindless = await apply('/api/v1/namespaces/default/configmaps/x', 'me', { apiVersion: 'v1' });
    expect(kindless.code).toBe(400);
  });
});

describe('agents that write the status of a custom object', () => {
  const status = (node: string, state: string): JsonObject => ({
    status: { nodes: [{ name: node, state }] },
  });

  test('each owns its own item: nobody overwrites another, and who goes takes its own along', async () => {
    expect((await apply(`${path}/t`, 'user', task('t', { spec: { color: 'red' } }))).code).toBe(201);
    expect((await apply(`${path}/missing/status`, 'node-a', task('missing', status('a', 'up')))).code).toBe(
      404,
    );
    await apply(`${path}/t/status`, 'node-a', task('t', status('a', 'up')));
    await apply(`${path}/t/status`, 'node-b', task('t', status('b', 'up')));
    const second = await apply(`${path}/t/status`, 'node-a', task('t', status('a', 'down')));
    expect(second).toMatchObject({
      code: 200,
      body: {
        metadata: { generation: 1 },
        spec: { color: 'red', size: 1 },
        status: {
          nodes: [
            { name: 'a', state: 'down' },
            { name: 'b', state: 'up' },
          ],
        },
      },
    });
    expect(owners(second.body)).toEqual({
      'user Apply': { 'f:spec': { 'f:color': {} } },
      'node-a Apply status': {
        'f:status': { 'f:nodes': { 'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:state': {} } } },
      },
      'node-b Apply status': {
        'f:status': { 'f:nodes': { 'k:{"name":"b"}': { '.': {}, 'f:name': {}, 'f:state': {} } } },
      },
    });
    const intruder = await apply(`${path}/t/status`, 'node-b', task('t', status('a', 'mine')));
    expect(intruder).toMatchObject({
      code: 409,
      body: {
        reason: 'Conflict',
        message:
          'Apply failed with 1 conflict: conflict with "node-a" with subresource "status": .status.nodes[name="a"].state',
        details: {
          causes: [{ reason: 'FieldManagerConflict', field: '.status.nodes[name="a"].state' }],
        },
      },
    });
    const gone = await apply(`${path}/t/status`, 'node-a', task('t', {}));
    expect(objectAt(gone.body, 'status')).toEqual({ nodes: [{ name: 'b', state: 'up' }] });
    expect(Object.keys(owners(gone.body)).sort()).toEqual(['node-b Apply status', 'user Apply']);
  });

  test('the status of an apply to the object, and the rest of one to the status, do not count', async () => {
    await apply(`${path}/u`, 'user', task('u', { spec: { color: 'red' }, ...status('x', 'up') }));
    const first = await read(`${path}/u`);
    expect(first).not.toHaveProperty('status');
    const second = await apply(
      `${path}/u/status`,
      'agent',
      task('u', { spec: { color: 'blue' }, ...status('x', 'up') }),
    );
    expect(second).toMatchObject({
      code: 200,
      body: { spec: { color: 'red' }, status: { nodes: [{ name: 'x' }] } },
    });
  });

  test('the same again makes no revision; a status that its schema refuses changes nothing', async () => {
    const one = await apply(`${path}/u/status`, 'agent', task('u', status('x', 'up')));
    const two = await apply(`${path}/u/status`, 'agent', task('u', status('x', 'up')));
    expect(textAt(two.body, 'metadata', 'resourceVersion')).toBe(
      textAt(one.body, 'metadata', 'resourceVersion'),
    );
    const bad = await apply(
      `${path}/u/status`,
      'agent',
      task('u', { status: { nodes: [{ name: 'x', rules: 'many' }] } }),
    );
    expect(bad).toMatchObject({
      code: 422,
      body: { message: expect.stringContaining('status.nodes[0].rules: Invalid value: "string"') },
    });
  });

  test('an apply of an old version of the object is a conflict', async () => {
    const stale = task('u', { metadata: { name: 'u', resourceVersion: '1' }, spec: { color: 'green' } });
    const answer = await apply(`${path}/u`, 'user', stale);
    expect(answer).toMatchObject({
      code: 409,
      body: { message: expect.stringContaining('the object has been modified') },
    });
  });

  test('the schema says what is owned as one: sets by value, atomic maps and plain lists as a whole', async () => {
    const spec = { order: ['a', 'b'], tags: ['x'], one: { a: '1' } };
    await apply(`${path}/v`, 'first', task('v', { spec }));
    const tags = await apply(`${path}/v`, 'second', task('v', { spec: { tags: ['x', 'y'] } }));
    expect(objectAt(tags.body, 'spec').tags).toEqual(['x', 'y']);
    const whole = await apply(`${path}/v`, 'second', task('v', { spec: { order: ['c'], one: { b: '2' } } }));
    expect(textAt(whole.body, 'message')).toBe(
      'Apply failed with 2 conflicts: conflicts with "first":\n- .spec.one\n- .spec.order',
    );
    const forced = await apply(
      `${path}/v`,
      'second',
      task('v', { spec: { order: ['c'], one: { b: '2' } } }),
      '&force=true',
    );
    expect(objectAt(forced.body, 'spec')).toEqual({ size: 1, order: ['c'], one: { b: '2' }, tags: ['x'] });
  });
});
