import { mkdirSync, openSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createApiServer } from '../apiserver/api-server.ts';
import type { Store } from '../apiserver/store.ts';
import { timestamp } from '../apiserver/timestamp.ts';
import { LAB_SOCKET_VARIABLE } from '../control/protocol.ts';
import { serveControl } from '../control/server.ts';
import { startControllers } from '../controllers/start.ts';
import { Kubelet } from '../kubelet/kubelet.ts';
import { nodeObject } from '../kubelet/node-object.ts';
import { Resident } from '../kubelet/resident.ts';
import { Scheduler } from '../kubelet/scheduler.ts';
import { Turns } from '../kubelet/turns.ts';
import {
  EXTERNAL_NAME,
  familyOfHost,
  hostAddresses,
  type LabPlan,
  METADATA_ADDRESS,
  POD_SLOTS,
  planLab,
} from '../network/plan.ts';
import { Slots } from '../network/slots.ts';
import { buildUnderlay } from '../network/underlay.ts';
import { tableCommitter } from '../proxy/commit.ts';
import { ServiceProxy } from '../proxy/proxy.ts';
import { routeServices } from '../proxy/routes.ts';
import type { SupervisorConfig } from './config.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { Lab } from './lab.ts';
import { createManifests, markOwn } from './manifests.ts';
import { PolicydProcess } from './policyd.ts';
import type { Report } from './report.ts';

export const API_PORT = 6443;
/** What answers on the external host. */
export const EXTERNAL_PORTS: readonly number[] = [53, 80, 443];
/** A database outside of the cluster, for policies about one: it answers, and the matrix need not ask for it. */
const EXTERNAL_DATABASE = 5432;
/** What answers on a node: where a kubelet would. */
const NODE_PORTS: readonly number[] = [10_250];
const STARTS_AT_ONCE = 6;

export interface BuiltLab {
  readonly lab: Lab;
  /** What commands in the lab need: KUBECONFIG, POLICYD_LAB, PATH and the configured ones. */
  readonly env: Readonly<Record<string, string>>;
}

/** Makes everything and starts it; ready and in sync is a matter of `Lab.sync`. */
export async function buildLab(config: SupervisorConfig, report: Report): Promise<BuiltLab> {
  const plan = planLab(config);
  const logs = config.logDirectory ?? join(config.directory, 'logs');
  mkdirSync(logs, { recursive: true });
  const env = { ...process.env, ...config.environment, PATH: searchPath(config.tools) };
  const serviceRanges = plan.families.map((family) => SERVICE_RANGES[family]);
  const api = createApiServer({ serviceRanges });
  await buildUnderlay(plan);
  await routeServices(plan, serviceRanges, env);
  report.progress(
    `network (${plan.topology}): ${plan.nodes.map(({ name }) => name).join(', ')} and an external host`,
  );

  const server = urlOf(plan.root.addresses[0] ?? '127.0.0.1');
  const nodeKubeconfig = join(config.directory, 'kubeconfig-node');
  const kubeconfig = join(config.directory, 'kubeconfig');
  const apiSocket = join(config.directory, 'api.sock');
  await Promise.all([
    ...[...plan.root.addresses, '127.0.0.1'].map((host) => api.listen({ host, port: API_PORT })),
    ...[apiSocket, ...(config.apiPortSocket === null ? [] : [config.apiPortSocket])].map((path) =>
      api.listen({ path }),
    ),
    writeKubeconfig(kubeconfig, config.name, urlOf('127.0.0.1')),
    writeKubeconfig(nodeKubeconfig, config.name, server),
  ]);

  const { store } = api;
  for (const node of plan.nodes) store.create('nodes', nodeObject(node, timestamp(new Date())));
  markOwn(store);
  startControllers(store, (error) =>
    report.warning(`a controller failed: ${error instanceof Error ? error.message : String(error)}`),
  );
  const commit = tableCommitter(config.directory, env);
  const services = new ServiceProxy({ plan, store, serviceRanges, commit, report });
  services.start();
  const policyds = startPolicyds(config, plan, { kubeconfig: nodeKubeconfig, logs, env, report });
  const log = openSync(join(logs, 'pods.log'), 'a', 0o600);
  const kubelets = startKubelets(config, plan, { store, log, env, report });
  const residents = startResidents(config, plan, { log, env });
  const count = await createManifests(store, config.manifests, report.warning);
  if (count > 0) report.progress(`${count} objects created`);

  const socket = join(config.directory, 'lab.sock');
  const lab = new Lab({
    name: config.name,
    apiServer: server,
    plan,
    store,
    kubelets,
    residents: await residents,
    externalPorts: EXTERNAL_PORTS,
    policyds,
    services,
    env,
  });
  await serveControl(lab, socket);
  const visible = {
    ...config.environment,
    PATH: env.PATH,
    KUBECONFIG: kubeconfig,
    [LAB_SOCKET_VARIABLE]: socket,
  };
  return { lab, env: visible };
}

const SERVICE_RANGES = { 4: '10.96.0.0/16', 6: 'fd00:10:96::/112' } as const;

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly report: Report;
}

function startPolicyds(
  config: SupervisorConfig,
  plan: LabPlan,
  { kubeconfig, logs, env, report }: Surroundings & { readonly kubeconfig: string; readonly logs: string },
): ReadonlyMap<string, PolicydProcess> {
  const { policyd } = config.programs;
  if (policyd === null) return new Map();
  return new Map(
    plan.nodes.map(({ name }) => {
      const logFile = join(logs, `policyd-${name}.log`);
      const socket = join(config.directory, `policyd-${name}.sock`);
      const log = openSync(logFile, 'a', 0o600);
      const running = new PolicydProcess({
        node: name,
        program: policyd,
        kubeconfig,
        socket,
        logFile,
        log,
        env,
        report,
      });
      running.start();
      return [name, running];
    }),
  );
}

function startKubelets(
  config: SupervisorConfig,
  plan: LabPlan,
  { store, log, env, report }: Surroundings & { readonly store: Store; readonly log: number },
): ReadonlyMap<string, Kubelet> {
  const turns = new Turns(STARTS_AT_ONCE);
  const labPod = config.programs.labPod;
  const kubelets = new Map(
    plan.nodes.map((node) => {
      const slots = new Slots(POD_SLOTS.first, POD_SLOTS.last);
      return [node.name, new Kubelet({ plan, node, store, slots, turns, labPod, env, log, report })];
    }),
  );
  const scheduler = new Scheduler(store, new Set(kubelets.keys()));
  store.watch('nodes', () => scheduler.noticeAll());
  store.watch('pods', ({ type, object }) => {
    if (type !== 'DELETED') scheduler.notice(object);
    const key = { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
    // All of them: a pod force-deleted and created again elsewhere concerns two nodes.
    for (const kubelet of kubelets.values()) kubelet.notice(key);
  });
  return kubelets;
}

async function startResidents(
  config: SupervisorConfig,
  plan: LabPlan,
  { log, env }: { readonly log: number; readonly env: NodeJS.ProcessEnv },
): Promise<ReadonlyMap<string, Resident>> {
  const program = config.programs.labPod;
  const start = async (
    name: string,
    ports: readonly number[],
    udpAddresses: readonly string[],
  ): Promise<[string, Resident]> => {
    const { resident } = await Resident.start({ netns: name, name, ports, udpAddresses, program, env, log });
    return [name, resident];
  };
  const metadata = plan.families.map((family) => METADATA_ADDRESS[family]);
  const started = [
    ...plan.nodes.map((node) => start(node.name, NODE_PORTS, hostAddresses(plan, node))),
    start(EXTERNAL_NAME, [...EXTERNAL_PORTS, EXTERNAL_DATABASE], [...plan.external.addresses, ...metadata]),
  ];
  return new Map(await Promise.all(started));
}

function searchPath(tools: readonly string[]): string {
  const own = (process.env.PATH ?? '').split(delimiter);
  const system = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return [...new Set([...tools, ...own, ...system])].filter((part) => part !== '').join(delimiter);
}

function urlOf(host: string): string {
  return `http://${familyOfHost(host) === 6 ? `[${host}]` : host}:${API_PORT}`;
}
