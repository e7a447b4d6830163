/**
 * Why a rule of ours drops a packet: the comment of the rule in the kernel, and what explanations call it.
 * Append-only; docs/reasons.md has the same list for readers.
 */
export type DropReason =
  | 'no-rule-admits'
  | 'isolated'
  | 'quarantine'
  | 'nobody'
  | 'not-its-flow'
  | 'not-an-error'
  | 'not-a-router'
  | 'not-only-neighbours'
  | 'to-everybody'
  | 'to-the-link'
  | 'from-the-link'
  | 'to-nobody'
  | 'from-nobody'
  | 'not-ip-nor-arp'
  | 'more-than-arp'
  | 'refused-by-the-kernel'
  | 'not-its-address'
  | 'link-local-source'
  | 'to-loopback'
  | 'from-outside'
  | 'tunnel'
  | 'never-reached';

export const DROP_REASONS: Readonly<Record<DropReason, string>> = {
  'no-rule-admits': 'the pod is isolated, and no rule of its policies admits the connection',
  isolated: 'an isolated pod, and a packet that belongs to no connection that could be judged',
  quarantine: 'an address of this node that no known pod owns, while an isolated pod waits for its own',
  nobody: 'an ICMP error from an address of this node that no known pod owns',
  'not-its-flow': 'an ICMP error from a pod about a connection that is not its own',
  'not-an-error': 'an ICMP message of a connection that reports no error',
  'not-a-router': 'a redirect or router advertisement from a pod',
  'not-only-neighbours': 'neighbour discovery or group membership that carries data or comes from afar',
  'to-everybody': 'a frame to everybody on a bridge on which somebody is isolated',
  'to-the-link': 'a packet to an address that means the link, on a bridge on which somebody is isolated',
  'from-the-link': 'a packet from an address that means the link, on a bridge on which somebody is isolated',
  'to-nobody': 'a packet to an address that no pod of the bridge owns',
  'from-nobody': 'a packet from an address that no pod of the bridge owns',
  'not-ip-nor-arp': 'a frame of another protocol than IP and ARP, on which no policy can be judged',
  'more-than-arp': 'an ARP frame that is long enough to carry data',
  'refused-by-the-kernel': 'the kernel refused the rules of the pod, which is closed instead',
  'not-its-address': 'a packet from a pod whose source is not routed to that pod',
  'link-local-source': 'a packet from a link-local or no address that leaves the link',
  'to-loopback': 'a packet from a pod to a loopback address',
  'from-outside': 'a packet from outside of the node with a source of its pods',
  tunnel: 'an encapsulated packet from a pod',
  'never-reached': 'the end of the hook, behind verdicts that leave nothing over',
};
