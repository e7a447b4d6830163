/** What policies compile to, in the kernel: committed without a word, listed back, walked alike. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compile } from '../../src/compile/compile.ts';
import { SHAPES } from '../../src/compile/shapes.ts';
import type { Address } from '../../src/model/address.ts';
import { familyOf } from '../../src/model/address.ts';
import type { Snapshot } from '../../src/model/cluster.ts';
import type { Flow } from '../../src/model/verdict.ts';
import { parseAddress } from '../../src/net/address.ts';
import { UNLIMITED, UNPRIVILEGED_LIMITS } from '../../src/nft/batch.ts';
import { parseListing } from '../../src/nft/listing.ts';
import { observe } from '../../src/nft/observe.ts';
import { firstPacket, type Packet, replyPacket } from '../../src/nft/packet.ts';
import { applyPlan, plan } from '../../src/nft/plan.ts';
import type { Nft } from '../../src/nft/port.ts';
import { toText } from '../../src/nft/text.ts';
import { walk, walkableFromListing, walkableFromRuleset } from '../../src/nft/walk.ts';
import { cluster, EXTERNAL, type RandomCluster, UNKNOWN } from '../kit/arbitraries.ts';
import { createSandbox, nftIn, type Sandbox } from '../kit/sandbox.ts';
import { ALL_SHAPES } from '../kit/shapes.ts';
import { snapshotOfCluster } from '../kit/snapshot.ts';

let sandbox: Sandbox;
let nft: Nft;

beforeAll(async () => {
  sandbox = await createSandbox();
  nft = nftIn(sandbox);
});

afterAll(() => sandbox.close());

function packetsAmong(snapshot: Snapshot): readonly Packet[] {
  const strangers = [...EXTERNAL, ...UNKNOWN].flatMap((text) => parseAddress(text) ?? []);
  const pods = [...snapshot.pods.values()].flatMap(({ addresses }) => addresses);
  const addresses: readonly Address[] = [...new Set([...pods, ...strangers])];
  const transports = [
    { kind: 'ports', protocol: 'TCP', port: 80 },
    { kind: 'ports', protocol: 'UDP', port: 8080 },
    { kind: 'ports', protocol: 'SCTP', port: 443 },
    { kind: 'other', ipProtocol: 50 },
  ] as const;
  const flows = addresses.flatMap((source) =>
    addresses
      .filter((destination) => familyOf(source) === familyOf(destination))
      .flatMap((destination) => transports.map((transport): Flow => ({ source, destination, transport }))),
  );
  const packets = flows
    .filter((_, index) => index % Math.ceil(flows.length / 150) === 0)
    .flatMap((flow) => [firstPacket(flow), replyPacket(flow)]);
  return packets.flatMap((packet): readonly Packet[] => [
    packet,
    { ...packet, state: 'invalid', connection: null },
    { ...packet, tcpFlags: packet.tcpFlags.length > 0 ? ['ack'] : [] },
    {
      ...packet,
      state: 'related',
      protocol: packet.family === 4 ? 1 : 58,
      icmpType: packet.family === 4 ? 3 : 1,
      tcpFlags: [],
      ports: null,
    },
  ]);
}

const CLUSTERS: readonly RandomCluster[] = fc.sample(cluster, { seed: 99, numRuns: 12 });

it('goes from one cluster to the next as predicted, and is walked alike as compiled and as listed', async () => {
  const table = { family: 'inet', name: 'policyd' } as const;
  const verdicts = { accept: 0, drop: 0 };
  for (const [number, random] of CLUSTERS.entries()) {
    const snapshot = snapshotOfCluster(random);
    const [node] = snapshot.nodes.values();
    if (!node) throw new Error('a cluster without nodes');
    const { ruleset } = compile(snapshot, {
      node: node.name,
      podRanges: node.podCidrs,
      shapes: ALL_SHAPES[number % ALL_SHAPES.length] ?? SHAPES,
    });
    const before = await nft.listTable(table.family, table.name);
    const observed = before === null ? null : observe(parseListing(before), table);
    const next = plan(ruleset, observed, sandbox.unprivileged ? UNPRIVILEGED_LIMITS : UNLIMITED);
    for (const { commands } of next.batches) {
      expect(await nft.commit(commands), `cluster ${number}`).toMatchObject({ kind: 'committed' });
    }
    const listing = parseListing(await nft.listTable(table.family, table.name));
    expect(plan(ruleset, observe(listing, table)).batches, `cluster ${number}`).toEqual([]);
    expect(plan(ruleset, applyPlan(next, observed)).batches, `cluster ${number}`).toEqual([]);
    const [fromListing, fromRuleset] = [walkableFromListing(listing, table), walkableFromRuleset(ruleset)];
    for (const packet of packetsAmong(snapshot)) {
      const kernel = walk([fromListing], packet);
      const own = walk([fromRuleset], packet);
      expect([kernel.verdict, kernel.decided], JSON.stringify(packet)).toEqual([own.verdict, own.decided]);
      verdicts[kernel.verdict] += 1;
    }
    const file = join(sandbox.directory, 'ruleset.nft');
    await writeFile(file, toText(ruleset));
    await sandbox.run('nft', ['delete', 'table', table.family, table.name]);
    expect(await sandbox.run('nft', ['-f', file])).toMatchObject({ exitCode: 0, stderr: '' });
    const fromText = parseListing(await nft.listTable(table.family, table.name));
    expect(plan(ruleset, observe(fromText, table)).batches, `cluster ${number} as text`).toEqual([]);
  }
  for (const count of Object.values(verdicts)) expect(count).toBeGreaterThan(500);
});
