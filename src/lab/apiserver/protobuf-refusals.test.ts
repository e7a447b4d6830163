/** Bodies as kubectl 1.32 wrote them, and what is refused instead of losing a part of it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseProtobuf } from './protobuf.ts';
import { StatusError } from './status.ts';

/** `kubectl create deployment web --image=x --replicas=3 --port=80 -n shop` */
const deployment = Buffer.from(
  `6b387300 0a150a07617070732f7631120a4465706c6f796d656e74 12b301 0a23 0a03776562 1200 1a0473686f70 2200 2a00 3200
  3800 4200 5a0a0a036170701203776562 127e 0803 120c0a0a0a036170701203776562 1a64 0a1c0a0012001a0022002a00320038004200
  5a0a0a036170701203776562 1244 1226 0a01781201782a00 320a0a0010001850 22002a00 42006a00720080010088010090 0100a20100
  1a0032004200 4a0052005800600068008201008a01009a0100c20100 22020a00 28003800 1a0c08001000180020002800 3800 1a002200`.replaceAll(
    /\s/g,
    '',
  ),
  'hex',
);

/** `kubectl create service clusterip svc --tcp=80:http -n shop` */
const service = Buffer.from(
  `6b387300 0a0d0a0276311207 53657276696365 1270 0a230a03737663 12001a0473686f70 22002a00320038004200 5a0a0a03617070
  1203737663 1245 0a1e0a0738302d68747470 1203544350 1850 220a080110001a0468747470 2800 120a0a036170701203737663 1a00
  2209436c7573746572495 03a00420052005a0060006800 1a020a00 1a002200`.replaceAll(/\s/g, ''),
  'hex',
);

/** The 400 that a body gives, null for an object; anything else thrown fails the test. */
function refusal(bytes: Buffer): string | null {
  try {
    parseProtobuf(bytes);
    return null;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    expect(error.status()).toMatchObject({
      kind: 'Status',
      status: 'Failure',
      reason: 'BadRequest',
      code: 400,
    });
    return error.message;
  }
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(Math.floor(value / 0x80))];
}

function part(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
}

function body(apiVersion: string, kind: string, object: Buffer): Buffer {
  const type = Buffer.concat([part(1, apiVersion), part(2, kind)]);
  return Buffer.concat([Buffer.from('k8s\0'), part(1, type), part(2, object)]);
}

const policy = (spec: Buffer): Buffer => body('networking.k8s.io/v1', 'NetworkPolicy', part(2, spec));

test('a deployment and a service of kubectl are what its JSON would say', () => {
  expect(parseProtobuf(deployment)).toEqual({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'x', image: 'x', ports: [{ containerPort: 80 }] }] },
      },
    },
  });
  expect(parseProtobuf(service)).toEqual({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'svc', namespace: 'shop', labels: { app: 'svc' } },
    spec: {
      ports: [{ name: '80-http', protocol: 'TCP', port: 80, targetPort: 'http' }],
      selector: { app: 'svc' },
      type: 'ClusterIP',
    },
  });
});

test('empty selectors of a policy stay, since they mean everything', () => {
  const peer = Buffer.concat([part(1, ''), part(2, '')]);
  expect(parseProtobuf(policy(part(2, part(2, peer)))).spec).toEqual({
    ingress: [{ from: [{ podSelector: {}, namespaceSelector: {} }] }],
  });
});

test('a body that ends early is refused wherever it ends', () => {
  for (const bytes of [deployment, service]) {
    // What ends between two fields of the envelope is whole: an object without content, or without a content type.
    const whole = new Set([bytes.indexOf(0x12, 4 + 2 + (bytes[5] ?? 0)), bytes.length - 4, bytes.length - 2]);
    for (let length = 0; length < bytes.length; length += 1) {
      const message = refusal(bytes.subarray(0, length));
      if (!whole.has(length)) expect(message, `${length} bytes`).not.toBeNull();
    }
  }
});

const refused: readonly (readonly [string, Buffer, string])[] = [
  [
    'a field that the lab does not know',
    policy(part(2, part(2, part(77, 'x')))),
    'the protobuf body has field 77 of NetworkPolicyPeer, which the lab API server does not know',
  ],
  ['a number where a message belongs', body('v1', 'Pod', Buffer.from([0x08, 1])), 'ObjectMeta is a number'],
  ['a message where a number belongs', policy(part(2, part(1, part(3, 'x')))), 'a int32 is no number'],
  ['a string that is not UTF-8', body('v1', 'Pod', part(1, part(1, Buffer.from([0xff])))), 'not UTF-8'],
  [
    'a message in two parts',
    body('apps/v1', 'Deployment', Buffer.concat([part(2, part(2, '')), part(2, part(2, ''))])),
    'spec is there twice',
  ],
  [
    'the same field twice',
    body('v1', 'Pod', part(1, Buffer.concat([part(1, 'a'), part(1, 'b')]))),
    'name is there twice',
  ],
  ['a field of fixed size', body('v1', 'Pod', Buffer.from([0x09, 0, 0, 0, 0, 0, 0, 0, 0])), 'wire type 1'],
  ['a field number of zero', body('v1', 'Pod', Buffer.from([0x02, 0])), '0 is no field number'],
  ['an unknown kind', body('batch/v1', 'Job', Buffer.alloc(0)), 'no kind "Job" is known in "batch/v1"'],
  ['an encoding', Buffer.concat([service, part(3, 'gzip')]), 'the encoding gzip is not known'],
  ['a prefix of another format', Buffer.from('{"kind":"Pod"}'), 'the prefix k8s\\0 is missing'],
  [
    'a port that is neither number nor name',
    policy(part(2, part(1, part(2, Buffer.from([0x08, 7]))))),
    'neither number nor string but 7',
  ],
  [
    'a time outside the calendar',
    body('v1', 'Pod', part(1, part(8, Buffer.from([0x08, ...Array.from({ length: 8 }, () => 0xff), 0x7f])))),
    'a time is out of range',
  ],
  [
    'managed fields, which are free-form',
    body('v1', 'Pod', part(1, part(17, part(7, part(1, '{}'))))),
    'free-form fields are understood in JSON only',
  ],
];

test.each(refused)('%s is refused with a 400', (_what, bytes, message) => {
  expect(refusal(bytes)).toContain(message);
});

test('a body with any bytes changed gives an object or a 400', () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 4,
  });
  const seen = { objects: 0, refusals: 0 };
  fc.assert(
    fc.property(fc.constantFrom(deployment, service), changes, (original, edits) => {
      const bytes = Buffer.from(original);
      for (const [place, value] of edits) bytes[place % bytes.length] = value;
      if (refusal(bytes) === null) seen.objects += 1;
      else seen.refusals += 1;
    }),
    { numRuns: 3000, seed: 7 },
  );
  expect(Math.min(seen.objects, seen.refusals)).toBeGreaterThan(100);
});

test('as many items as a request can hold take no more than linear time', () => {
  const item = part(14, '');
  const finalizers = Buffer.concat(Array.from({ length: 300_000 }, () => item));
  const entries = Array.from({ length: 100_000 }, (_, index) => part(11, part(1, String(index))));
  const start = performance.now();
  const pod = parseProtobuf(body('v1', 'Pod', part(1, Buffer.concat([finalizers, ...entries]))));
  expect(performance.now() - start).toBeLessThan(120_000);
  expect(pod.metadata).toMatchObject({ labels: { '99999': '' } });
});
