/** The ports of a rule -> matches on the real backend's port, one list per protocol. */
import type { ResolvedPorts } from '../model/endpoint.ts';
import { type PortRange, PROTOCOLS, type Protocol } from '../model/protocol.ts';
import type { Statement } from '../nft/objects.ts';
import { hash, setName } from './names.ts';
import type { SetUse } from './set-use.ts';
import { BACKEND_PORT, inSet, is, PROTOCOL, words } from './statements.ts';

export interface PortLine {
  /** Empty: matches every packet. */
  readonly matches: readonly Statement[];
  readonly sets: readonly SetUse[];
}

/** The transport protocol of the packet, whatever extension headers stand before it. */
export function isProtocol(protocol: Protocol): Statement {
  return is(PROTOCOL, words(protocol.toLowerCase()));
}

/** One entry per line that the numbers come to, each a list of matches; none where nothing can match. */
export function portLines(ports: ResolvedPorts): readonly PortLine[] {
  if (ports.kind === 'any') return [{ matches: [], sets: [] }];
  return PROTOCOLS.flatMap((protocol) => {
    const ranges = ports.ranges.filter((range) => range.protocol === protocol);
    const [first] = ranges;
    if (!first) return [];
    // The protocol comes first: nft 1.0.6 gives `proto-src` no type without it.
    const match = isProtocol(protocol);
    // Port 0 can be on the wire, and 1-65535 does not mean it.
    if (ranges.some((range) => range.first === 0 && range.last === 65535))
      return [{ matches: [match], sets: [] }];
    if (ranges.length === 1)
      return [{ matches: [match, is(BACKEND_PORT, { kind: 'ports', ranges: [bare(first)] })], sets: [] }];
    const use = portSet(ranges);
    return [
      {
        matches: [match, is({ kind: 'concat', parts: [BACKEND_PORT, PROTOCOL] }, inSet(use.name))],
        sets: [use],
      },
    ];
  });
}

/**
 * A named set and not an anonymous one: nft 1.0.6 lists ports of an anonymous set as `0x50 [invalid type]`.
 * The second field makes it a concatenation, as for address ranges (see peers).
 */
function portSet(ranges: readonly PortRange[]): SetUse {
  const texts = ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  const key = JSON.stringify(['ports', texts]);
  const name = setName(`ports_${hash(key)}`);
  return {
    kind: 'fixed',
    key,
    name,
    set: {
      name,
      type: ['inet_service', 'inet_proto'],
      interval: true,
      elements: new Set(texts.map((text) => `${text} . 0-255`)),
    },
    text: `ports ${texts.join(', ')}`,
  };
}

function bare({ first, last }: PortRange): { readonly first: number; readonly last: number } {
  return { first, last };
}
