/** What is written for bridges comes back from the kernel as the same, to `observe` and to `walk`. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { frameRules } from '../../src/compile/bridge-frames.ts';
import { bridgeHook } from '../../src/compile/bridged.ts';
import type { PodBridge } from '../../src/machine/pod-bridge.ts';
import type { Address, Cidr } from '../../src/model/address.ts';
import { UNLIMITED } from '../../src/nft/batch.ts';
import { parseListing } from '../../src/nft/listing.ts';
import type { NftSet, Ruleset, SetName } from '../../src/nft/objects.ts';
import { observe } from '../../src/nft/observe.ts';
import { firstPacket, type Packet } from '../../src/nft/packet.ts';
import { plan } from '../../src/nft/plan.ts';
import type { Nft } from '../../src/nft/port.ts';
import { walk, walkableFromListing, walkableFromRuleset } from '../../src/nft/walk.ts';
import { createSandbox, nftIn, type Sandbox } from '../kit/sandbox.ts';

let sandbox: Sandbox;
let nft: Nft;
beforeAll(async () => {
  sandbox = await createSandbox();
  nft = nftIn(sandbox);
});
afterAll(() => sandbox.close());

const BRIDGES: readonly PodBridge[] = [
  { name: 'cni0', subnets: ['10.0.0.0/24' as Cidr, 'fd00::/64' as Cidr], closed: true },
  { name: 'br-1.2:x@y', subnets: [], closed: true },
  { name: 'lan', subnets: ['192.0.2.0/31' as Cidr], closed: false },
];

function local(family: 4 | 6, ...elements: readonly string[]): [SetName, NftSet] {
  const name = `local_${family}` as SetName;
  const type = [family === 4 ? 'ipv4_addr' : 'ipv6_addr'] as const;
  return [name, { name, type, interval: false, elements: new Set(elements) }];
}

function rulesetOf(closing: boolean): Ruleset {
  const hook = bridgeHook(BRIDGES, closing);
  return {
    table: { family: 'inet', name: 'policyd' },
    chains: new Map([[hook.name, hook]]),
    sets: new Map([local(4, '10.0.0.1', '10.0.0.2'), local(6, 'fd00::1', 'fd00::2')]),
    maps: new Map(),
  };
}

async function install(ruleset: Ruleset): Promise<unknown> {
  const { family, name } = ruleset.table;
  for (const { commands } of plan(ruleset, null, UNLIMITED).batches) {
    expect(await nft.commit(commands)).toMatchObject({ kind: 'committed' });
  }
  const listing = parseListing(await nft.listTable(family, name));
  expect(plan(ruleset, observe(listing, ruleset.table), UNLIMITED).batches).toEqual([]);
  return listing;
}

function packets(): readonly Packet[] {
  const ends = ['10.0.0.1', '10.0.0.255', '192.0.2.1', '169.254.1.1'];
  const sixes = ['fd00::1', 'fe80::1', 'ff02::16', 'ff02::2', '2001:db8::1'];
  const links = ['cni0', 'br-1.2:x@y', 'lan', 'eth0'];
  return [ends, sixes].flatMap((list) =>
    list.flatMap((source) =>
      list.flatMap((destination) =>
        links.flatMap((into) =>
          links.flatMap((out) =>
            (['host', 'multicast'] as const).flatMap((packetType) =>
              [null, 5, 133, 134, 135, 143].flatMap((icmpType): readonly Packet[] => {
                const transport = { kind: 'ports', protocol: 'UDP', port: 53 } as const;
                const plain = firstPacket({
                  source: source as Address,
                  destination: destination as Address,
                  transport,
                });
                const common = { ...plain, packetType, links: { in: into, out } };
                if (icmpType === null) return [common];
                const icmp = { ...common, protocol: plain.family === 4 ? 1 : 58, ports: null, icmpType };
                return [
                  { ...icmp, hopLimit: 255, payloadLength: 16 },
                  { ...icmp, hopLimit: 255, payloadLength: 32 },
                  { ...icmp, hopLimit: 1, payloadLength: 96 },
                  { ...icmp, hopLimit: 255, payloadLength: 97 },
                ];
              }),
            ),
          ),
        ),
      ),
    ),
  );
}

test.each([true, false])(
  'the rules of bridges are listed as they were written, closing: %s',
  async (closing) => {
    const ruleset = rulesetOf(closing);
    await sandbox.run('nft', ['delete', 'table', 'inet', 'policyd']);
    await install(ruleset);
    const listed = walkableFromListing(parseListing(await nft.listTable('inet', 'policyd')), ruleset.table);
    const written = walkableFromRuleset(ruleset);
    const verdicts = new Set<string>();
    const differing: Packet[] = [];
    for (const packet of packets()) {
      const { verdict, decided } = walk([written], packet);
      verdicts.add(`${verdict} ${decided?.rule}`);
      const other = walk([listed], packet);
      if (other.verdict !== verdict || other.decided?.rule !== decided?.rule) differing.push(packet);
    }
    expect(differing).toEqual([]);
    // The comparison means something only if every rule decided something.
    expect(verdicts.size).toBe((ruleset.chains.values().next().value?.rules.length ?? 0) + 1);
  },
);

test('the rules of frames are listed as they were written', async () => {
  await install(frameRules(['veth0', 'br-1.2:x@y']));
});
