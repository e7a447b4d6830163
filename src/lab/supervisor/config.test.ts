import { expect, test } from 'vitest';
import { supervisorConfigSchema, supervisorEventSchema } from './config.ts';

const least = { name: 'x', directory: '/d', programs: { policyd: null, labPod: '/p' } };

test('the least configuration is one routed dual-stack node without a command', () => {
  expect(supervisorConfigSchema.parse(least)).toMatchObject({
    nodes: 1,
    topology: 'routed',
    ipFamily: 'dual',
    manifests: [],
    command: null,
    eventFd: 3,
  });
});

test.each([
  [{ nodes: 27 }],
  [{ nodes: 0 }],
  [{ topology: 'mesh' }],
  [{ directory: 'relative' }],
  [{ command: { argv: [], cwd: '/', env: {} } }],
  [{ unknown: true }],
])('%j is refused', (wrong) => {
  expect(supervisorConfigSchema.safeParse({ ...least, ...wrong }).success).toBe(false);
});

test('an event survives its way as JSON', () => {
  const event = { event: 'failed', message: 'a\nb', hint: null } as const;
  expect(supervisorEventSchema.parse(JSON.parse(JSON.stringify(event)))).toEqual(event);
});
