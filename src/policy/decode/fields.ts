/** Which fields a kind has, so that an unknown one in a file is an error and not silently nothing. */
import type { Path } from '../../model/labels.ts';
import { isObject, type Problems } from './decoded.ts';

/** `any`: not looked into. An object: its fields. A list: the shape of its items. */
export type Shape = 'any' | { readonly [field: string]: Shape } | readonly [Shape];

function fields(...names: readonly string[]): { readonly [field: string]: Shape } {
  return Object.fromEntries(names.map((name): [string, Shape] => [name, 'any']));
}

const METADATA: Shape = fields(
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
);
const OBJECT = { apiVersion: 'any', kind: 'any', metadata: METADATA } as const;

const LABEL_SELECTOR: Shape = { matchLabels: 'any', matchExpressions: [fields('key', 'operator', 'values')] };
const PEER: Shape = {
  podSelector: LABEL_SELECTOR,
  namespaceSelector: LABEL_SELECTOR,
  ipBlock: fields('cidr', 'except'),
};
const POLICY_PORT: Shape = fields('protocol', 'port', 'endPort');

export const NETWORK_POLICY: Shape = {
  ...OBJECT,
  spec: {
    podSelector: LABEL_SELECTOR,
    policyTypes: 'any',
    ingress: [{ from: [PEER], ports: [POLICY_PORT] }],
    egress: [{ to: [PEER], ports: [POLICY_PORT] }],
  },
  status: 'any',
};

export const NAMESPACE: Shape = { ...OBJECT, spec: fields('finalizers'), status: 'any' };

const CONTAINER: Shape = {
  ...fields(
    'name',
    'image',
    'command',
    'args',
    'workingDir',
    'envFrom',
    'env',
    'resources',
    'resizePolicy',
    'restartPolicy',
    'restartPolicyRules',
    'volumeMounts',
    'volumeDevices',
    'livenessProbe',
    'readinessProbe',
    'startupProbe',
    'lifecycle',
    'terminationMessagePath',
    'terminationMessagePolicy',
    'imagePullPolicy',
    'securityContext',
    'stdin',
    'stdinOnce',
    'tty',
  ),
  ports: [fields('name', 'hostPort', 'containerPort', 'protocol', 'hostIP')],
};

export const POD_SPEC: Shape = {
  ...fields(
    'volumes',
    'ephemeralContainers',
    'restartPolicy',
    'terminationGracePeriodSeconds',
    'activeDeadlineSeconds',
    'dnsPolicy',
    'nodeSelector',
    'serviceAccountName',
    'serviceAccount',
    'automountServiceAccountToken',
    'nodeName',
    'hostNetwork',
    'hostPID',
    'hostIPC',
    'hostUsers',
    'shareProcessNamespace',
    'securityContext',
    'imagePullSecrets',
    'hostname',
    'hostnameOverride',
    'subdomain',
    'affinity',
    'schedulerName',
    'tolerations',
    'hostAliases',
    'priorityClassName',
    'priority',
    'dnsConfig',
    'readinessGates',
    'runtimeClassName',
    'enableServiceLinks',
    'preemptionPolicy',
    'overhead',
    'topologySpreadConstraints',
    'setHostnameAsFQDN',
    'os',
    'schedulingGates',
    'resourceClaims',
    'resources',
    'workloadRef',
  ),
  containers: [CONTAINER],
  initContainers: [CONTAINER],
};

export const POD: Shape = { ...OBJECT, spec: POD_SPEC, status: 'any' };

export const SERVICE: Shape = {
  ...OBJECT,
  spec: {
    ...fields(
      'selector',
      'clusterIP',
      'clusterIPs',
      'type',
      'externalIPs',
      'sessionAffinity',
      'loadBalancerIP',
      'loadBalancerSourceRanges',
      'externalName',
      'externalTrafficPolicy',
      'healthCheckNodePort',
      'publishNotReadyAddresses',
      'sessionAffinityConfig',
      'ipFamilies',
      'ipFamilyPolicy',
      'allocateLoadBalancerNodePorts',
      'loadBalancerClass',
      'internalTrafficPolicy',
      'trafficDistribution',
    ),
    ports: [fields('name', 'protocol', 'appProtocol', 'port', 'targetPort', 'nodePort')],
  },
  status: 'any',
};

export const NODE: Shape = { ...OBJECT, spec: 'any', status: 'any' };

/** Reports each field the shape does not have. Wrong types are the readers' business. */
export function findUnknownFields(value: unknown, shape: Shape, path: Path, problems: Problems): void {
  if (shape === 'any') return;
  if (isItems(shape)) {
    if (!Array.isArray(value)) return;
    for (const [index, item] of value.entries())
      findUnknownFields(item, shape[0], [...path, index], problems);
    return;
  }
  if (!isObject(value)) return;
  for (const [field, inner] of Object.entries(value)) {
    const known = Object.hasOwn(shape, field) ? shape[field] : undefined;
    if (known === undefined) problems.add('unknown field', [...path, field], inner, '');
    else findUnknownFields(inner, known, [...path, field], problems);
  }
}

function isItems(shape: Exclude<Shape, 'any'>): shape is readonly [Shape] {
  return Array.isArray(shape);
}
