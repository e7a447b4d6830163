import { familyOf } from '../../model/address.ts';
import type { Pod } from '../../model/cluster.ts';
import type { Protocol } from '../../model/protocol.ts';
import { parseAddress } from '../../net/address.ts';
import { decodePod } from '../../policy/decode/pod.ts';
import { type Json, type KubeObject, listAt, numberAt, textAt } from '../apiserver/json.ts';
import { isTerminal, lastingContainers } from '../kubelet/pod-spec.ts';
import type { HostPort } from './front.ts';

const PROTOCOLS: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];

/** The hostPorts of every pod that has an address. Host-network pods have theirs without forwarding. */
export function hostPortsOf(pods: readonly KubeObject[]): readonly HostPort[] {
  return pods.flatMap((raw) => {
    const pod = decodePod(raw, 'ignore').value;
    if (pod === null || pod.hostNetwork || isTerminal(raw)) return [];
    return lastingContainers(raw)
      .flatMap((container) => listAt(container, 'ports'))
      .flatMap((port) => hostPortsOfPort(pod, port));
  });
}

function hostPortsOfPort(pod: Pod, raw: Json): readonly HostPort[] {
  const port = numberAt(raw, 'hostPort');
  const containerPort = numberAt(raw, 'containerPort');
  const protocol = PROTOCOLS.find((each) => each === (textAt(raw, 'protocol') || 'TCP'));
  const hostAddress = parseAddress(textAt(raw, 'hostIP'));
  const { node } = pod;
  if (!isPort(port) || !isPort(containerPort) || protocol === undefined || node === null) return [];
  // 0.0.0.0 and :: stand for every address of their family.
  const everywhere = hostAddress === null || hostAddress === '0.0.0.0' || hostAddress === '::';
  return pod.addresses
    .filter((address) => hostAddress === null || familyOf(address) === familyOf(hostAddress))
    .map((address) => ({
      title: `${pod.namespace}/${pod.name}:${port}`,
      node,
      family: familyOf(address),
      protocol,
      port,
      at: everywhere ? null : hostAddress,
      backend: { address, port: containerPort, node },
    }));
}

function isPort(number: number | null): number is number {
  return number !== null && Number.isInteger(number) && number >= 1 && number <= 65_535;
}
