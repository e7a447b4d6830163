/** The ports that a matrix asks about. */
import { DIRECTIONS } from '../model/policy.ts';
import type { Protocol } from '../model/protocol.ts';
import type { End } from '../world/place.ts';
import type { World } from '../world/world.ts';

export interface MatrixScope {
  /** null: all. */
  readonly namespace: string | null;
  /** Where the internet can be dialled. */
  readonly internetPorts: readonly number[];
}

export interface CellPort {
  readonly protocol: Protocol;
  readonly port: number;
  readonly declared: boolean;
}

/** Declared numbers over TCP and UDP, since a rule for one says nothing of the other, and over SCTP if declared so. */
export function portsOf(end: End, undeclared: number, outside: readonly CellPort[]): readonly CellPort[] {
  const other: CellPort = { protocol: 'TCP', port: undeclared, declared: false };
  if (end.kind !== 'pod') return [...outside, other];
  const numbers = [...new Set(end.pod.ports.map(({ port }) => port))].sort((a, b) => a - b);
  const declared = numbers.flatMap((port): readonly CellPort[] => {
    const sctp = end.pod.ports.some((each) => each.port === port && each.protocol === 'SCTP');
    const protocols: readonly Protocol[] = sctp ? ['TCP', 'UDP', 'SCTP'] : ['TCP', 'UDP'];
    return protocols.map((protocol) => ({ protocol, port, declared: true }));
  });
  return [...declared, other];
}

/** Those the internet can be dialled at, and those that rules name towards addresses: a database outside, say. */
export function outsidePorts({ snapshot }: World, { internetPorts }: MatrixScope): readonly CellPort[] {
  const found = new Map<string, CellPort>();
  const add = (protocol: Protocol, port: number): void => {
    found.set(`${port}/${protocol}`, { protocol, port, declared: true });
  };
  for (const port of internetPorts.length > 0 ? internetPorts : [443]) add('TCP', port);
  for (const { egress } of snapshot.policies.values()) {
    for (const { peers, ports } of egress ?? []) {
      if (ports.kind === 'any') continue;
      if (peers.kind === 'some' && !peers.peers.some(({ kind }) => kind === 'ipBlock')) continue;
      for (const match of ports.ports) {
        if (match.kind !== 'range' || match.protocol === 'SCTP') continue;
        add(match.protocol, match.first);
        add(match.protocol, match.last);
      }
    }
  }
  return [...found.values()].sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
}

/** One that no pod declares and no rule names. */
export function undeclaredPort(world: World): number {
  const { pods, policies } = world.snapshot;
  const declared = new Set([...pods.values()].flatMap((pod) => pod.ports.map(({ port }) => port)));
  const ranges = [...policies.values()].flatMap((policy) =>
    DIRECTIONS.flatMap((direction) =>
      (policy[direction] ?? []).flatMap(({ ports }) =>
        ports.kind === 'any' ? [] : ports.ports.flatMap((match) => (match.kind === 'range' ? [match] : [])),
      ),
    ),
  );
  for (let port = 9999; port > 1; port--) {
    if (!declared.has(port) && !ranges.some(({ first, last }) => first <= port && port <= last)) return port;
  }
  return 9999;
}
