import { expect, test } from 'vitest';
import { versionsFrom } from '../kinds/versions.ts';
import { statusSchema } from './schema.ts';
import type { AgentStatus } from './status.ts';

const STATUS: AgentStatus = {
  node: 'a',
  ready: true,
  inSync: false,
  verified: true,
  repairs: 2,
  revision: 3,
  resourceVersions: versionsFrom((resource) => `seen of ${resource}`),
  staleSeconds: 12,
  conntrack: { entries: 1, max: 2 },
  eventLoopDelayMs: 4,
  degraded: [{ code: 'NFT_SLOW', message: 'it is slow' }],
  problems: [{ object: 'NetworkPolicy shop/api', message: 'it is bad' }],
  bridges: [{ name: 'cni0', filtered: { ipv4: true, ipv6: false } }],
  bridgeRepairs: 5,
  otherChains: [
    { family: 'ip', table: 'filter', name: 'FORWARD', hook: 'forward', priority: 0, policy: 'drop' },
  ],
};

test('everything an agent says is read', () => {
  expect(statusSchema.parse(JSON.parse(JSON.stringify(STATUS)))).toEqual(STATUS);
});

test('what a newer agent says besides is passed over, and its codes are kept', () => {
  const degraded = [{ code: 'NEW', message: 'of which nobody here knows', since: 7 }];
  const resourceVersions = { ...STATUS.resourceVersions, gadgets: '9' };
  expect(statusSchema.parse({ ...STATUS, degraded, resourceVersions, more: true })).toEqual({
    ...STATUS,
    degraded: [{ code: 'NEW', message: 'of which nobody here knows' }],
  });
});

test('an agent that does not follow a kind has seen nothing of it', () => {
  const { networkpolicies: _, ...resourceVersions } = STATUS.resourceVersions;
  expect(statusSchema.parse({ ...STATUS, resourceVersions }).resourceVersions).toEqual({
    ...resourceVersions,
    networkpolicies: '',
  });
});

test.each(Object.keys(STATUS))('without %s it is no status', (field) => {
  expect(statusSchema.safeParse({ ...STATUS, [field]: undefined }).success).toBe(false);
});
