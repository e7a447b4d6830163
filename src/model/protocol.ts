/** The protocols NetworkPolicy can name (networking.k8s.io/v1, NetworkPolicyPort.protocol). */
export type Protocol = 'TCP' | 'UDP' | 'SCTP';
export const PROTOCOLS: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];

/** What a flow can be made of: a protocol with ports, or one without (an IP protocol number, ICMP is 1 or 58). */
export type Transport =
  | { readonly kind: 'ports'; readonly protocol: Protocol; readonly port: number }
  | { readonly kind: 'other'; readonly ipProtocol: number };

/** Inclusive, 1..65535. */
export interface PortRange {
  readonly protocol: Protocol;
  readonly first: number;
  readonly last: number;
}
