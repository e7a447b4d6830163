import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseProtobuf } from './protobuf.ts';
import { StatusError } from './status.ts';

function field(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

function envelope(apiVersion: string, kind: string, object: Buffer): Buffer {
  const type = Buffer.concat([field(1, apiVersion), field(2, kind)]);
  return Buffer.concat([Buffer.from('k8s\0'), field(1, type), field(2, object)]);
}

test('a namespace as kubectl create namespace sends it, zero values left out', () => {
  const labels = Buffer.concat([field(1, 'team'), field(2, 'a')]);
  const metadata = Buffer.concat([field(1, 'shop'), field(2, ''), field(8, ''), field(11, labels)]);
  const body = envelope('v1', 'Namespace', Buffer.concat([field(1, metadata), field(2, ''), field(3, '')]));
  expect(parseProtobuf(body)).toEqual({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop', labels: { team: 'a' } },
  });
});

test('negative numbers, lists and ports by name or number', () => {
  const port = Buffer.concat([
    field(1, 'http'),
    Buffer.from([3 << 3, 80]),
    field(4, Buffer.concat([Buffer.from([1 << 3, 1]), field(3, 'web')])),
  ]);
  const other = Buffer.concat([Buffer.from([3 << 3, 81]), field(4, Buffer.from([2 << 3, 90, 1 << 3, 0]))]);
  const spec = Buffer.concat([field(1, port), field(1, other)]);
  const service = parseProtobuf(envelope('v1', 'Service', field(2, spec)));
  expect(service.spec).toEqual({
    ports: [
      { name: 'http', port: 80, targetPort: 'web' },
      { port: 81, targetPort: 90 },
    ],
  });
  const grace = Buffer.from([1 << 3, ...Array.from({ length: 9 }, () => 0xff), 0x01]);
  expect(parseProtobuf(envelope('v1', 'DeleteOptions', grace))).toMatchObject({ gracePeriodSeconds: -1 });
});

test('any bytes give an object or a 400, and in bounded time', () => {
  const kinds = fc.constantFrom('Pod', 'Deployment', 'Secret', 'DeleteOptions', 'Gadget');
  fc.assert(
    fc.property(kinds, fc.uint8Array({ maxLength: 60 }), fc.boolean(), (kind, bytes, wrapped) => {
      try {
        parseProtobuf(wrapped ? envelope('v1', kind, Buffer.from(bytes)) : Buffer.from(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(StatusError);
        expect(error).toMatchObject({ code: 400 });
      }
    }),
    { numRuns: 2000 },
  );
});
