/** Lists once what policyctl looks at, without watching. What may not be read is reported, not fatal. */
import { KINDS, pathOf, RESOURCES, type Resource } from '../kinds/kinds.ts';
import { Failure } from '../model/failure.ts';
import { ApiError } from './api-error.ts';
import { type KubeconfigOptions, loadKubeconfig } from './kubeconfig.ts';
import { listPages } from './list.ts';
import { createTransport, type Transport } from './transport.ts';

export interface MissingKind {
  readonly resource: Resource;
  /** `NetworkPolicy` */
  readonly kind: string;
  /** `403 pods is forbidden: ...` */
  readonly message: string;
}

export interface ClusterObjects {
  /** The API server's address. */
  readonly server: string;
  /** Raw, as the API server sent them, with apiVersion and kind filled in. */
  readonly objects: Readonly<Record<Resource, readonly unknown[]>>;
  /** Kinds that could not be listed; what depends on them is unknown. */
  readonly missing: readonly MissingKind[];
}

export interface ReadClusterOptions extends KubeconfigOptions {
  readonly userAgent?: string;
  /** For the whole reading; 30 s without it. */
  readonly timeoutMs?: number;
}

/** Throws a Failure when the API server cannot be asked: CLUSTER_FORBIDDEN (401), CLUSTER_UNREACHABLE, or of the kubeconfig. */
export async function readCluster(options: ReadClusterOptions): Promise<ClusterObjects> {
  const config = loadKubeconfig(options);
  const server = config.getCurrentCluster()?.server ?? '';
  const transport = createTransport(config, options.userAgent ?? 'policyctl');
  const timeoutMs = options.timeoutMs ?? 30_000;
  const signal = AbortSignal.timeout(timeoutMs);
  const missing: MissingKind[] = [];
  const read = async (resource: Resource): Promise<readonly unknown[]> => {
    try {
      return await listAll(transport, pathOf(KINDS[resource]), signal);
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 403 && error.status !== 404)) {
        throw unreachable(server, error, signal.aborted ? timeoutMs : null);
      }
      missing.push({ resource, kind: KINDS[resource].kind, message: error.message });
      return [];
    }
  };
  const lists = await Promise.all(
    RESOURCES.map(async (resource) => [resource, await read(resource)] as const),
  );
  missing.sort((a, b) => (a.kind < b.kind ? -1 : 1));
  return {
    server,
    objects: Object.fromEntries(lists) as Record<Resource, readonly unknown[]>,
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
