/** Finds and reads the kubeconfig as kubectl does, with errors that name the file and what to do. */
import { delimiter } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { Failure } from '../model/failure.ts';
import { withTokenFiles } from './token-file.ts';

export interface KubeconfigOptions {
  /** A file; without it KUBECONFIG, ~/.kube/config and the service account of a pod are tried in this order. */
  readonly file?: string | undefined;
  readonly context?: string | undefined;
  /** Impersonated user. */
  readonly as?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** Throws a Failure: INPUT_UNREADABLE, INPUT_INVALID, or NAME_UNKNOWN for a context that does not exist. */
export function loadKubeconfig(options: KubeconfigOptions): KubeConfig {
  const config = new KubeConfig();
  const source = options.file ?? options.env.KUBECONFIG ?? 'the default places';
  try {
    if (options.file !== undefined) config.loadFromFile(options.file);
    else if (!loadFromVariable(config, options.env)) config.loadFromDefault();
  } catch (error) {
    throw new Failure('INPUT_UNREADABLE', `cannot read the kubeconfig ${source}: ${describe(error)}`, {
      hint: 'give a readable file with --kubeconfig FILE or in KUBECONFIG',
      cause: error,
    });
  }
  if (options.file !== undefined) config.users = withTokenFiles(config.users, [options.file]);
  else if (options.env.KUBECONFIG)
    config.users = withTokenFiles(config.users, options.env.KUBECONFIG.split(delimiter));
  if (options.context !== undefined) config.setCurrentContext(options.context);
  check(config, source, options);
  // client-node refuses plain http unless this is set; over http there is nothing to verify.
  config.clusters = config.clusters.map((cluster) =>
    cluster.server.startsWith('http:') ? { ...cluster, skipTLSVerify: true } : cluster,
  );
  if (options.as !== undefined) {
    const user = config.getCurrentUser();
    config.users = config.users.map((each) =>
      each.name === user?.name ? { ...each, impersonateUser: options.as ?? '' } : each,
    );
  }
  return config;
}

/** KUBECONFIG names files; the first that has a current context decides it, as in kubectl. */
function loadFromVariable(config: KubeConfig, env: NodeJS.ProcessEnv): boolean {
  const [first, ...rest] = (env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  if (first === undefined) return false;
  config.loadFromFile(first);
  for (const file of rest) {
    const other = new KubeConfig();
    other.loadFromFile(file);
    config.mergeConfig(other, (config.currentContext ?? '') !== '');
  }
  return true;
}

function check(config: KubeConfig, source: string, options: KubeconfigOptions): void {
  // What client-node invents when it finds nothing at all.
  if (config.currentContext === 'loaded-context' && config.getCurrentCluster()?.name === 'cluster') {
    throw new Failure('INPUT_UNREADABLE', 'no kubeconfig found, and not running inside a pod', {
      hint: 'give one with --kubeconfig FILE or in KUBECONFIG',
    });
  }
  const context = config.getContextObject(config.getCurrentContext());
  if (context === null) {
    const names = config.contexts.map((each) => each.name).join(', ') || 'none';
    throw new Failure(
      'NAME_UNKNOWN',
      `the kubeconfig ${source} has no context "${config.getCurrentContext() ?? ''}"; it has: ${names}`,
      {
        hint: options.context === undefined ? 'set current-context in it' : 'give one of them with --context',
      },
    );
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null || !URL.canParse(cluster.server)) {
    throw new Failure(
      'INPUT_INVALID',
      `the kubeconfig ${source}: cluster "${context.cluster}" has no usable server address`,
    );
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
