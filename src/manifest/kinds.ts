import { KINDS, RESOURCES } from '../kinds/kinds.ts';
import { printable, quoted } from '../model/printable.ts';
import { didYouMean, nearNames } from './near.ts';

/** The kinds that policyd reads, and those of built-in API groups that ordinary manifests hold, with the apiVersions in use. */
interface Kind {
  readonly name: string;
  readonly apiVersions: readonly string[];
  readonly namespaced: boolean;
}

function kinds(apiVersions: readonly string[], namespaced: boolean, names: readonly string[]): Kind[] {
  return names.map((name) => ({ name, apiVersions, namespaced }));
}

const KNOWN: ReadonlyMap<string, Kind> = new Map(
  [
    ...RESOURCES.flatMap((resource) => {
      const { kind, apiVersion, namespaced } = KINDS[resource];
      return kinds([apiVersion], namespaced, [kind]);
    }),
    ...kinds(['networking.k8s.io/v1'], true, ['Ingress']),
    ...kinds(['networking.k8s.io/v1'], false, ['IngressClass']),
    ...kinds(['v1'], false, ['PersistentVolume']),
    ...kinds(['v1'], true, [
      'ConfigMap',
      'Secret',
      'ServiceAccount',
      'Endpoints',
      'PersistentVolumeClaim',
      'ReplicationController',
      'ResourceQuota',
      'LimitRange',
      'Event',
      'PodTemplate',
    ]),
    ...kinds(['apps/v1'], true, [
      'Deployment',
      'StatefulSet',
      'DaemonSet',
      'ReplicaSet',
      'ControllerRevision',
    ]),
    ...kinds(['batch/v1'], true, ['Job', 'CronJob']),
    ...kinds(['rbac.authorization.k8s.io/v1'], true, ['Role', 'RoleBinding']),
    ...kinds(['rbac.authorization.k8s.io/v1'], false, ['ClusterRole', 'ClusterRoleBinding']),
    ...kinds(['apiextensions.k8s.io/v1'], false, ['CustomResourceDefinition']),
    ...kinds(['autoscaling/v2', 'autoscaling/v1'], true, ['HorizontalPodAutoscaler']),
    ...kinds(['policy/v1'], true, ['PodDisruptionBudget']),
    ...kinds(['discovery.k8s.io/v1'], true, ['EndpointSlice']),
    ...kinds(['coordination.k8s.io/v1'], true, ['Lease']),
    ...kinds(['storage.k8s.io/v1'], false, ['StorageClass']),
    ...kinds(['scheduling.k8s.io/v1'], false, ['PriorityClass']),
    ...kinds(['admissionregistration.k8s.io/v1'], false, [
      'ValidatingWebhookConfiguration',
      'MutatingWebhookConfiguration',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
    ]),
  ].map((kind) => [kind.name, kind]),
);

/** Groups whose kinds Kubernetes itself defines: an unknown kind there is a mistake, elsewhere a custom one. */
const BUILT_IN_GROUPS: ReadonlySet<string> = new Set([
  '',
  'apps',
  'batch',
  'autoscaling',
  'policy',
  'networking.k8s.io',
]);

/** A kind that nobody here knows counts as namespaced, as most custom resources are. */
export function isNamespaced(kind: string): boolean {
  return KNOWN.get(kind)?.namespaced ?? true;
}

export interface KindProblem {
  readonly field: 'apiVersion' | 'kind';
  readonly message: string;
  readonly hint: string | null;
}

/** Null when the pair is one Kubernetes has, or a custom resource that nobody here can judge. */
export function checkKind(apiVersion: string, kind: string): KindProblem | null {
  const known = KNOWN.get(kind);
  const slash = apiVersion.indexOf('/');
  const group = slash === -1 ? '' : apiVersion.slice(0, slash);
  if (known !== undefined) {
    if (known.apiVersions.includes(apiVersion)) return null;
    if (!BUILT_IN_GROUPS.has(group) && !isRetired(apiVersion)) return null;
    const wanted = known.apiVersions.join(' or ');
    return {
      field: 'apiVersion',
      message: `apiVersion: got ${quoted(apiVersion)}, but ${kind} is served as ${wanted}`,
      hint: `write apiVersion: ${known.apiVersions[0] ?? ''}`,
    };
  }
  const near = nearNames(kind, KNOWN.keys());
  if (!BUILT_IN_GROUPS.has(group) && near.length === 0) return null;
  return {
    field: 'kind',
    message: `kind: got ${quoted(kind)}, and ${printable(apiVersion)} has no such kind`,
    hint: didYouMean(near),
  };
}

/** Groups that no longer exist, still met in old files. */
function isRetired(apiVersion: string): boolean {
  return apiVersion.startsWith('extensions/');
}
