/** policyctl probe: one real connection in the lab, and what became of it. */

import { requireChannel } from '../channel/open.ts';
import type { ProbeQuery, ProbeReport } from '../channel/probe.ts';
import { Failure } from '../model/failure.ts';
import { resolveDestination, resolveSource } from '../world/ends.ts';
import { type End, placesOf } from '../world/place.ts';
import type { EndsTarget } from '../world/target.ts';
import type { World } from '../world/world.ts';
import { dial } from './dial.ts';
import { parseDuration } from './duration.ts';
import { EXIT } from './exit.ts';
import { probeSource } from './probe-source.ts';
import { probeText } from './probe-text.ts';
import { waitForSync } from './sync.ts';
import type { Terminal } from './terminal.ts';
import { loadWorld } from './world.ts';

export interface ProbeOptions {
  readonly namespace?: string;
  readonly timeout: string;
  readonly wait: boolean;
}

/** Makes one connection, says what became of it, and gives the exit code of that. */
export async function probeCommand(
  source: string,
  destination: string,
  options: ProbeOptions,
  terminal: Terminal,
): Promise<number> {
  const timeoutMs = parseDuration(options.timeout, '--timeout');
  const channel = requireChannel(await terminal.channel());
  if (options.wait) await waitForSync(channel, terminal);
  const namespace = options.namespace === undefined ? {} : { namespace: options.namespace };
  const loaded = await loadWorld(namespace, terminal);
  const from = resolveSource(source, loaded);
  const { target, port } = resolveDestination(destination, loaded);
  if (port === null) {
    throw new Failure('USAGE', `DESTINATION ${target.name} has no port`, {
      hint: 'write DESTINATION:PORT[/PROTO]',
    });
  }
  const sourceEnd = firstEnd(from);
  const { dialled, at } = dial(loaded.world, sourceEnd, target, port);
  const addresses = 'end' in at ? endAddresses(loaded.world, at.end) : at.addresses;
  const address = dialAddress(target.name, addresses, endAddresses(loaded.world, sourceEnd));
  const query: ProbeQuery = {
    from: probeSource(sourceEnd),
    to: { address, port: dialled.port, protocol: dialled.protocol },
    timeoutMs,
  };
  const report = await channel.probe(query);
  const probed = { source: from.name, target, dialled, address };
  terminal.out(`${probeText(report, probed, loaded.world)}\n`);
  return CODES[report.outcome];
}

const CODES: Readonly<Record<ProbeReport['outcome'], number>> = {
  connected: EXIT.ok,
  blocked: EXIT.no,
  error: EXIT.error,
  refused: EXIT.refused,
};

function firstEnd({ name, ends: [end] }: EndsTarget): End {
  if (end !== undefined) return end;
  throw new Failure('USAGE', `SOURCE ${name} opens no connections`, { hint: 'name a pod' });
}

/** Of a family that the source has too. */
function dialAddress(name: string, addresses: readonly string[], own: readonly string[]): string {
  const families = new Set(own.map((address) => address.includes(':')));
  const usable = addresses.filter((address) => own.length === 0 || families.has(address.includes(':')));
  const address = usable.find((each) => !each.includes(':')) ?? usable[0];
  if (address !== undefined) return address;
  throw new Failure('NAME_UNKNOWN', `${name} has no address that the source could dial`, {
    hint: 'kubectl get pods -o wide shows the addresses',
  });
}

/** The real ones; stand-ins cannot be dialled. */
function endAddresses(world: World, end: End): readonly string[] {
  return placesOf(world, end)
    .filter((place) => place.among === null)
    .map((place) => place.address);
}
