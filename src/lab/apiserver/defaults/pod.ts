import { isObject, type Json, type JsonObject, listAt, objectAt, textAt } from '../json.ts';

/** Defaults of a pod's specification, also inside the templates of Deployments and ReplicaSets. */
export function defaultPodSpec(spec: JsonObject): JsonObject {
  const hostNetwork = spec.hostNetwork === true;
  const initContainers = containers(listAt(spec, 'initContainers'), hostNetwork);
  return {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    ...spec,
    containers: containers(listAt(spec, 'containers'), hostNetwork),
    ...(initContainers.length === 0 ? {} : { initContainers }),
    ...(spec.volumes === undefined ? {} : { volumes: listAt(spec, 'volumes').map(volume) }),
  };
}

/** What admission adds to a pod itself, but not to a template. */
export function admitPodSpec(spec: JsonObject): JsonObject {
  const account = textAt(spec, 'serviceAccountName') || 'default';
  return {
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
    priority: 0,
    ...spec,
    serviceAccountName: account,
    serviceAccount: account,
    tolerations: [...listAt(spec, 'tolerations'), ...missingTolerations(spec)],
  };
}

function missingTolerations(spec: JsonObject): readonly JsonObject[] {
  return ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
    .filter((key) => {
      const tolerates = (item: Json): boolean => {
        const effect = textAt(item, 'effect');
        const named = textAt(item, 'key');
        return (named === key || named === '') && (effect === 'NoExecute' || effect === '');
      };
      return !listAt(spec, 'tolerations').some(tolerates);
    })
    .map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }));
}

function containers(list: readonly Json[], hostNetwork: boolean): readonly Json[] {
  return list.map((item) => (isObject(item) ? container(item, hostNetwork) : item));
}

function container(given: JsonObject, hostNetwork: boolean): JsonObject {
  const image = textAt(given, 'image');
  const probes = Object.fromEntries(
    ['livenessProbe', 'readinessProbe', 'startupProbe']
      .filter((name) => isObject(given[name]))
      .map((name) => [name, probe(objectAt(given, name))]),
  );
  return {
    imagePullPolicy: isLatest(image) ? 'Always' : 'IfNotPresent',
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    ...given,
    ...probes,
    ...(given.ports === undefined
      ? {}
      : { ports: listAt(given, 'ports').map((port) => containerPort(port, hostNetwork)) }),
    ...(given.env === undefined ? {} : { env: listAt(given, 'env').map(variable) }),
  };
}

function isLatest(image: string): boolean {
  if (image.includes('@')) return false;
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest';
}

function containerPort(port: Json, hostNetwork: boolean): Json {
  if (!isObject(port)) return port;
  const host = hostNetwork && port.hostPort === undefined ? { hostPort: port.containerPort } : {};
  return { protocol: 'TCP', ...port, ...host };
}

function variable(given: Json): Json {
  const reference = objectAt(given, 'valueFrom', 'fieldRef');
  if (!isObject(given) || reference.fieldPath === undefined) return given;
  return {
    ...given,
    valueFrom: { ...objectAt(given, 'valueFrom'), fieldRef: { apiVersion: 'v1', ...reference } },
  };
}

function probe(given: JsonObject): JsonObject {
  const http = given.httpGet;
  return {
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
    ...given,
    ...(isObject(http) ? { httpGet: { path: '/', scheme: 'HTTP', ...http } } : {}),
  };
}

function volume(given: Json): Json {
  if (!isObject(given)) return given;
  if (Object.keys(given).every((key) => key === 'name')) return { ...given, emptyDir: {} };
  const modes = Object.fromEntries(
    ['configMap', 'secret', 'downwardAPI', 'projected']
      .filter((source) => isObject(given[source]))
      .map((source) => [source, { defaultMode: 420, ...objectAt(given, source) }]),
  );
  return { ...given, ...modes };
}

/** Guaranteed, Burstable or BestEffort, by the requests and limits of all containers. */
export function qosClass(spec: JsonObject): string {
  const all = [...listAt(spec, 'containers'), ...listAt(spec, 'initContainers')];
  const used = all.map((item) => ({
    requests: objectAt(item, 'resources', 'requests'),
    limits: objectAt(item, 'resources', 'limits'),
  }));
  const names = ['cpu', 'memory'];
  if (used.every(({ requests, limits }) => names.every((name) => !(requests[name] ?? limits[name]))))
    return 'BestEffort';
  const fixed = used.every(({ requests, limits }) =>
    names.every((name) => limits[name] !== undefined && (requests[name] ?? limits[name]) === limits[name]),
  );
  return fixed ? 'Guaranteed' : 'Burstable';
}
