import {
  at,
  isObject,
  type Json,
  type JsonObject,
  type KubeObject,
  listAt,
  numberAt,
  objectAt,
  textAt,
} from '../json.ts';
import { ageColumn, type Column, nameColumn, since, text, wide } from './column.ts';

/** Pods, with kubectl's STATUS: the most telling reason of phase, containers and deletion. */
export const podColumns: readonly Column[] = [
  nameColumn,
  text('Ready', ready),
  text('Status', podStatus),
  text('Restarts', restarts),
  ageColumn,
  wide(text('IP', (pod) => textAt(listAt(pod, 'status', 'podIPs')[0], 'ip') || '<none>')),
  wide(text('Node', (pod) => textAt(pod, 'spec', 'nodeName') || '<none>')),
  wide(text('Nominated Node', (pod) => textAt(pod, 'status', 'nominatedNodeName') || '<none>')),
  wide(text('Readiness Gates', gates)),
];

/** Containers that run for the whole life of the pod: sidecars and the ordinary ones. */
function lasting(pod: KubeObject): { readonly total: number; readonly statuses: readonly JsonObject[] } {
  const sidecars = new Set(
    listAt(pod, 'spec', 'initContainers')
      .filter((container) => textAt(container, 'restartPolicy') === 'Always')
      .map((container) => textAt(container, 'name')),
  );
  const initial = listAt(pod, 'status', 'initContainerStatuses').filter(isObject);
  return {
    total: listAt(pod, 'spec', 'containers').length + sidecars.size,
    statuses: [
      ...initial.filter((status) => sidecars.has(textAt(status, 'name'))),
      ...listAt(pod, 'status', 'containerStatuses').filter(isObject),
    ],
  };
}

function ready(pod: KubeObject): string {
  const { total, statuses } = lasting(pod);
  return `${statuses.filter((status) => status.ready === true).length}/${total}`;
}

function restarts(pod: KubeObject, now: Date): string {
  const { statuses } = lasting(pod);
  const count = statuses.reduce((sum, status) => sum + (numberAt(status, 'restartCount') ?? 0), 0);
  const times = statuses.map((status) => textAt(status, 'lastState', 'terminated', 'finishedAt'));
  const last = times.sort().at(-1) ?? '';
  return count === 0 || last === '' ? String(count) : `${count} (${since(last, now)} ago)`;
}

function podStatus(pod: KubeObject): string {
  const phase = textAt(pod, 'status', 'phase');
  let reason = textAt(pod, 'status', 'reason') || phase;
  for (const condition of listAt(pod, 'status', 'conditions')) {
    const isScheduling = textAt(condition, 'type') === 'PodScheduled';
    if (isScheduling && textAt(condition, 'reason') === 'SchedulingGated') reason = 'SchedulingGated';
  }
  const initial = initialReason(pod);
  if (initial !== null) reason = initial;
  else reason = containerReason(pod, reason);
  return at(pod, 'metadata', 'deletionTimestamp') === undefined ? reason : 'Terminating';
}

function initialReason(pod: KubeObject): string | null {
  const statuses = listAt(pod, 'status', 'initContainerStatuses');
  const sidecars = listAt(pod, 'spec', 'initContainers').map(
    (item) => textAt(item, 'restartPolicy') === 'Always',
  );
  for (const [index, status] of statuses.entries()) {
    const state = objectAt(status, 'state');
    const terminated = objectAt(state, 'terminated');
    if (state.terminated !== undefined && numberAt(terminated, 'exitCode') === 0) continue;
    if (sidecars[index] === true && at(status, 'started') === true) continue;
    if (state.terminated !== undefined) return `Init:${ended(terminated)}`;
    const waiting = textAt(state, 'waiting', 'reason');
    if (waiting !== '' && waiting !== 'PodInitializing') return `Init:${waiting}`;
    return `Init:${index}/${listAt(pod, 'spec', 'initContainers').length}`;
  }
  return null;
}

function containerReason(pod: KubeObject, before: string): string {
  let reason = before;
  let running = false;
  for (const status of listAt(pod, 'status', 'containerStatuses').toReversed()) {
    const state = objectAt(status, 'state');
    const waiting = textAt(state, 'waiting', 'reason');
    if (waiting !== '') reason = waiting;
    else if (state.terminated !== undefined) reason = ended(objectAt(state, 'terminated'));
    else if (at(status, 'ready') === true && state.running !== undefined) running = true;
  }
  if (reason !== 'Completed' || !running) return reason;
  const ready = listAt(pod, 'status', 'conditions').some(
    (condition) => textAt(condition, 'type') === 'Ready' && textAt(condition, 'status') === 'True',
  );
  return ready ? 'Running' : 'NotReady';
}

function ended(terminated: JsonObject): string {
  const signal = numberAt(terminated, 'signal') ?? 0;
  const reason = textAt(terminated, 'reason');
  if (reason !== '') return reason;
  return signal === 0 ? `ExitCode:${numberAt(terminated, 'exitCode') ?? 0}` : `Signal:${signal}`;
}

function gates(pod: KubeObject): Json {
  const wanted = listAt(pod, 'spec', 'readinessGates').map((gate) => textAt(gate, 'conditionType'));
  if (wanted.length === 0) return '<none>';
  const held = listAt(pod, 'status', 'conditions')
    .filter((condition) => textAt(condition, 'status') === 'True')
    .map((condition) => textAt(condition, 'type'));
  return `${wanted.filter((type) => held.includes(type)).length}/${wanted.length}`;
}
