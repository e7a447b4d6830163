import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import { namespace, node, pod, policy, TestCluster } from './agent-cluster.ts';
import { AgentProcess } from './agent-process.ts';
import { createSandbox } from './sandbox.ts';

test('scale', async () => {
  const inner = await createSandbox();
  const far = new TestCluster();
  await far.open(inner);
  far.put('nodes', node('node-a', ['10.244.0.0/24']));
  far.put('namespaces', namespace('shop'));
  const managed = { managedFields: [{ x: 'y'.repeat(3000) }] };
  for (let index = 0; index < 10000; index += 1) {
    const p = pod(`p${index}`, index < 110 ? `10.244.0.${index + 1}` : `10.${245 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`, { node: index < 110 ? 'node-a' : 'node-b', app: `app${index % 300}` });
    far.put('pods', { ...p, metadata: { ...p.metadata, ...managed } });
  }
  for (let index = 0; index < 1000; index += 1) far.put('networkpolicies', policy(`allow${index}`, `app${index % 300}`, `app${(index * 7 + 1) % 300}`));
  const t0 = performance.now();
  const agent = await AgentProcess.start(inner);
  await agent.until(({ inSync }) => inSync);
  console.log('in sync after', performance.now() - t0);
  console.log(agent.commits());
  const pid = execFileSync('pgrep', ['-f', `policyd.js --node node-a --kubeconfig ${inner.directory}`], { encoding: 'utf8' }).trim().split('\n')[0];
  console.log(readFileSync(`/proc/${pid}/status`, 'utf8').split('\n').filter((l) => /VmRSS|VmHWM|VmPeak/.test(l)).join(' '));
  for (let i = 0; i < 40; i++) {
    far.put('pods', pod(`p5000`, `10.245.19.136`, { node: 'node-b', app: `app${i}` }));
    await new Promise((r) => setTimeout(r, 100));
  }
  for (let i = 0; i < 40; i++) {
    far.put('networkpolicies', policy('allow5', `app5`, `app${100 + i}`));
    await new Promise((r) => setTimeout(r, 100));
  }
  await new Promise((r) => setTimeout(r, 1000));
  const ms = (cause: string) => agent.commits().filter((c) => String(c.cause).startsWith(cause)).map((c) => Number(c.milliseconds)).sort((a, b) => a - b);
  for (const c of ['pod', 'policy']) { const m = ms(c); console.log(c, m.length, 'p50', m[m.length >> 1], 'max', m.at(-1)); }
  console.log(readFileSync(`/proc/${pid}/status`, 'utf8').split('\n').filter((l) => /VmRSS|VmHWM|VmPeak/.test(l)).join(' '));
  const t1 = performance.now();
  for (let i = 0; i < 1000; i++) far.put('networkpolicies', policy(`burst${i}`, `app${i % 300}`, `app${(i * 3) % 300}`));
  const v = BigInt(far.version);
  await agent.until(({ inSync, resourceVersions }) => inSync && BigInt(resourceVersions.networkpolicies) >= v);
  console.log('burst of 1000', performance.now() - t1, agent.commits().slice(-4));
  await agent.end('SIGTERM');
  await far.close();
  await inner.close();
});
