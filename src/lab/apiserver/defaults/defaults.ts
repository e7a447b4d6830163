import { withFallbacks } from '../custom/fallbacks.ts';
import { isObject, type Json, type JsonObject, type KubeObject, listAt, objectAt, textAt } from '../json.ts';
import type { Resource } from '../resources.ts';
import { admitPodSpec, defaultPodSpec } from './pod.ts';

/** The values the API server writes where the object says nothing. Applying it twice changes nothing. */
export function withDefaults(resource: Resource, object: KubeObject): KubeObject {
  if (resource.custom !== null) {
    const { apiVersion, kind, metadata } = object;
    return { ...withFallbacks(resource.custom.structural, object), apiVersion, kind, metadata };
  }
  const spec = objectAt(object, 'spec');
  switch (resource.name) {
    case 'customresourcedefinitions':
      return { ...object, spec: defaultDefinitionSpec(spec) };
    case 'pods':
      return { ...object, spec: admitPodSpec(defaultPodSpec(spec)) };
    case 'networkpolicies':
      return { ...object, spec: defaultPolicySpec(spec) };
    case 'services':
      return { ...object, spec: defaultServiceSpec(spec) };
    case 'deployments':
      return { ...object, spec: defaultDeploymentSpec(spec) };
    case 'replicasets':
      return { ...object, spec: { replicas: 1, ...spec, template: defaultTemplate(spec) } };
    case 'secrets':
      return defaultSecret(object);
    case 'nodes':
      return { ...object, spec: defaultNodeSpec(spec) };
    case 'endpoints':
      return object.subsets === undefined
        ? object
        : { ...object, subsets: listAt(object, 'subsets').map(subset) };
    case 'endpointslices':
      return {
        ...object,
        endpoints: listAt(object, 'endpoints'),
        ports: listAt(object, 'ports').map((port) =>
          isObject(port) ? { name: '', protocol: 'TCP', ...port } : port,
        ),
      };
    default:
      return object;
  }
}

function defaultDefinitionSpec(spec: JsonObject): JsonObject {
  const names = objectAt(spec, 'names');
  const kind = textAt(names, 'kind');
  return {
    ...spec,
    conversion: { strategy: 'None', ...objectAt(spec, 'conversion') },
    names: { singular: kind.toLowerCase(), listKind: `${kind}List`, ...names },
  };
}

/** Egress is isolated by default only when there is a rule for it. */
function defaultPolicySpec(spec: JsonObject): JsonObject {
  const hasEgress = listAt(spec, 'egress').length > 0;
  const types = hasEgress ? ['Ingress', 'Egress'] : ['Ingress'];
  return {
    podSelector: {},
    policyTypes: types,
    ...spec,
    ...(spec.ingress === undefined ? {} : { ingress: rules(spec.ingress) }),
    ...(spec.egress === undefined ? {} : { egress: rules(spec.egress) }),
  };
}

function rules(value: Json): Json {
  return listAt({ value }, 'value').map((rule) => {
    if (!isObject(rule) || rule.ports === undefined) return rule;
    return { ...rule, ports: listAt(rule, 'ports').map(withProtocol) };
  });
}

function withProtocol(port: Json): Json {
  return isObject(port) ? { protocol: 'TCP', ...port } : port;
}

function defaultServiceSpec(spec: JsonObject): JsonObject {
  const type = textAt(spec, 'type') || 'ClusterIP';
  const reachable = type === 'NodePort' || type === 'LoadBalancer';
  return {
    ...(reachable ? { externalTrafficPolicy: 'Cluster' } : {}),
    ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
    ...(type === 'ExternalName' ? {} : { internalTrafficPolicy: 'Cluster' }),
    sessionAffinity: 'None',
    ...spec,
    type,
    ...(spec.ports === undefined ? {} : { ports: listAt(spec, 'ports').map(servicePort) }),
  };
}

function servicePort(port: Json): Json {
  return isObject(port) ? { protocol: 'TCP', targetPort: port.port, ...port } : port;
}

function defaultTemplate(spec: JsonObject): JsonObject {
  const template = objectAt(spec, 'template');
  const metadata = { creationTimestamp: null, ...objectAt(template, 'metadata') };
  return { ...template, metadata, spec: defaultPodSpec(objectAt(template, 'spec')) };
}

function defaultDeploymentSpec(spec: JsonObject): JsonObject {
  const type = textAt(spec, 'strategy', 'type') || 'RollingUpdate';
  const rolling = { maxUnavailable: '25%', maxSurge: '25%', ...objectAt(spec, 'strategy', 'rollingUpdate') };
  return {
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    ...spec,
    template: defaultTemplate(spec),
    strategy: type === 'RollingUpdate' ? { type, rollingUpdate: rolling } : { type },
  };
}

/** `stringData` is only a way to write: it becomes `data`. */
function defaultSecret(object: KubeObject): KubeObject {
  const { stringData, ...kept } = object;
  const given = Object.entries(objectAt({ stringData }, 'stringData')).map(([key, value]): [string, Json] => [
    key,
    Buffer.from(typeof value === 'string' ? value : '').toString('base64'),
  ]);
  const data = { ...objectAt(object, 'data'), ...Object.fromEntries(given) };
  const filled = Object.keys(data).length === 0 ? {} : { data };
  return {
    ...kept,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: object.metadata,
    type: textAt(object, 'type') || 'Opaque',
    ...filled,
  };
}

function defaultNodeSpec(spec: JsonObject): JsonObject {
  const first = textAt(spec, 'podCIDR');
  const [listed] = listAt(spec, 'podCIDRs');
  if (first !== '' && listed === undefined) return { ...spec, podCIDRs: [first] };
  return first === '' && listed !== undefined ? { ...spec, podCIDR: listed } : spec;
}

function subset(value: Json): Json {
  if (!isObject(value) || value.ports === undefined) return value;
  return { ...value, ports: listAt(value, 'ports').map(withProtocol) };
}
