/**
 * How the pods of a node are connected. routed: a veth and a host route for each, as Calico does it.
 * bridge: all on one Linux bridge, as flannel and the bridge plugin do it, with real ARP and neighbour
 * discovery between them. Between nodes there are plain routes in both.
 */
export const TOPOLOGIES = ['routed', 'bridge'] as const;
export type Topology = (typeof TOPOLOGIES)[number];
