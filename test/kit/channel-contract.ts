/**
 * What every channel keeps, whatever it goes through: each adapter runs this suite against the real thing. A new one
 * brings a `ChannelPlace`, and nothing here changes.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Channel } from '../../src/channel/channel.ts';
import type { ProbeQuery, ProbeSource } from '../../src/channel/probe.ts';
import { parseAddress } from '../../src/net/address.ts';
import { parseListing } from '../../src/nft/listing.ts';
import { FAR_MS } from './waiting.ts';

interface Target {
  readonly address: string;
  readonly port: number;
}

/** A small cluster that the channel reaches, in which nobody else changes anything. */
export interface ChannelPlace {
  readonly channel: Channel;
  /** All there are, each with a policyd. */
  readonly nodes: readonly string[];
  /** The families of policyd's tables on each of them. */
  readonly families: readonly string[];
  /** `namespace/name` of a pod that the targets are dialled from, over TCP. */
  readonly client: string;
  readonly open: Target;
  /** Nothing listens there. */
  readonly closed: Target;
  /** By a policy. */
  readonly denied: Target;
  /** Something that every policyd has to follow. */
  readonly change: () => Promise<void>;
  /** Until it is undone, some policyd follows nothing. */
  readonly hinder: () => Promise<{ readonly undo: () => Promise<void> }>;
  readonly stop: () => Promise<void>;
}

export function channelContract(title: string, start: () => Promise<ChannelPlace>): void {
  describe(`${title} keeps the contract of a channel`, () => {
    let place: ChannelPlace;
    let channel: Channel;
    beforeAll(async () => {
      place = await start();
      channel = place.channel;
    });
    afterAll(async () => await place.stop());

    const query = ({ address, port }: Target, from?: ProbeSource, timeoutMs = 30_000): ProbeQuery => ({
      from: from ?? { pod: place.client },
      to: { address, port, protocol: 'TCP' },
      timeoutMs,
    });

    test('sync ends when every policyd has committed a change, and status has each of them say so', async () => {
      await place.change();
      expect(await channel.sync(FAR_MS)).toMatchObject({ synced: true, waitingFor: [] });
      const status = await channel.status();
      expect(status.map(({ node }) => node)).toEqual(place.nodes);
      for (const { node, agent } of status) {
        expect(agent).toMatchObject({ node, ready: true, inSync: true });
        expect(agent?.revision).toBeGreaterThan(0);
      }
    });

    test('sync gives up when it was told to, and says in sentences what is missing', async () => {
      const { undo } = await place.hinder();
      await place.change();
      const { synced, waitingFor } = await channel.sync(1_000);
      await undo();
      expect(synced).toBe(false);
      expect(waitingFor.length).toBeGreaterThan(0);
      for (const sentence of waitingFor) expect(sentence).toMatch(/\w+ \w+/);
      expect((await channel.sync(FAR_MS)).synced).toBe(true);
    });

    test("a listing is the kernel's, of policyd's tables in every family and of no others", async () => {
      for (const node of place.nodes) {
        const { listing, ...rest } = await channel.listing(node);
        expect(rest).toEqual({ node, inSync: true });
        const { tables, chains, rules } = parseListing(listing);
        const named = tables.filter(({ name }) => name === 'policyd').map(({ family }) => family);
        expect(named.sort()).toEqual([...place.families].sort());
        // Sources and revisions have tables of their own, whose names begin alike.
        for (const { name } of tables) expect(name).toMatch(/^policyd(?:_|$)/);
        for (const family of place.families) {
          expect(chains.some((chain) => chain.family === family && chain.hook !== undefined)).toBe(true);
          expect(rules.some((rule) => rule.family === family)).toBe(true);
        }
      }
    });

    test('a probe tells an answer from a refusal, and both from silence', async () => {
      expect(await channel.probe(query(place.open))).toMatchObject({ outcome: 'connected' });
      expect(await channel.probe(query(place.closed))).toMatchObject({ outcome: 'refused' });
      const { outcome, milliseconds } = await channel.probe(query(place.denied, undefined, 300));
      expect(outcome).toBe('blocked');
      expect(milliseconds).toBeGreaterThan(0);
    });

    test('nodes open connections too, and the host outside, where there is one', async () => {
      const [node = ''] = place.nodes;
      expect(await channel.probe(query(place.open, { node }))).toMatchObject({ outcome: 'connected' });
      const { addresses, ports } = await channel.internet();
      for (const address of addresses) expect(parseAddress(address)).toBe(address);
      const [address] = addresses;
      const [port] = ports;
      if (address === undefined || port === undefined) return;
      expect(await channel.probe(query({ address, port }))).toMatchObject({ outcome: 'connected' });
      expect(await channel.probe(query(place.open, { external: true }))).toMatchObject({
        outcome: 'connected',
      });
    });

    test('many probes are answered in the order in which they were asked, each for itself', async () => {
      // More than are under way at once, twice over, with a patience that makes an adapter split them.
      const count = channel.probesAtOnce * 2 + 6;
      const asked = Array.from({ length: count }, (_, index) =>
        query(index % 3 === 0 ? place.closed : place.open, undefined, 20_000),
      );
      const outcomes = (await channel.probes(asked)).map(({ outcome }) => outcome);
      expect(outcomes).toEqual(
        asked.map(({ to }) => (to.port === place.closed.port ? 'refused' : 'connected')),
      );
      expect(await channel.probes([])).toEqual([]);
    });

    test('what is not there is an error of its own, not an outcome', async () => {
      const unknown = { code: 'NAME_UNKNOWN' };
      await expect(channel.listing('nowhere')).rejects.toMatchObject(unknown);
      await expect(channel.probe(query(place.open, { pod: 'nowhere/nobody' }))).rejects.toMatchObject(
        unknown,
      );
      await expect(channel.probe(query(place.open, { node: 'nowhere' }))).rejects.toMatchObject(unknown);
    });
  });
}
