/** Whatever a user writes gives a clear error with its place, or is handled; nothing opens, nothing crashes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cases } from '../kit/cases.ts';
import { policyctl, type Ran } from '../kit/policyctl.ts';

const PODS = `apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: v1
kind: Pod
metadata: { namespace: shop, name: web, labels: { app: web } }
spec: { containers: [{ name: c, image: i, ports: [{ containerPort: 80 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { namespace: shop, name: api, labels: { app: api } }
spec: { containers: [{ name: c, image: i, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { namespace: shop, name: deny }
spec: { podSelector: {}, policyTypes: [Ingress] }
---
`;

function policy(spec: string, name = 'p'): string {
  return `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { namespace: shop, name: ${name} }\nspec: ${spec}\n`;
}

async function explain(yaml: string, ends: readonly string[] = ['shop/web', 'shop/api:8080']): Promise<Ran> {
  return await policyctl(['explain', ...ends, '-f', '-'], { stdin: PODS + yaml });
}

test('the control: without the bad document there is a verdict', async () => {
  expect((await explain('')).code).toBe(1);
});

describe('an object that cannot be used ends the command with its place', () => {
  test.each([
    ['unparsable YAML', 'kind: [unclosed\n', /<stdin>:\d+:\d+: not readable as YAML: /],
    ['a tab', 'kind:\n\tx: 1\n', /<stdin>:21:1: not readable as YAML: tabs cannot indent/],
    ['a duplicate key', `${policy('{}')}spec: {}\n`, /<stdin>:\d+:1: duplicate key spec/],
    [
      'a misspelt kind',
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolcy\n',
      /did you mean NetworkPolicy\?/,
    ],
    [
      'a kind of another group',
      'apiVersion: v1\nkind: NetworkPolicy\nmetadata: {name: x}\n',
      /served as networking\.k8s\.io\/v1/,
    ],
    [
      'no name',
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {}\n',
      /metadata\.name: Required value/,
    ],
    ['an unknown field', policy('{ podSelectr: {} }'), /unknown field "spec\.podSelectr"/],
    [
      'an invalid CIDR',
      policy('{ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 10.0.0.0/33 } }] }] }'),
      /<stdin>:\d+:\d+: NetworkPolicy shop\/p: spec\.ingress\[0\]\.from\[0\]\.ipBlock\.cidr: Invalid value: "10\.0\.0\.0\/33"/,
    ],
    [
      'an except outside',
      policy(
        '{ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 10.0.0.0/24, except: [10.1.0.0/24] } }] }] }',
      ),
      /except\[0\]/,
    ],
    [
      'a port of 0',
      policy('{ podSelector: {}, ingress: [{ ports: [{ port: 0 }] }] }'),
      /ports\[0\]\.port: Invalid value/,
    ],
    ['an empty peer', policy('{ podSelector: {}, ingress: [{ from: [{}] }] }'), /from\[0\]/],
    [
      'a duplicate object',
      policy('{ podSelector: {} }', 'deny'),
      /duplicate object: NetworkPolicy shop\/deny is already defined at <stdin>:15/,
    ],
    [
      'a name of 254 characters',
      policy('{ podSelector: {} }', 'a'.repeat(254)),
      /metadata\.name: Invalid value/,
    ],
    [
      'a name that YAML reads as a boolean',
      policy('{ podSelector: {} }', 'on'),
      /metadata\.name: Invalid value: got the boolean true/,
    ],
    [
      'a label that YAML reads as a number',
      policy('{ podSelector: { matchLabels: { app: 1 } } }'),
      /matchLabels/,
    ],
    ['Unicode in a label', policy('{ podSelector: { matchLabels: { app: "wéb" } } }'), /matchLabels/],
    ['a line break in a label', policy('{ podSelector: { matchLabels: { app: "a\\nb" } } }'), /matchLabels/],
    ['a quote in a name', policy('{ podSelector: {} }', `'a"b'`), /metadata\.name: Invalid value: "a\\"b"/],
    ['a list', '- 1\n', /got a list, want an object/],
  ])('%s', async (_, yaml, message) => {
    const { code, stdout, stderr } = await explain(yaml);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^error: \d+ problems? in the manifests:/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('all problems of all documents are listed at once', async () => {
    const { stderr } = await explain(`kind: [\n---\n${policy('{ x: 1 }')}---\n${policy('{ z: 1 }', 'q')}`);
    expect(stderr).toMatch(/^error: [34] problems/);
    expect(stderr).toMatch(/spec\.x/);
    expect(stderr).toMatch(/spec\.z/);
  });
});

describe('what is unusual and legal', () => {
  test('a policy in a namespace that nothing else names changes nothing, and that is said', async () => {
    const { code, stderr } = await explain(
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { namespace: nowhere, name: p }\nspec: { podSelector: {}, ingress: [{}] }\n',
    );
    expect(code).toBe(1);
    expect(stderr).toContain('NetworkPolicy nowhere/p decides nothing here');
  });

  test('a name of 253 characters is printed whole', async () => {
    const name = `${'a'.repeat(251)}.b`;
    const { code, stdout } = await explain(policy('{ podSelector: {} }', name));
    expect(code).toBe(1);
    expect(stdout).toContain(`NetworkPolicy shop/${name}`);
  });

  test('annotations hold anything', async () => {
    const annotation = JSON.stringify('a\n"b\'c\u0000\u202e💥{}');
    const { code, stderr } = await explain(
      `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { namespace: shop, name: p, annotations: { note: ${annotation} } }\nspec: { podSelector: {} }\n`,
    );
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  });

  test('other kinds of policies are left out, and that is said', async () => {
    const { code, stderr } = await explain(
      'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { namespace: shop, name: x }\n',
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /CiliumNetworkPolicy shop\/x \(cilium\.io\/v2\) is not a Kubernetes NetworkPolicy/,
    );
  });

  test('a label named constructor is a label', async () => {
    const { code } = await explain(
      policy(
        '{ podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { constructor: x } } }] }] }',
      ),
    );
    expect(code).toBe(1);
  });
});

describe('arguments', () => {
  test.each([
    [['shop/web', 'shop/api:99999'], /must be between 1 and 65535/],
    [['shop/web', 'shop/api:0'], /must be between 1 and 65535/],
    [['shop/web', 'shop/api:80/ICMP'], /want TCP, UDP or SCTP/],
    [['shop/web', 'shop/api:'], /want a number or the name of a port/],
    [['shop/web', 'shop/api:nope'], /declares no port named nope/],
    [['shop/web', '10.0.0.0/8'], /is a range of addresses/],
    [['shop/web', '2001:db8::1:x'], /needs brackets/],
    [['shop/web:80', 'shop/api'], /SOURCE "shop\/web:80" has a port/],
    [['', 'shop/api'], /an end is empty/],
    [['web', 'shop/api'], /no namespace "default"/],
    [['shop/web', 'svc/shop/nope'], /no Service "nope"/],
    [['svc/shop/web', 'shop/api'], /no Service "web"/],
    [['node/nope', 'shop/api'], /no node "nope"/],
    [['foo/bar/baz', 'shop/api'], /unknown kind "foo"/],
    [['shop/web', 'shop/a\nb\u001b[31m'], /no pod "a\\nb\\u001b\[31m"/],
    [['shop/web', `shop/${'x'.repeat(5000)}`], /no pod "x+…"/],
  ])('%j is refused', async (ends, message) => {
    const { code, stdout, stderr } = await explain('', ends);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('any two texts are answered or refused, on clean lines', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom(
        'shop/web',
        'internet',
        '1.2.3.4',
        '[::1]:80',
        'shop/api:80/udp',
        'svc/',
        'a/b/c/d',
        ':',
      ),
    );
    await fc.assert(
      fc.asyncProperty(text, text, async (source, destination) => {
        if (source.startsWith('-') || destination.startsWith('-')) return;
        const { code, stderr } = await explain('', [source, destination]);
        expect([0, 1, 2, 3]).toContain(code);
        expect(stderr).not.toMatch(/defect|undefined|\[object/);
        expect(stderr.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      }),
      { numRuns: cases(60) },
    );
  });

  test('render and matrix refuse what they cannot do', async () => {
    expect(await policyctl('render --node a')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/needs manifests/),
    });
    expect(await policyctl('matrix --probe -f test/cli/manifests')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/do not go together/),
    });
    expect(await policyctl('matrix --services -f test/cli/manifests')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--services goes with --probe'),
    });
    expect(await policyctl('matrix --probe')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/not inside a lab/),
    });
    expect(await policyctl('probe a b:80')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/not inside a lab/),
    });
    expect(await policyctl('probe a b:80 --timeout 1h')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/want a duration/),
    });
    expect(await policyctl('render -f test/cli/manifests --node nod-a')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/did you mean node-a/),
    });
    expect(await policyctl('explain a b -f /nonexistent')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no such file/),
    });
    expect(await policyctl('explain a b --kubeconfig /nonexistent')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/kubeconfig/),
    });
  });
});

describe('quiet and expectations', () => {
  const files = '-f test/cli/manifests/cluster.yaml -f test/cli/manifests/policies.yaml';
  test.each([
    ['explain shop/web shop/api:8080 --expect allow', 0],
    ['explain shop/web shop/api:8080 --expect deny', 1],
    ['explain shop/db shop/api:8080 --expect deny', 0],
    ['explain shop/db shop/api:8080 --expect allow', 1],
    ['explain internet shop/web:80 --expect deny', 3],
  ])('%s ends with %i', async (command, code) => {
    expect(await policyctl(`${command} -q ${files}`)).toEqual({ code, stdout: '', stderr: '' });
  });
});
