import type { JsonObject } from '../apiserver/json.ts';
import type { NodePlan } from '../network/plan.ts';

/** The Node that stands for a lab node, ready from the start. */
export function nodeObject(node: NodePlan, now: string): JsonObject {
  const capacity = { cpu: '1', memory: '1Gi', pods: '253' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      labels: {
        'kubernetes.io/hostname': node.name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': process.arch === 'x64' ? 'amd64' : process.arch,
      },
    },
    spec: { podCIDR: node.podCidrs[0], podCIDRs: node.podCidrs },
    status: {
      capacity,
      allocatable: capacity,
      addresses: [
        ...node.addresses.map((address) => ({ type: 'InternalIP', address })),
        { type: 'Hostname', address: node.name },
      ],
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'LabNode',
          message: 'a network namespace of the lab',
          lastHeartbeatTime: now,
          lastTransitionTime: now,
        },
      ],
      nodeInfo: {
        kubeletVersion: 'policyd-lab',
        kubeProxyVersion: '',
        containerRuntimeVersion: 'netns://lab',
        osImage: 'policyd lab',
        operatingSystem: 'linux',
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
        kernelVersion: '',
        machineID: '',
        systemUUID: '',
        bootID: '',
      },
    },
  };
}
