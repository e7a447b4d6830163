import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readLabManifests, writeLabManifests } from './manifests.ts';

let directory: string;
let warnings: string[];
const progress = { step: () => {}, warn: (message: string) => void warnings.push(message) };
beforeEach(async () => {
  warnings = [];
  directory = await mkdtemp(join(tmpdir(), 'manifests-'));
});
afterEach(async () => await rm(directory, { recursive: true }));

async function read(text: string) {
  const file = join(directory, 'a.yaml');
  await writeFile(file, text);
  return await readLabManifests([file], false, progress);
}

const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: a, image: b}]}\n';
const policy =
  'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny}\nspec: {podSelector: {}}\n';
const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n';

test('policies come before pods, and namespaces before both, whatever the order in the file', async () => {
  const { objects } = await read([pod, policy, namespace].join('---\n'));
  expect(objects.map(({ kind }) => kind)).toEqual(['Namespace', 'NetworkPolicy', 'Pod']);
});

test('an object without a namespace goes to default, as with kubectl; cluster-wide kinds have none', async () => {
  const file = await writeLabManifests(directory, await read([pod, namespace].join('---\n')));
  const written: unknown = JSON.parse(await readFile(file ?? '', 'utf8'));
  expect(written).toMatchObject([
    { kind: 'Namespace', metadata: { name: 'shop' } },
    { kind: 'Pod', metadata: { name: 'web', namespace: 'default' } },
  ]);
  expect(written).not.toHaveProperty('0.metadata.namespace');
});

test('every problem of every object is told with its place, and nothing starts', async () => {
  const broken = policy.replace('podSelector: {}', 'podSelector: {}, ingres: []');
  const wrong = policy.replace('deny', 'cidr').replace('{}}', '{}, egress: [{to: [{ipBlock: {cidr: x}}]}]}');
  await expect(read([broken, wrong].join('---\n'))).rejects.toThrow(
    /2 problems[\s\S]*a\.yaml:4:\d+: NetworkPolicy default\/deny: unknown field "spec\.ingres"[\s\S]*a\.yaml:9:\d+: NetworkPolicy default\/cidr: spec\.egress\[0\]\.to\[0\]\.ipBlock\.cidr/,
  );
});

test('a kind the lab does not have is told with its place, and the rest stays', async () => {
  const { objects } = await read(`apiVersion: batch/v1\nkind: Job\nmetadata: {name: once}\n---\n${pod}`);
  expect(objects.map(({ name }) => name)).toEqual(['web']);
  expect(warnings).toEqual([
    expect.stringMatching(/a\.yaml:1: Job once: the lab has no Job of batch\/v1, left out$/),
  ]);
});

const widget = 'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n';
const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {plural: widgets, kind: Widget}
  scope: Namespaced
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
`;

test('a definition comes before its objects, and these before pods', async () => {
  const { objects } = await read([pod, widget, definition, namespace].join('---\n'));
  expect(objects.map(({ kind }) => kind)).toEqual(['Namespace', 'CustomResourceDefinition', 'Widget', 'Pod']);
  expect(objects.map((object) => object.namespace)).toEqual([null, null, 'default', 'default']);
  expect(warnings).toEqual([]);
});

test('a cluster-wide custom kind has no namespace, and a version that is not served is left out', async () => {
  const cluster = definition.replace('Namespaced', 'Cluster');
  const { objects } = await read(
    [widget, cluster, widget.replace('v1', 'v2').replace('w}', 'x}')].join('---\n'),
  );
  expect(objects.map(({ kind, namespace: where }) => [kind, where])).toEqual([
    ['CustomResourceDefinition', null],
    ['Widget', null],
  ]);
  expect(warnings).toEqual([expect.stringContaining('Widget x: the lab has no Widget of example.com/v2')]);
});

test('without manifests there is no file', async () => {
  expect(await writeLabManifests(directory, await readLabManifests([], false, progress))).toBe(null);
});

test('a directory that is not read is told, and read with -R', async () => {
  await writeFile(join(directory, 'a.yaml'), pod);
  await mkdir(join(directory, 'policies'));
  await writeFile(join(directory, 'policies', 'b.yaml'), policy);
  expect((await readLabManifests([directory], false, progress)).objects).toHaveLength(1);
  expect(warnings).toEqual([`${join(directory, 'policies')}: a directory, not read without -R`]);
  expect((await readLabManifests([directory], true, progress)).objects).toHaveLength(2);
  expect(warnings).toHaveLength(1);
});
