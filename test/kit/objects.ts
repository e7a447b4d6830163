/** Builders of raw Kubernetes objects for the tests, as an API server would return them. */

export type Raw = Readonly<Record<string, unknown>>;

export interface PodSpec {
  readonly namespace: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly node: string;
  readonly addresses: readonly string[];
  readonly phase?: string;
  readonly deleting?: boolean;
  readonly hostNetwork?: boolean;
  readonly ports?: readonly {
    readonly name?: string;
    readonly containerPort: number;
    readonly protocol?: string;
  }[];
  readonly sidecarPorts?: readonly {
    readonly name?: string;
    readonly containerPort: number;
    readonly protocol?: string;
  }[];
}

export function namespace(name: string, labels: Readonly<Record<string, string>> = {}): Raw {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } },
  };
}

export function pod(spec: PodSpec): Raw {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: spec.namespace,
      name: spec.name,
      uid: `uid-${spec.namespace}-${spec.name}`,
      labels: spec.labels ?? {},
      ...(spec.deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: {
      nodeName: spec.node,
      hostNetwork: spec.hostNetwork ?? false,
      containers: [{ name: 'main', image: 'lab', ports: spec.ports ?? [] }],
      initContainers: spec.sidecarPorts
        ? [
            { name: 'sidecar', image: 'lab', restartPolicy: 'Always', ports: spec.sidecarPorts },
            { name: 'setup', image: 'lab', ports: [{ name: 'http', containerPort: 9999, protocol: 'TCP' }] },
          ]
        : [],
    },
    status: {
      phase: spec.phase ?? 'Running',
      podIPs: spec.addresses.map((ip) => ({ ip })),
      ...(spec.addresses[0] === undefined ? {} : { podIP: spec.addresses[0] }),
    },
  };
}

export function node(name: string, addresses: readonly string[], podCIDRs: readonly string[]): Raw {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: {} },
    spec: { podCIDRs },
    status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
  };
}

export function networkPolicy(ns: string, name: string, spec: unknown): Raw {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace: ns, name },
    spec,
  };
}
