import { familyOfHost, hostPrefix, type LabFamily } from './plan.ts';
import type { PodVeth, VethEnds } from './veth-ends.ts';

/** The pods' next hop, the same on every veth, as Calico does it: it is never seen beyond the veth. */
const NEXT_HOP: Readonly<Record<LabFamily, string>> = { 4: '169.254.1.1', 6: 'fe80::1' };
const NEXT_HOP_MAC = 'ee:ee:ee:ee:ee:ee';

/**
 * Host routes and no bridge. Both ends know each other's MAC beforehand: a lab of hundreds of pods would
 * otherwise fill the machine-wide neighbour table, whose limits no namespace can raise.
 */
export function routedVeth({ device, mac, addresses }: PodVeth): VethEnds {
  const six = addresses.some((address) => familyOfHost(address) === 6);
  return {
    nodeEnd: [`address ${NEXT_HOP_MAC}`],
    onNode: [
      ...(six ? [`link set ${device} addrgenmode none`] : []),
      `link set ${device} up`,
      ...(six ? [`addr add ${NEXT_HOP[6]}/64 dev ${device} nodad`] : []),
      ...addresses.flatMap((address) => [
        `route add ${hostPrefix(address)} dev ${device}`,
        `neigh replace ${address} lladdr ${mac} dev ${device} nud permanent`,
      ]),
    ],
    inPod: addresses.flatMap((address) => {
      const family = familyOfHost(address);
      const gateway = NEXT_HOP[family];
      return [
        `addr add ${hostPrefix(address)} dev eth0${family === 6 ? ' nodad' : ''}`,
        `neigh replace ${gateway} lladdr ${NEXT_HOP_MAC} dev eth0 nud permanent`,
        ...(family === 4 ? [`route add ${gateway} dev eth0 scope link`] : []),
        `route add default via ${gateway} dev eth0`,
      ];
    }),
  };
}
