/** A pod's veth, as far as its wiring needs to know it. */
export interface PodVeth {
  /** The name on the node; inside the pod it is eth0. */
  readonly device: string;
  /** Of eth0: locally administered, unique on the node. */
  readonly mac: string;
  readonly addresses: readonly string[];
}

/** How a topology wires a veth: lines of `ip` batches. */
export interface VethEnds {
  /** Attributes of the node's end, given when the pair is made. */
  readonly nodeEnd: readonly string[];
  readonly onNode: readonly string[];
  /** With eth0 up already. */
  readonly inPod: readonly string[];
}
