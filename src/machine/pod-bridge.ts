import type { Cidr } from '../model/address.ts';

/** A Linux bridge on which pods of this node hang: a fact about the node, not about the cluster. */
export interface PodBridge {
  /** `[A-Za-z0-9_.:@-]`, at most 15 characters: the only names that may stand in a rule. */
  readonly name: string;
  /** Its own prefixes and the node's pod ranges, disjoint and sorted; never link-local. */
  readonly subnets: readonly Cidr[];
  /**
   * Every port is a veth or a tunnel: nothing but pods can be meant by a frame on it. False with an uplink
   * among the ports (then frames to anybody leave by it), and when that cannot be seen.
   */
  readonly closed: boolean;
}
