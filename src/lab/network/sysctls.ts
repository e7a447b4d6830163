import type { LabFamily } from './plan.ts';
import type { Sysctl } from './script.ts';

/**
 * A new network namespace inherits the machine's defaults (rp_filter and others), so what the lab depends
 * on is set in each. ICMP errors are not rate-limited: a probe reads "refused" from them.
 */
export function hostSysctls(families: readonly LabFamily[]): readonly Sysctl[] {
  const six = families.includes(6);
  return [
    { path: 'net/ipv4/icmp_ratemask', value: '0' },
    { path: 'net/ipv4/conf/all/rp_filter', value: '0' },
    { path: 'net/ipv4/conf/default/rp_filter', value: '0' },
    { path: 'net/ipv6/conf/all/disable_ipv6', value: six ? '0' : '1', optional: !six },
    { path: 'net/ipv6/conf/default/disable_ipv6', value: six ? '0' : '1', optional: !six },
    { path: 'net/ipv6/conf/all/accept_dad', value: '0', optional: !six },
    { path: 'net/ipv6/conf/default/accept_dad', value: '0', optional: !six },
    { path: 'net/ipv6/conf/default/accept_ra', value: '0', optional: !six },
    // Only packet-too-big, which the kernel never limits anyhow: no other type is.
    { path: 'net/ipv6/icmp/ratemask', value: '2', optional: true },
  ];
}

/** Those of hosts, and what a host needs to pass packets on: for nodes and the root. */
export function routerSysctls(families: readonly LabFamily[]): readonly Sysctl[] {
  return [
    // First: switching forwarding on resets others of the same interface.
    { path: 'net/ipv4/ip_forward', value: '1' },
    ...(families.includes(6) ? [{ path: 'net/ipv6/conf/all/forwarding', value: '1' }] : []),
    { path: 'net/ipv4/conf/all/send_redirects', value: '0' },
    { path: 'net/ipv4/conf/default/send_redirects', value: '0' },
    ...hostSysctls(families),
  ];
}
