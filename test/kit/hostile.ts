/** Small objects that ask for a lot: each is what one `create networkpolicies` may store. */

type Spec = Readonly<Record<string, unknown>>;

const indexes = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** Egress to each of so many peers at each of so many named ports. */
export function portsTimesPeers(ports: number, peers: number, salt = ''): Spec {
  return egress({
    to: indexes(peers).map((index) => ({ podSelector: { matchLabels: { app: `peer${salt}-${index}` } } })),
    ports: indexes(ports).map((index) => ({ port: `p${index}`, protocol: index % 2 === 0 ? 'TCP' : 'UDP' })),
  });
}

export function manyPeers(count: number, salt = ''): Spec {
  return egress({
    to: indexes(count).map((index) => ({ podSelector: { matchLabels: { app: `peer${salt}-${index}` } } })),
    ports: [{ port: 80 }],
  });
}

/** The whole of IPv6 without so many single addresses. */
export function everythingExcept(count: number, salt = 0): Spec {
  return egress({
    to: [
      {
        ipBlock: {
          cidr: '::/0',
          except: indexes(count).map(
            (index) =>
              `2001:db8:${(salt + 1).toString(16)}:${(index * 7).toString(16)}::${(index + 1).toString(16)}/128`,
          ),
        },
      },
    ],
    ports: [{ port: 443 }],
  });
}

/** Blocks of every length from 8 to 126 bits, each without two addresses. */
export function everyLength(): Spec {
  return egress({
    to: indexes(119).map((index) => {
      const [net, length] = [`${(index + 1).toString(16)}00::`, index + 8];
      const far = length <= 100 ? `${net}100:1` : `${net}2`;
      return { ipBlock: { cidr: `${net}/${length}`, except: [`${net}1/128`, `${far}/128`] } };
    }),
    ports: [{ port: 443 }, { port: 443, protocol: 'UDP' }, { port: 443, protocol: 'SCTP' }],
  });
}

function egress(rule: Spec): Spec {
  return { podSelector: {}, policyTypes: ['Egress'], egress: [rule] };
}
