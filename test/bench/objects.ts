/** The cluster as an API server would return it: with all that policyd does not need, since it must read it. */
import { type Cluster, nodeName, type PodPlace, podRanges, type Team } from './workloads.ts';

export type Raw = Readonly<Record<string, unknown>> & {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly [field: string]: unknown;
  };
};

export function podName({ workload, index }: PodPlace): string {
  return `${workload.name}-7c9f6d5b8-${index.toString(36)}`;
}

export function podLabels({ workload }: PodPlace): Readonly<Record<string, string>> {
  return {
    app: workload.name,
    tier: workload.tier,
    'app.kubernetes.io/name': workload.name,
    'app.kubernetes.io/managed-by': 'helm',
    'pod-template-hash': '7c9f6d5b8',
    ...(workload.tier === 'dns' ? { 'k8s-app': 'kube-dns' } : {}),
  };
}

export function rawPod(place: PodPlace, labels: Readonly<Record<string, string>> = podLabels(place)): Raw {
  const { workload, node, addresses, index } = place;
  const owner = `${workload.name}-7c9f6d5b8`;
  const started = '2026-02-03T04:05:06Z';
  return {
    metadata: {
      namespace: workload.namespace,
      name: podName(place),
      generateName: `${owner}-`,
      uid: `0a1b2c3d-4e5f-4a6b-8c7d-${index.toString(16).padStart(12, '0')}`,
      resourceVersion: String(100000 + index),
      creationTimestamp: started,
      labels,
      annotations: {
        'checksum/config': '8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4',
        'prometheus.io/scrape': 'true',
        'cni.example.io/podIPs': addresses.join(','),
      },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: 'b1', controller: true },
      ],
      managedFields: ['kube-controller-manager', 'kubelet'].map((manager) => ({
        manager,
        operation: 'Update',
        apiVersion: 'v1',
        time: started,
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': {
            'f:labels': Object.fromEntries(Object.keys(labels).map((key) => [`f:${key}`, {}])),
          },
          'f:spec': {
            'f:containers': { 'k:{"name":"main"}': { '.': {}, 'f:image': {}, 'f:ports': { '.': {} } } },
          },
          'f:status': {
            'f:conditions': { 'k:{"type":"Ready"}': { '.': {}, 'f:status': {} } },
            'f:podIPs': {},
          },
        },
      })),
    },
    spec: {
      nodeName: node,
      serviceAccountName: workload.name,
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      containers: [
        {
          name: 'main',
          image: `registry.example.com/${workload.namespace}/${workload.name}:v1.2.3`,
          imagePullPolicy: 'IfNotPresent',
          env: ['LOG_LEVEL', 'POD_NAME', 'POD_NAMESPACE', 'DATABASE_URL', 'CACHE_URL', 'OTEL_ENDPOINT'].map(
            (name) => ({
              name,
              value: `${name.toLowerCase()}-of-${workload.name}.${workload.namespace}.svc.cluster.local`,
            }),
          ),
          ports: workload.ports.map(({ name, number, protocol }) => ({
            name,
            containerPort: number,
            protocol,
          })),
          resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } },
          readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10 },
          livenessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10 },
          volumeMounts: [
            { name: 'kube-api-access', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
          ],
        },
      ],
      tolerations: ['not-ready', 'unreachable'].map((key) => ({
        key: `node.kubernetes.io/${key}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      })),
      volumes: [
        { name: 'kube-api-access', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
      ],
    },
    status: {
      phase: 'Running',
      hostIP: '172.18.0.2',
      podIP: addresses[0],
      podIPs: addresses.map((ip) => ({ ip })),
      startTime: started,
      qosClass: 'Burstable',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
        type,
        status: 'True',
        lastTransitionTime: started,
      })),
      containerStatuses: [
        {
          name: 'main',
          ready: true,
          started: true,
          restartCount: 0,
          image: `registry.example.com/${workload.namespace}/${workload.name}:v1.2.3`,
          imageID:
            'registry.example.com/main@sha256:8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4',
          containerID: `containerd://${index.toString(16).padStart(64, '0')}`,
          state: { running: { startedAt: started } },
        },
      ],
    },
  };
}

export function rawNamespace({ namespace, team, environment }: Team): Raw {
  return {
    metadata: {
      name: namespace,
      uid: `ns-${namespace}`,
      resourceVersion: '1000',
      labels: { 'kubernetes.io/metadata.name': namespace, team, environment },
    },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}

export function rawNodes({ nodes }: Cluster): readonly Raw[] {
  return Array.from({ length: nodes }, (_, index) => ({
    metadata: {
      name: nodeName(index),
      resourceVersion: '1000',
      labels: { 'kubernetes.io/hostname': nodeName(index) },
    },
    spec: { podCIDRs: podRanges(index) },
    status: {
      addresses: [
        { type: 'InternalIP', address: `172.${18 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}` },
      ],
    },
  }));
}
