/** The ruleset of the shop of the examples: as it was last read by people, and taken by the real nft. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compile } from '../../src/compile/compile.ts';
import type { CompiledTable } from '../../src/compile/compiled.ts';
import { readManifests } from '../../src/manifest/read.ts';
import { toText } from '../../src/nft/text.ts';
import { node, type Raw } from '../kit/objects.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { snapshotOf } from '../kit/snapshot.ts';

const SHOP = ['cluster.yaml', 'policies/default-deny.yaml', 'policies/allow.yaml'];

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox();
});
afterAll(() => sandbox.close());

/** The pods of the manifests, running on one node with addresses of both families. */
async function shop(): Promise<CompiledTable> {
  const sources = await Promise.all(
    SHOP.map(async (file) => ({
      file,
      text: await readFile(new URL(`../../examples/shop/${file}`, import.meta.url), 'utf8'),
    })),
  );
  const { objects, problems } = readManifests(sources);
  expect(problems).toEqual([]);
  const placed = objects.map(({ kind, raw }, index): Raw => {
    const object = raw as { readonly spec: Raw; readonly metadata: Raw };
    if (kind !== 'Pod') return raw as Raw;
    return {
      ...object,
      metadata: { ...object.metadata, uid: `uid-${index}` },
      spec: { ...object.spec, nodeName: 'node-a' },
      status: {
        phase: 'Running',
        podIPs: [{ ip: `10.244.1.${index + 2}` }, { ip: `fd00:10:244:1::${index + 2}` }],
      },
    };
  });
  const snapshot = snapshotOf([
    node('node-a', ['172.18.0.2'], ['10.244.1.0/24', 'fd00:10:244:1::/64']),
    ...placed,
  ]);
  expect([snapshot.pods.size, snapshot.policies.size]).toEqual([4, 4]);
  return compile(snapshot, { node: 'node-a', podRanges: snapshot.nodes.get('node-a')?.podCidrs ?? [] });
}

test('the ruleset of the shop is the golden one (`make golden` writes it anew)', async () => {
  const { ruleset } = await shop();
  await expect(toText(ruleset)).toMatchFileSnapshot('golden/shop.nft');
});

test('nft takes the ruleset of the shop, and would refuse a broken one', async () => {
  const text = toText((await shop()).ruleset);
  // Through cat: standard input may be a socket, which nft cannot open again.
  const check = (input: string) => sandbox.run('sh', ['-c', 'cat | nft -c -f /dev/stdin'], input);
  expect(await check(text)).toMatchObject({ exitCode: 0, stderr: '' });
  const broken = await check(text.replace('goto stage_in', 'goto nowhere'));
  expect(broken.exitCode).not.toBe(0);
});
