/** policyctl inside a real lab: probes, the kernel block, the headlines, the matrix. Needs `make build` first. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { explanationSchema, matrixSchema } from '../../src/explain/schema.ts';
import { POLICYCTL } from '../kit/built.ts';

const SERVICE = `apiVersion: v1
kind: Service
metadata: { namespace: shop, name: api }
spec: { selector: { app: api }, ports: [{ port: 80, targetPort: http }] }
`;

const WAITING = `apiVersion: v1
kind: Pod
metadata: { namespace: stranger, name: waiting, annotations: { lab.policyctl.dev/hold: "true" } }
spec: { containers: [{ name: main, image: lab, ports: [{ containerPort: 80 }] }] }
`;

const BY_HAND = `apiVersion: v1
kind: Service
metadata: { namespace: shop, name: by-hand }
spec: { ports: [{ name: web, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { namespace: shop, name: by-hand-1, labels: { kubernetes.io/service-name: by-hand } }
addressType: IPv4
ports: [{ name: web, port: 8080, protocol: TCP }]
endpoints: [{ addresses: [ADDRESS] }]
`;

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'policyctl-lab-'));
  await writeFile(join(directory, 'service.yaml'), SERVICE);
  await writeFile(join(directory, 'waiting.yaml'), WAITING);
  await writeFile(join(directory, 'by-hand.yaml'), BY_HAND);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

interface Step {
  readonly code: number;
  readonly text: string;
}

/** One lab, one step after the other; each step's output and status. */
async function inLab(
  steps: readonly string[],
  { nodes = 2, topology = 'routed' } = {},
): Promise<readonly Step[]> {
  const script = [SPOILT, ...steps.map((step) => `${step} 2>&1; echo "@@@$?"`)].join('\n');
  const files = ['-f', 'examples/shop/cluster.yaml', '-f', join(directory, 'service.yaml')];
  const where = ['--nodes', String(nodes), '--topology', topology];
  const args = ['lab', 'run', '-q', ...where, ...files, '--', 'sh', '-c', script];
  const { stdout, stderr } = await execa(POLICYCTL, args, { reject: false });
  const results = [...stdout.matchAll(/([\s\S]*?)@@@(\d+)\n?/g)];
  expect(results.length, `${stdout}\n${stderr}`).toBe(steps.length);
  return results.map(([, text = '', code]) => ({ text, code: Number(code) }));
}

/** Where an answer is expected, which a busy machine may be late with. */
const PATIENTLY = '--timeout 30s';
const APPLY = 'kubectl apply -f examples/shop/policies';
const UNTIL_SYNC = 'policyctl probe shop/web shop/api:8080 --timeout 100ms >/dev/null';

/**
 * `spoilt NODES DAMAGE STILL COMMAND...` runs a command while the tables of the nodes are damaged, and again when
 * policyd has looked and repaired one meanwhile: `STILL` succeeds on a node where it has not.
 */
const SPOILT = `
spoilt() {
  # Nobody hears of it: policyd puts right what it hears of, within milliseconds.
  for process in /proc/[0-9]*; do
    tr '\\0' ' ' <$process/cmdline 2>/dev/null | grep -q '^[^ ]*nft monitor' && kill -STOP \${process#/proc/}
  done
  nodes=$1 damage=$2 still=$3
  shift 3
  for turn in 1 2 3 4 5 6 7 8 9 10; do
    for node in $nodes; do ip netns exec $node nft $damage 2>/dev/null; done
    said=$("$@" 2>&1)
    status=$? whole=yes
    for node in $nodes; do ip netns exec $node sh -c "$still" >/dev/null 2>&1 || whole=no; done
    [ $whole = yes ] && break
  done
  printf '%s\\n' "$said"
  return $status
}`;
const WITHOUT_TABLES = `spoilt 'node-a node-b' 'delete table inet policyd' '! nft list table inet policyd'`;
/** Somebody opens or closes a hook with a rule of policyd's own kind; policyd's own have a comment. */
const WITH_OPEN_HOOK = `spoilt $(kubectl get pod -n shop api -o jsonpath='{.spec.nodeName}') 'insert rule inet policyd stage_in counter accept' 'nft list chain inet policyd stage_in | grep -q "accept *$"'`;
const WITH_DEAF_BRIDGE = `spoilt node-a 'insert rule bridge policyd frames_hook counter drop' 'nft list chain bridge policyd frames_hook | grep -q "drop *$"'`;

test('probes end as documented, with and without policies', async () => {
  const steps = await inLab([
    `policyctl probe shop/web shop/api:8080 ${PATIENTLY}`,
    `policyctl probe shop/web shop/api:8080/udp ${PATIENTLY}`,
    `policyctl probe shop/web shop/api:81 ${PATIENTLY}`,
    `policyctl probe internet shop/web:80 ${PATIENTLY}`,
    `policyctl probe node/node-b shop/web:80 ${PATIENTLY}`,
    `policyctl probe shop/web svc/shop/api:80 ${PATIENTLY}`,
    'policyctl probe shop/web shop/nope:80',
    'policyctl probe shop/web shop/api',
    'kubectl apply -f examples/shop/policies/default-deny.yaml',
    'policyctl probe shop/web shop/api:8080',
    'policyctl probe shop/web shop/api:8080/UDP --timeout 300ms',
    'policyctl probe internet shop/web:80 --timeout 300ms',
  ]);
  expect(steps.map(({ code }) => code)).toEqual([0, 0, 4, 0, 0, 0, 2, 2, 0, 1, 1, 1]);
  expect(steps[0]?.text).toMatch(
    /^shop\/web -> shop\/api:8080\/TCP \(10\.244\.\d+\.\d+\) {2}connected in [\d.]+ ms\n$/,
  );
  expect(steps[5]?.text).toMatch(/^shop\/web -> svc\/shop\/api:80\/TCP \(10\.96\./);
  expect(steps[9]?.text).toMatch(/blocked: no answer in \d+ ms\n$/);
});

test('who answers for a Service is what the EndpointSlices list, for explain, probe and matrix alike', async () => {
  const address = `$(kubectl get pod -n shop api -o jsonpath='{.status.podIP}')`;
  const steps = await inLab([
    'kubectl delete pod -n shop api',
    'policyctl explain shop/web svc/shop/api:80',
    `policyctl probe shop/web svc/shop/api:80 ${PATIENTLY}`,
    'kubectl apply -f examples/shop/cluster.yaml >/dev/null && policyctl probe shop/web shop/api:8080 >/dev/null',
    `sed "s/ADDRESS/${address}/" ${join(directory, 'by-hand.yaml')} | kubectl apply -f - >/dev/null`,
    'policyctl explain shop/web svc/shop/by-hand:web',
    `policyctl probe shop/web svc/shop/by-hand:web ${PATIENTLY}`,
    'policyctl matrix --probe --services -n shop -o csv | grep "by-hand,"',
  ]);
  const [, gone, refused, , , explained, probed, cells] = steps;
  expect(gone).toMatchObject({ code: 2, text: expect.stringContaining('selects no live pod') });
  expect(refused).toMatchObject({ code: 4, text: expect.stringContaining('the Service has no endpoints') });
  expect(explained).toMatchObject({
    code: 0,
    text: expect.stringMatching(
      /^ALLOWED {2}shop\/web -> svc\/shop\/by-hand {2}8080\/TCP \(http\) {2}by port 80/,
    ),
  });
  expect(probed).toMatchObject({
    code: 0,
    text: expect.stringMatching(/^shop\/web -> svc\/shop\/by-hand:80/),
  });
  expect(cells?.text).toMatch(/\nshop\/web,svc\/shop\/by-hand,80,TCP,4,true,allowed,accept,connected,true\n/);
  expect(cells?.text).not.toMatch(/false$/m);
});

test('explain walks the live rulesets of both nodes, and a foreign hand is a headline', async () => {
  const steps = await inLab([
    APPLY,
    UNTIL_SYNC,
    'policyctl explain shop/web shop/api:8080',
    'policyctl explain stranger/visitor shop/api:8080',
    'policyctl explain stranger/visitor shop/api -o json',
    `${WITH_OPEN_HOOK} policyctl explain stranger/visitor shop/api:8080`,
    `${WITHOUT_TABLES} policyctl explain stranger/visitor shop/api:8080`,
  ]);
  const [, , allowed, denied, json, mismatch, bare] = steps;
  expect(allowed).toMatchObject({ code: 0 });
  expect(allowed?.text).toMatch(
    /^ALLOWED .*\n[\s\S]*kernel on node-[ab] {3}agrees, in sync\n[\s\S]*from shop\/api\s+ingress\[0\]/,
  );
  expect(denied).toMatchObject({ code: 1 });
  expect(denied?.text).toMatch(/set peer_\w+ \(app=web in namespace shop\): [\d.]+\s+is not in it/);
  expect(explanationSchema.safeParse(JSON.parse(json?.text ?? '')).error?.issues ?? []).toEqual([]);
  expect({ code: mismatch?.code, head: mismatch?.text.split('  ', 1)[0] }).toEqual({
    code: 3,
    head: 'MISMATCH',
  });
  expect({ code: bare?.code, head: bare?.text.split('  ', 1)[0] }).toEqual({ code: 3, head: 'NOT ENFORCED' });
});

test('on a bridge the kernel is asked through all its tables: a foreign hand among the frames is a headline', async () => {
  const steps = await inLab(
    [
      APPLY,
      UNTIL_SYNC,
      'policyctl explain shop/web shop/api:8080',
      `${WITH_DEAF_BRIDGE} policyctl explain shop/web shop/api:8080`,
    ],
    { nodes: 1, topology: 'bridge' },
  );
  expect(steps[2]).toMatchObject({
    code: 0,
    text: expect.stringMatching(/^ALLOWED [\s\S]*agrees, in sync\n/),
  });
  expect(steps[3]?.code).toBe(3);
  expect(steps[3]?.text).toMatch(/^MISMATCH [\s\S]*\n {2}bridge policyd chain frames_hook rule 0: drop/);
});

test('the matrix agrees cell by cell, a pod without an address contradicts nobody, and a disagreement is listed', async () => {
  const steps = await inLab([
    'policyctl matrix --probe -o json',
    APPLY,
    'policyctl matrix --probe',
    `kubectl apply -f ${join(directory, 'waiting.yaml')}`,
    'policyctl matrix --probe -n stranger',
    'kubectl delete pod -n stranger waiting',
    `${WITHOUT_TABLES} policyctl matrix --probe --timeout 300ms`,
    `${WITHOUT_TABLES} policyctl matrix --probe -n stranger -o csv`,
  ]);
  const [open, , closed, , waiting, , broken, csv] = steps;
  const matrix = JSON.parse((open?.text ?? '').replace(/^note:.*\n/, ''));
  expect(matrixSchema.safeParse(matrix).error?.issues ?? []).toEqual([]);
  expect(open?.code).toBe(0);
  expect(matrix).toMatchObject({ total: 128, agree: 128 });
  expect(closed?.code).toBe(0);
  expect(closed?.text).toMatch(/\n128 cells, 128 agree\n$/);
  expect(closed?.text).toMatch(/X/);
  expect(waiting?.code).toBe(0);
  expect(waiting?.text).toMatch(/, \d+ not probed: an end has no address\n/);
  expect(waiting?.text).not.toContain('DISAGREE');
  expect(broken?.code).toBe(1);
  expect(broken?.text).toMatch(
    /DISAGREE {2}shop\/api -> shop\/db {2}5432\/UDP over IPv4\n +policies say denied, the kernel's ruleset accepts, packet connected/,
  );
  expect(broken?.text).toMatch(
    /\n\.\.\. and \d+ more disagreements: -o json has all\n128 cells, \d+ agree\n$/,
  );
  expect(csv?.text).toMatch(
    /^note:.*\nsource,destination,port,protocol,family,declared,policies,kernel,packet,agree\n/,
  );
});
