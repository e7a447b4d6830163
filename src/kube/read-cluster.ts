/** Lists once what policyctl looks at, without watching. What may not be read is reported, not fatal. */
import { Failure } from '../model/failure.ts';
import { ApiError } from './api-error.ts';
import { type KubeconfigOptions, loadKubeconfig } from './kubeconfig.ts';
import { listPages } from './list.ts';
import { createTransport, type Transport } from './transport.ts';

export type ClusterKind = 'Pod' | 'Namespace' | 'Node' | 'NetworkPolicy' | 'Service';

export interface MissingKind {
  readonly kind: ClusterKind;
  /** `403 pods is forbidden: ...` */
  readonly message: string;
}

export interface ClusterObjects {
  /** The API server's address. */
  readonly server: string;
  /** Raw, as the API server sent them, with apiVersion and kind filled in. */
  readonly objects: Readonly<Record<ClusterKind, readonly unknown[]>>;
  /** Kinds that could not be listed; what depends on them is unknown. */
  readonly missing: readonly MissingKind[];
}

export interface ReadClusterOptions extends KubeconfigOptions {
  readonly userAgent?: string;
  /** For the whole reading; 30 s without it. */
  readonly timeoutMs?: number;
}

const PATHS: Readonly<Record<ClusterKind, string>> = {
  Pod: '/api/v1/pods',
  Namespace: '/api/v1/namespaces',
  Node: '/api/v1/nodes',
  NetworkPolicy: '/apis/networking.k8s.io/v1/networkpolicies',
  Service: '/api/v1/services',
};

export async function readCluster(options: ReadClusterOptions): Promise<ClusterObjects> {
  const config = loadKubeconfig(options);
  const server = config.getCurrentCluster()?.server ?? '';
  const transport = createTransport(config, options.userAgent ?? 'policyctl');
  const timeoutMs = options.timeoutMs ?? 30_000;
  const signal = AbortSignal.timeout(timeoutMs);
  const missing: MissingKind[] = [];
  const read = async (kind: ClusterKind): Promise<readonly unknown[]> => {
    try {
      return await listAll(transport, PATHS[kind], signal);
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 403 && error.status !== 404)) {
        throw unreachable(server, error, signal.aborted ? timeoutMs : null);
      }
      missing.push({ kind, message: error.message });
      return [];
    }
  };
  const [pods, namespaces, nodes, policies, services] = await Promise.all([
    read('Pod'),
    read('Namespace'),
    read('Node'),
    read('NetworkPolicy'),
    read('Service'),
  ]);
  missing.sort((a, b) => (a.kind < b.kind ? -1 : 1));
  return {
    server,
    objects: { Pod: pods, Namespace: namespaces, Node: nodes, NetworkPolicy: policies, Service: services },
    missing,
  };
}

async function listAll(transport: Transport, path: string, signal: AbortSignal): Promise<readonly unknown[]> {
  let items: unknown[] = [];
  for await (const page of listPages(transport, path, signal)) {
    if ('restart' in page) items = [];
    else for (const item of page.items) items.push(item);
  }
  return items;
}

function unreachable(server: string, error: unknown, timeoutMs: number | null): Failure {
  if (error instanceof ApiError && error.status === 401) {
    return new Failure('CLUSTER_FORBIDDEN', `${server} does not accept the credentials: ${error.message}`, {
      hint: 'check the user of the current context in the kubeconfig',
      cause: error,
    });
  }
  const why =
    timeoutMs === null
      ? error instanceof Error && error.message !== ''
        ? error.message
        : String(error)
      : `no complete answer within ${timeoutMs / 1000} s`;
  return new Failure('CLUSTER_UNREACHABLE', `cannot read the cluster at ${server}: ${why}`, {
    hint: 'check the server of the current context in the kubeconfig, and that it is up',
    cause: error,
  });
}
