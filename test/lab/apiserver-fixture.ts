import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import {
  type ApiServer,
  type ApiServerOptions,
  createApiServer,
} from '../../src/lab/apiserver/api-server.ts';
import { type KubeObject, listAt, textAt } from '../../src/lab/apiserver/json.ts';
import type { Store } from '../../src/lab/apiserver/store.ts';
import { startControllers } from '../../src/lab/controllers/start.ts';
import { ensureTools } from '../../src/lab/tools/ensure.ts';
import { FAR_MS } from '../kit/waiting.ts';

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An API server with controllers and a kubelet that only pretends, on the loopback, and a kubectl for it. */
export interface Cluster {
  readonly api: ApiServer;
  readonly url: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly errors: readonly unknown[];
  /** Writes a file and gives its path. */
  file(name: string, text: string): Promise<string>;
  kubectl(...args: readonly string[]): Promise<Ran>;
  /** Fails the test when kubectl does. */
  ok(...args: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

export async function startCluster(options: Partial<ApiServerOptions> = {}): Promise<Cluster> {
  const directory = await mkdtemp(join(tmpdir(), 'policyd-apiserver-'));
  const errors: unknown[] = [];
  const api = createApiServer({ serviceRanges: ['10.96.0.0/16', 'fd00:96::/108'], ...options });
  const stopControllers = startControllers(api.store, (error) => errors.push(error));
  const stopKubelet = pretendKubelet(api.store);
  const url = await api.listen({ host: '127.0.0.1', port: 0 });
  const progress = { step: () => undefined, warn: () => undefined };
  const tools = await ensureTools({ progress, environment: process.env, want: 'everything' });
  const environment = {
    ...process.env,
    HOME: directory,
    KUBECONFIG: join(directory, 'kubeconfig'),
    PATH: [...tools.directories, process.env.PATH ?? ''].join(delimiter),
  };
  await writeFile(environment.KUBECONFIG, kubeconfig(url));
  const kubectl = async (...args: readonly string[]): Promise<Ran> => {
    const result = await execa('kubectl', args, {
      env: environment,
      extendEnv: false,
      cwd: directory,
      stdin: 'ignore',
      timeout: FAR_MS,
      reject: false,
    });
    return { exitCode: result.exitCode ?? -1, stdout: result.stdout, stderr: result.stderr };
  };
  return {
    api,
    url,
    environment,
    errors,
    kubectl,
    file: async (name, text) => {
      await writeFile(join(directory, name), text, { mode: 0o755 });
      return join(directory, name);
    },
    ok: async (...args) => {
      const { exitCode, stdout, stderr } = await kubectl(...args);
      if (exitCode !== 0)
        throw new Error(`kubectl ${args.join(' ')}: exit ${exitCode}\n${stdout}\n${stderr}`);
      return stdout;
    },
    close: async () => {
      stopKubelet();
      stopControllers();
      await api.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function kubeconfig(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'lab', cluster: { server } }],
    users: [{ name: 'lab', user: {} }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab' } }],
    'current-context': 'lab',
  });
}

/** Binds pods to node-a, makes them ready at once, and ends them a moment after their deletion is asked for. */
function pretendKubelet(store: Store): () => void {
  const timers = new Set<NodeJS.Timeout>();
  store.create('nodes', {
    metadata: { name: 'node-a' },
    spec: { podCIDR: '10.244.0.0/24' },
    status: {
      addresses: [{ type: 'InternalIP', address: '192.0.2.1' }],
      conditions: [{ type: 'Ready', status: 'True' }],
      nodeInfo: { kubeletVersion: 'lab', osImage: 'lab' },
    },
  });
  let next = 2;
  const stop = store.watch(
    'pods',
    ({ object }) => {
      const key = { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
      const pod = store.get('pods', key);
      if (pod === null || pod.metadata.uid !== object.metadata.uid) return;
      if (pod.metadata.deletionTimestamp !== undefined) {
        timers.add(setTimeout(() => end(store, pod), 100));
      } else if (textAt(pod, 'spec', 'nodeName') === '') store.bind(key, 'node-a');
      else if (textAt(pod, 'status', 'phase') === 'Pending') {
        const ip = `10.244.0.${next}`;
        next += 1;
        store.editStatus('pods', key, (status) => ({
          ...status,
          phase: 'Running',
          podIP: ip,
          podIPs: [{ ip }],
          conditions: [{ type: 'Ready', status: 'True' }],
          containerStatuses: listAt(pod, 'spec', 'containers').map((container) => ({
            name: textAt(container, 'name'),
            image: textAt(container, 'image'),
            imageID: '',
            ready: true,
            restartCount: 0,
            state: { running: { startedAt: pod.metadata.creationTimestamp } },
          })),
        }));
      }
    },
    { initial: true },
  );
  return () => {
    stop();
    for (const timer of timers) clearTimeout(timer);
  };
}

function end(store: Store, { metadata }: KubeObject): void {
  const key = { namespace: metadata.namespace ?? '', name: metadata.name };
  if (store.get('pods', key)?.metadata.uid === metadata.uid)
    store.delete('pods', key, { gracePeriodSeconds: 0 });
}
