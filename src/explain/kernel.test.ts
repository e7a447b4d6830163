import { describe, expect, test } from 'vitest';
import { modelPod } from '../../test/kit/model-pod.ts';
import { compile } from '../compile/compile.ts';
import type { Address, Cidr } from '../model/address.ts';
import { type Pod, podKey, type Snapshot } from '../model/cluster.ts';
import type { Policy } from '../model/policy.ts';
import { policyKey } from '../model/policy-ref.ts';
import type { Flow } from '../model/verdict.ts';
import { type Walkable, walkableFromRuleset } from '../nft/walk.ts';
import type { Explanation, FlowReport } from './explanation.ts';
import { type KernelView, reportKernel } from './kernel.ts';
import type { KernelReport } from './kernel-report.ts';
import { explanationText } from './text.ts';
import { withKernel } from './with-kernel.ts';

function pod(name: string, address: string): Pod {
  return modelPod(name, { addresses: [address as Address] });
}

const SUBJECT = { kind: 'requirements', requirements: [] } as const;
const DENY: Policy = {
  kind: 'NetworkPolicy',
  namespace: 'shop',
  name: 'deny',
  subject: SUBJECT,
  ingress: [],
  egress: null,
  problems: [],
};

function snapshot(policies: readonly Policy[]): Snapshot {
  const pods = [pod('web', '10.244.1.2'), pod('api', '10.244.1.3')];
  return {
    namespaces: new Map([['shop', { name: 'shop', labels: new Map() }]]),
    pods: new Map(pods.map((each) => [podKey('shop', each.name), each])),
    policies: new Map(policies.map((each) => [policyKey(each), each])),
    nodes: new Map([
      ['node-a', { name: 'node-a', labels: new Map(), addresses: [], podCidrs: ['10.244.1.0/24' as Cidr] }],
    ]),
  };
}

const FLOW: Flow = {
  source: '10.244.1.2' as Address,
  destination: '10.244.1.3' as Address,
  transport: { kind: 'ports', protocol: 'TCP', port: 80 },
};

/** A node that enforces `policies`. */
function view(policies: readonly Policy[] | null, inSync = true): KernelView {
  const options = { node: 'node-a', podRanges: ['10.244.1.0/24' as Cidr] };
  const compiled = compile(snapshot(policies ?? []), options);
  const tables = policies === null ? [] : [walkableFromRuleset(compiled.ruleset)];
  return { node: 'node-a', inSync, compiled, tables, bridge: null };
}

/** Of one flow that crosses these, in this order. */
async function reported(views: readonly KernelView[], policies: 'allowed' | 'denied'): Promise<KernelReport> {
  const crossings = views.map((_, index) => ({ node: String(index), flow: FLOW, within: false }));
  const of = async (node: string): Promise<KernelView> => views[Number(node)] ?? view(null);
  return await reportKernel({ egress: FLOW, ingress: FLOW, crossings }, policies, { of });
}

describe('the kernel report', () => {
  test('agrees with a denial, and names the rule that drops', async () => {
    const report = await reported([view([DENY])], 'denied');
    expect(report.state).toBe('agrees');
    expect(report.nodes[0]).toMatchObject({ node: 'node-a', verdict: 'drop', decision: { does: 'drop' } });
  });

  test('agrees with an allowance', async () => {
    expect((await reported([view([])], 'allowed')).state).toBe('agrees');
  });

  test('a node in sync that does something else is a mismatch, in both directions', async () => {
    expect((await reported([view([])], 'denied')).state).toBe('mismatch');
    expect((await reported([view([DENY])], 'allowed')).state).toBe('mismatch');
  });

  test('a node that has not caught up is no mismatch', async () => {
    expect((await reported([view([], false)], 'denied')).state).toBe('out-of-sync');
  });

  test('a node without a table does not enforce, whatever the policies say', async () => {
    expect((await reported([view(null)], 'allowed')).state).toBe('not-enforced');
    expect((await reported([view([DENY]), view(null)], 'denied')).state).toBe('not-enforced');
  });

  test('every node on the way has to accept', async () => {
    expect((await reported([view([]), view([DENY])], 'denied')).state).toBe('agrees');
  });
});

describe('between pods of one node', () => {
  const drops: Walkable = {
    table: { family: 'bridge', name: 'policyd' },
    bases: [{ chain: 'frames', hook: 'forward', devices: [], priority: -10, policy: 'drop' }],
    rules: () => [],
    set: () => null,
    map: () => null,
  };
  const ask = async (bridge: string | null, within: boolean): Promise<KernelReport> => {
    const open = view([]);
    const of = async () => ({ ...open, bridge, tables: [...open.tables, drops] });
    const crossings = [{ node: 'node-a', flow: FLOW, within }];
    return await reportKernel({ egress: FLOW, ingress: FLOW, crossings }, 'allowed', { of });
  };

  test('a bridge asks the hooks of bridge too, and its verdict counts', async () => {
    expect(await ask('cni0', true)).toMatchObject({ state: 'mismatch', nodes: [{ verdict: 'drop' }] });
  });

  test('what is routed does not meet them', async () => {
    expect((await ask(null, true)).state).toBe('agrees');
    expect((await ask('cni0', false)).state).toBe('agrees');
  });

  test('frames alone enforce nothing', async () => {
    const of = async () => ({ ...view([]), bridge: 'cni0', tables: [drops] });
    const crossings = [{ node: 'node-a', flow: FLOW, within: true }];
    const report = await reportKernel({ egress: FLOW, ingress: FLOW, crossings }, 'denied', { of });
    expect(report.state).toBe('not-enforced');
  });
});

describe('the headline', () => {
  function explained(verdict: 'allowed' | 'denied', kernel: KernelReport): Explanation {
    const reason = verdict === 'allowed' ? 'ALLOWED_NOT_ISOLATED' : 'ISOLATED_NO_RULES';
    const end = (name: string) => ({ kind: 'pod', name, addresses: [], node: 'node-a' }) as const;
    const flow: FlowReport = {
      source: end('shop/web'),
      destination: end('shop/api'),
      via: null,
      ports: '80/TCP',
      protocol: 'TCP',
      port: 80,
      examplePort: 80,
      portName: null,
      declared: false,
      families: [4],
      verdict,
      reason,
      summary: 'x',
      missing: [],
      directions: [],
      kernel,
    };
    const query = { source: 'shop/web', destination: 'shop/api', port: '80', namespace: 'default' };
    const objects = { namespaces: 1, nodes: 1, pods: 2, services: 0, policies: 1 };
    const input = { kind: 'cluster', cluster: 'c', files: [], objects, missing: [] } as const;
    const bare: Explanation = {
      apiVersion: 'policyctl.dev/v1',
      kind: 'Explanation',
      query,
      input,
      verdict,
      reason,
      summary: 'x',
      assumptions: [],
      missing: [],
      flows: [],
    };
    return withKernel(bare, [flow]);
  }

  const text = (explanation: Explanation): string =>
    explanationText(explanation, { wide: false, paint: (word) => word });

  test('MISMATCH comes before any verdict, and says both', async () => {
    const explanation = explained('denied', await reported([view([])], 'denied'));
    expect(explanation).toMatchObject({ verdict: 'unknown', reason: 'MISMATCH' });
    expect(text(explanation)).toMatch(
      /^MISMATCH {2}shop\/web -> shop\/api {2}80\/TCP\n {8}80\/TCP: the policies say denied, the kernel accepts it on node-a\n/,
    );
  });

  test('NOT ENFORCED names the node', async () => {
    const explanation = explained('allowed', await reported([view(null)], 'allowed'));
    expect(explanation).toMatchObject({ verdict: 'unknown', reason: 'NOT_ENFORCED' });
    expect(text(explanation)).toMatch(/^NOT ENFORCED {2}.*\n.*nothing enforces them on\n? +node-a/);
  });

  test('OUT OF SYNC says what is missing', async () => {
    const explanation = explained('denied', await reported([view([], false)], 'denied'));
    expect(explanation).toMatchObject({ verdict: 'unknown', reason: 'UNKNOWN_NODE_OUT_OF_SYNC' });
    expect(text(explanation)).toMatch(/^OUT OF SYNC /);
  });

  test('an agreeing kernel changes nothing', async () => {
    const explanation = explained('denied', await reported([view([DENY])], 'denied'));
    expect(explanation).toMatchObject({ verdict: 'denied', reason: 'ISOLATED_NO_RULES' });
    expect(text(explanation)).toMatch(/kernel on node-a {3}agrees, in sync\n/);
  });
});
