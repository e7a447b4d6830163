/**
 * What no first packet can show (semantics B4, H4, H5, J2, J3): ICMP errors, neighbour discovery, packets
 * without a connection, the middle of a TCP flow, Service DNAT. Hand-built packets through the ruleset.
 */
import { describe, expect, test } from 'vitest';
import { compile } from '../../src/compile/compile.ts';
import { type Address, type Family, familyOf } from '../../src/model/address.ts';
import type { Flow } from '../../src/model/verdict.ts';
import { parseAddress } from '../../src/net/address.ts';
import {
  type Connection,
  firstPacket,
  type Packet,
  PROTOCOL_NUMBERS,
  replyPacket,
  type TcpFlag,
} from '../../src/nft/packet.ts';
import { toText } from '../../src/nft/text.ts';
import { type Walkable, walk, walkableFromRuleset } from '../../src/nft/walk.ts';
import { pod, type Raw } from '../kit/objects.ts';
import { snapshotOf } from '../kit/snapshot.ts';
import { API, DB, WEB } from './case.ts';
import { INTERNET, NODE_A, NODE_B, policy, world } from './world.ts';

/** web and db are on node a; cli (another namespace) too, and isolated by nothing. */
const ADDRESSES: Readonly<Record<string, Readonly<Record<Family, string>>>> = {
  web: { 4: '10.244.1.2', 6: 'fd00:10:244:1::2' },
  db: { 4: '10.244.1.3', 6: 'fd00:10:244:1::3' },
  cli: { 4: '10.244.1.4', 6: 'fd00:10:244:1::4' },
  api: { 4: '10.244.2.2', 6: 'fd00:10:244:2::2' },
  unknown: { 4: '10.244.1.200', 6: 'fd00:10:244:1::c8' },
  internet: { 4: INTERNET[0] ?? '', 6: INTERNET[1] ?? '' },
  router: { 4: '192.0.2.1', 6: '2001:db8:ffff::1' },
  nodeA: { 4: NODE_A[0] ?? '', 6: NODE_A[1] ?? '' },
  nodeB: { 4: NODE_B[0] ?? '', 6: NODE_B[1] ?? '' },
  vip: { 4: '10.96.0.10', 6: 'fd00:10:96::a' },
};
const FAMILIES: readonly Family[] = [4, 6];

function at(name: string, family: Family): Address {
  const address = parseAddress(ADDRESSES[name]?.[family] ?? '');
  if (address === null) throw new TypeError(`no address of ${name}`);
  return address;
}

function rulesetOf(objects: readonly Raw[], podRanges = true): Walkable {
  const snapshot = snapshotOf(objects);
  const ranges = podRanges ? (snapshot.nodes.get('node-a')?.podCidrs ?? []) : [];
  return walkableFromRuleset(compile(snapshot, { node: 'node-a', podRanges: ranges }).ruleset);
}

/** web takes TCP 80 from api and opens nothing; db is closed in both directions. */
const CLOSED = rulesetOf(
  world(
    policy('web', {
      podSelector: WEB,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ podSelector: API }], ports: [{ port: 80 }] }],
    }),
    policy('db', { podSelector: DB, policyTypes: ['Ingress', 'Egress'] }),
  ),
);
/** The same cluster without a policy: the control of every denial. */
const OPEN = rulesetOf(world());
/** A pod of this node waits for its address, and is isolated. */
const WAITING = rulesetOf(
  world(
    policy('late', { podSelector: { matchLabels: { app: 'late' } } }),
    pod({ namespace: 'shop', name: 'late', labels: { app: 'late' }, node: 'node-a', addresses: [] }),
  ),
);

function flow(
  from: string,
  to: string,
  family: Family,
  protocol: 'TCP' | 'UDP' | 'SCTP' = 'TCP',
  port = 80,
): Flow {
  return {
    source: at(from, family),
    destination: at(to, family),
    transport: { kind: 'ports', protocol, port },
  };
}

function verdict(walkable: Walkable, packet: Packet): 'accept' | 'drop' {
  return walk([walkable], packet).verdict;
}

/** Types of ICMP by what they are about. */
const TYPES = {
  unreachable: { 4: 3, 6: 1 },
  tooBig: { 4: 3, 6: 2 },
  timeExceeded: { 4: 11, 6: 3 },
  parameterProblem: { 4: 12, 6: 4 },
  echoReply: { 4: 0, 6: 129 },
  echoRequest: { 4: 8, 6: 128 },
  redirect: { 4: 5, 6: 137 },
  sourceQuench: { 4: 4, 6: 150 },
  routerAdvertisement: { 4: 9, 6: 134 },
} as const;

function icmp(
  state: Packet['state'],
  connection: Connection | null,
  source: Address,
  destination: Address,
  icmpType: number,
): Packet {
  const family = familyOf(source);
  const protocol = family === 4 ? 1 : 58;
  return { family, state, connection, source, destination, protocol, ports: null, tcpFlags: [], icmpType };
}

/** An ICMP error about the flow, from `source` to one end of it, as conntrack relates it. */
function errorAbout(about: Flow, source: Address, to: 'client' | 'server', type: keyof typeof TYPES): Packet {
  const connection = firstPacket(about).connection;
  if (connection === null) throw new TypeError('a flow has a connection');
  const [destination, direction] =
    to === 'client' ? ([about.source, 'reply'] as const) : ([about.destination, 'original'] as const);
  const family = familyOf(source);
  return icmp('related', { ...connection, direction }, source, destination, TYPES[type][family]);
}

describe.each(FAMILIES)('J2 ICMP errors, IPv%i', (family) => {
  const wanted = flow('api', 'web', family);

  test.each(['unreachable', 'tooBig', 'timeExceeded', 'parameterProblem'] as const)(
    'of an allowed flow pass, from an end of it or from a router: %s',
    (type) => {
      expect(verdict(CLOSED, firstPacket(wanted))).toBe('accept');
      expect(verdict(CLOSED, errorAbout(wanted, wanted.destination, 'client', type))).toBe('accept');
      expect(verdict(CLOSED, errorAbout(wanted, wanted.source, 'server', type))).toBe('accept');
      expect(verdict(CLOSED, errorAbout(wanted, at('router', family), 'client', type))).toBe('accept');
      expect(verdict(CLOSED, errorAbout(wanted, at('nodeB', family), 'server', type))).toBe('accept');
    },
  );

  test('forged by a local pod about other people’s flow are dropped', () => {
    for (const forger of ['db', 'cli']) {
      expect(verdict(CLOSED, errorAbout(wanted, at(forger, family), 'client', 'unreachable'))).toBe('drop');
      expect(verdict(CLOSED, errorAbout(wanted, at(forger, family), 'server', 'tooBig'))).toBe('drop');
    }
    // Even where no policy is: it is about whose flow it is, not about isolation.
    expect(verdict(OPEN, errorAbout(wanted, at('cli', family), 'server', 'tooBig'))).toBe('drop');
    expect(verdict(OPEN, errorAbout(wanted, at('web', family), 'client', 'tooBig'))).toBe('accept');
  });

  test('from an address of the pod range that no pod owns are dropped, closed or not', () => {
    for (const walkable of [CLOSED, OPEN, WAITING]) {
      const forged = errorAbout(wanted, at('unknown', family), 'client', 'unreachable');
      expect(verdict(walkable, forged)).toBe('drop');
    }
  });

  test.each(['echoReply', 'echoRequest', 'redirect', 'sourceQuench', 'routerAdvertisement'] as const)(
    'only: %s as related is dropped, from an end of the flow too',
    (type) => {
      expect(verdict(CLOSED, errorAbout(wanted, wanted.destination, 'client', type))).toBe('drop');
      expect(verdict(CLOSED, errorAbout(wanted, at('router', family), 'client', type))).toBe('drop');
      expect(verdict(OPEN, errorAbout(wanted, wanted.destination, 'client', type))).toBe('drop');
    },
  );

  test('of a flow through a Service pass from its backend, and from no other pod', () => {
    const behindVip = (source: Address): Packet => {
      const packet = errorAbout(wanted, source, 'client', 'unreachable');
      if (packet.connection === null) throw new TypeError('an error is about a flow');
      const original = {
        ...packet.connection.original,
        destination: at('vip', family),
        destinationPort: 8000,
      };
      return { ...packet, connection: { ...packet.connection, original } };
    };
    expect(verdict(CLOSED, behindVip(at('web', family)))).toBe('accept');
    expect(verdict(CLOSED, behindVip(at('cli', family)))).toBe('drop');
  });

  test('a related packet that is no ICMP is judged like a new connection', () => {
    const related = (about: Flow): Packet => ({ ...firstPacket(about), state: 'related' });
    expect(verdict(CLOSED, related(wanted))).toBe('accept');
    expect(verdict(CLOSED, related(flow('api', 'web', family, 'TCP', 81)))).toBe('drop');
    expect(verdict(OPEN, related(flow('api', 'web', family, 'TCP', 81)))).toBe('accept');
  });

  test('ICMP of the other family’s number is no error', () => {
    const strange = {
      ...errorAbout(wanted, at('cli', family), 'server', 'unreachable'),
      protocol: family === 4 ? 58 : 1,
      icmpType: null,
    };
    expect(verdict(CLOSED, strange)).toBe('drop');
  });
});

describe('J2 packets without a connection', () => {
  const neighbours = [133, 135, 136];
  const reports = [131, 143];
  const web = at('web', 6);
  const others = [at('cli', 6), at('db', 6), at('unknown', 6)];

  test.each(neighbours)(
    'IPv6 neighbour discovery of one link passes, isolated pods or not: type %i',
    (type) => {
      for (const other of others) {
        for (const packet of [
          icmp('untracked', null, other, web, type),
          icmp('untracked', null, web, other, type),
        ]) {
          expect(verdict(CLOSED, { ...packet, hopLimit: 255 })).toBe('accept');
        }
      }
    },
  );

  test.each(reports)('MLD reports to a group of the link pass, isolated pods or not: type %i', (type) => {
    const group = parseAddress('ff02::16');
    if (group === null) throw new TypeError('not an address');
    for (const source of [web, ...others]) {
      const report = icmp('untracked', null, source, group, type);
      expect(verdict(CLOSED, { ...report, hopLimit: 1 })).toBe('accept');
    }
  });

  test.each([...neighbours, ...reports])(
    'none of them is routed to or from an isolated pod: type %i',
    (type) => {
      for (const other of [...others, at('internet', 6)]) {
        for (const hopLimit of [1, 63, 254]) {
          const there = { ...icmp('untracked', null, other, web, type), hopLimit };
          const back = { ...icmp('untracked', null, web, other, type), hopLimit };
          expect([verdict(CLOSED, there), verdict(CLOSED, back)]).toEqual(['drop', 'drop']);
        }
      }
      // The control: the same between ends that nothing isolates.
      expect(verdict(OPEN, icmp('untracked', null, web, at('internet', 6), type))).toBe('accept');
    },
  );

  test.each([134, 137])('router advertisements and redirects of isolated pods never: type %i', (type) => {
    expect(verdict(CLOSED, icmp('untracked', null, web, at('cli', 6), type))).toBe('drop');
    expect(verdict(CLOSED, icmp('untracked', null, at('cli', 6), web, type))).toBe('drop');
  });

  test('router advertisements and redirects of pods that no policy isolates never either', () => {
    for (const state of ['invalid', 'untracked'] as const) {
      for (const to of ['api', 'internet', 'web']) {
        expect(verdict(OPEN, icmp(state, null, at('cli', 6), at(to, 6), 134))).toBe('drop');
        expect(verdict(OPEN, icmp(state, null, at('cli', 6), at(to, 6), 137))).toBe('drop');
        expect(verdict(OPEN, icmp(state, null, at('cli', 4), at(to, 4), 9))).toBe('drop');
        expect(verdict(OPEN, icmp(state, null, at('cli', 4), at(to, 4), 5))).toBe('drop');
      }
      // What is not a pod of this node is the node's own business.
      expect(verdict(OPEN, icmp(state, null, at('router', 6), at('nodeB', 6), 137))).toBe('accept');
      expect(verdict(OPEN, icmp(state, null, at('router', 4), at('nodeB', 4), 5))).toBe('accept');
    }
  });

  test.each(FAMILIES)('no pod sends ICMP errors about flows its own node does not know, IPv%i', (family) => {
    for (const type of ['unreachable', 'tooBig', 'timeExceeded', 'parameterProblem'] as const) {
      for (const to of ['api', 'internet']) {
        const forged = icmp('invalid', null, at('cli', family), at(to, family), TYPES[type][family]);
        expect(verdict(OPEN, forged)).toBe('drop');
        // The control: whoever is no pod of this node may, as a router on the way.
        expect(verdict(OPEN, { ...forged, source: at('router', family) })).toBe('accept');
      }
    }
  });

  test.each(FAMILIES)('of an isolated pod are dropped, IPv%i', (family) => {
    for (const state of ['invalid', 'untracked'] as const) {
      for (const packet of [
        bare(state, flow('internet', 'web', family)),
        bare(state, flow('web', 'internet', family, 'UDP')),
        bare(state, flow('cli', 'db', family, 'SCTP')),
        bare(state, flow('db', 'cli', family)),
      ]) {
        expect({ packet, verdict: verdict(CLOSED, packet) }).toEqual({ packet, verdict: 'drop' });
        expect({ packet, verdict: verdict(OPEN, packet) }).toEqual({ packet, verdict: 'accept' });
      }
    }
  });

  test.each(FAMILIES)('of the node’s other traffic pass, and so do those of open pods, IPv%i', (family) => {
    for (const walkable of [CLOSED, rulesetOf(world(policy('web', { podSelector: WEB })), false)]) {
      expect(verdict(walkable, bare('invalid', flow('internet', 'nodeB', family)))).toBe('accept');
      expect(verdict(walkable, bare('untracked', flow('cli', 'internet', family)))).toBe('accept');
    }
  });

  test.each(FAMILIES)(
    'of an address in the pod range that no pod owns are dropped while it may be an isolated pod’s, IPv%i',
    (family) => {
      for (const packet of [
        bare('invalid', flow('internet', 'unknown', family)),
        bare('untracked', flow('unknown', 'internet', family)),
      ]) {
        expect(verdict(WAITING, packet)).toBe('drop');
        expect(verdict(OPEN, packet)).toBe('accept');
      }
      expect(verdict(WAITING, bare('invalid', flow('internet', 'cli', family)))).toBe('accept');
    },
  );

  test.each(FAMILIES)(
    'a pod that is not known yet advertises no routes and reports no errors, IPv%i',
    (family) => {
      for (const type of ['redirect', 'routerAdvertisement', 'unreachable', 'tooBig'] as const) {
        const number = TYPES[type][family];
        const packet = (from: string): Packet =>
          icmp('untracked', null, at(from, family), at('cli', family), number);
        expect(verdict(OPEN, packet('unknown'))).toBe('drop');
        expect(verdict(OPEN, packet('router'))).toBe('accept');
      }
    },
  );
});

function bare(state: 'invalid' | 'untracked', about: Flow): Packet {
  return { ...firstPacket(about), state, connection: null };
}

describe.each(FAMILIES)('B4 TCP in the middle of a flow, IPv%i', (family) => {
  const middle: readonly (readonly TcpFlag[])[] = [
    ['ack'],
    ['syn', 'ack'],
    ['psh', 'ack'],
    ['fin', 'ack'],
    ['rst'],
    [],
  ];
  const taken = (about: Flow, tcpFlags: readonly TcpFlag[]): Packet => ({ ...firstPacket(about), tcpFlags });

  test.each(middle.map((flags) => [flags]))(
    'to or from an isolated pod is never taken up as new: %j',
    (flags) => {
      for (const about of [
        flow('web', 'api', family, 'TCP', 40000),
        flow('api', 'web', family),
        flow('internet', 'db', family),
        flow('db', 'internet', family),
      ]) {
        expect({ about, verdict: verdict(CLOSED, taken(about, flags)) }).toEqual({ about, verdict: 'drop' });
        expect({ about, verdict: verdict(OPEN, taken(about, flags)) }).toEqual({ about, verdict: 'accept' });
      }
    },
  );

  test('an isolated pod’s allowed flow opens with SYN, ECN bits included', () => {
    const wanted = flow('api', 'web', family);
    expect(verdict(CLOSED, taken(wanted, ['syn']))).toBe('accept');
    expect(verdict(CLOSED, taken(wanted, ['syn', 'ecn', 'cwr']))).toBe('accept');
    expect(verdict(CLOSED, taken(flow('db', 'web', family), ['syn']))).toBe('drop');
  });

  test('goes on for pods that no policy isolates', () => {
    expect(verdict(CLOSED, taken(flow('cli', 'internet', family), ['ack']))).toBe('accept');
  });

  test.each(['TCP', 'UDP', 'SCTP'] as const)(
    'replies of an allowed %s flow pass, of a denied one do not',
    (protocol) => {
      const walkable = rulesetOf(
        world(
          policy('web', {
            podSelector: WEB,
            policyTypes: ['Ingress', 'Egress'],
            ingress: [{ from: [{ podSelector: API }], ports: [{ port: 80, protocol }] }],
          }),
        ),
      );
      expect(verdict(walkable, replyPacket(flow('api', 'web', family, protocol)))).toBe('accept');
      expect(verdict(walkable, replyPacket(flow('api', 'web', family, protocol, 81)))).toBe('drop');
      expect(verdict(walkable, replyPacket(flow('cli', 'web', family, protocol)))).toBe('drop');
      // The server may not open anything itself with the reply's addresses.
      expect(verdict(walkable, firstPacket(flow('web', 'api', family, protocol, 80)))).toBe('drop');
    },
  );
});

describe.each(FAMILIES)('H5 behind NAT, IPv%i', (family) => {
  /** Addressed to `vip`:8000, delivered to the flow's own destination and port; the source masqueraded after. */
  function translated(about: Flow, direction: 'original' | 'reply'): Packet {
    const packet = direction === 'original' ? firstPacket(about) : replyPacket(about);
    if (packet.connection === null) throw new TypeError('a flow has a connection');
    const { original, reply } = packet.connection;
    const connection: Connection = {
      direction,
      original: { ...original, destination: at('vip', family), destinationPort: 8000 },
      reply: { ...reply, destination: at('nodeA', family), destinationPort: 61000 },
    };
    return { ...packet, connection };
  }

  const EGRESS = rulesetOf(
    world(
      policy('web', {
        podSelector: WEB,
        policyTypes: ['Egress'],
        egress: [{ to: [{ podSelector: API }], ports: [{ port: 8080 }] }],
      }),
    ),
  );

  test.each(['original', 'reply'] as const)(
    'egress is judged by backend and targetPort, %s direction',
    (direction) => {
      expect(verdict(EGRESS, translated(flow('web', 'api', family, 'TCP', 8080), direction))).toBe('accept');
      expect(verdict(EGRESS, translated(flow('web', 'api', family, 'TCP', 8000), direction))).toBe('drop');
      expect(verdict(EGRESS, translated(flow('web', 'db', family, 'TCP', 8080), direction))).toBe('drop');
      expect(verdict(OPEN, translated(flow('web', 'db', family, 'TCP', 8080), direction))).toBe('accept');
    },
  );

  test.each(['original', 'reply'] as const)(
    'ingress is judged by the real client, %s direction',
    (direction) => {
      expect(verdict(CLOSED, translated(flow('api', 'web', family), direction))).toBe('accept');
      expect(verdict(CLOSED, translated(flow('internet', 'web', family), direction))).toBe('drop');
    },
  );

  test.each(['original', 'reply'] as const)(
    'H4 a pod reaches itself through its own Service, %s direction',
    (direction) => {
      expect(verdict(CLOSED, translated(flow('db', 'db', family), direction))).toBe('accept');
      expect(verdict(CLOSED, translated(flow('db', 'cli', family), direction))).toBe('drop');
    },
  );
});

describe('J3', () => {
  test('a denied packet is dropped by a rule that counts it, and nothing is ever rejected', () => {
    const snapshot = snapshotOf(world(policy('p', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] })));
    const { ruleset } = compile(snapshot, { node: 'node-a', podRanges: [] });
    expect(toText(ruleset)).not.toContain('reject');
    const walkable = walkableFromRuleset(ruleset);
    for (const family of FAMILIES) {
      const {
        verdict: found,
        path,
        decided,
      } = walk([walkable], firstPacket(flow('internet', 'web', family)));
      expect(found).toBe('drop');
      expect(decided?.rule).not.toBeNull();
      expect(path.at(-1)?.counter).not.toBeNull();
    }
  });

  test('UDP and SCTP have their own protocol numbers in what is judged', () => {
    expect(PROTOCOL_NUMBERS).toEqual({ TCP: 6, UDP: 17, SCTP: 132 });
  });
});
