import { at, type Json, type KubeObject, listAt, objectAt, textAt } from '../json.ts';
import type { ResourceName } from '../resources.ts';
import { ageColumn, type Column, definition, integer, nameColumn, text } from './column.ts';
import { eventColumns } from './event-columns.ts';
import { nodeColumns } from './node-columns.ts';
import { podColumns } from './pod-columns.ts';
import { selectorText } from './selector-text.ts';
import { endpointSliceColumns, endpointsColumns, serviceColumns } from './service-columns.ts';
import { deploymentColumns, replicaSetColumns } from './workload-columns.ts';

function entries(object: KubeObject, ...fields: readonly string[]): number {
  return fields.reduce((sum, field) => sum + Object.keys(objectAt(object, field)).length, 0);
}

/** What `kubectl get` prints of each resource. */
const columns: Readonly<Record<ResourceName, readonly Column[]>> = {
  pods: podColumns,
  nodes: nodeColumns,
  namespaces: [nameColumn, text('Status', (namespace) => textAt(namespace, 'status', 'phase')), ageColumn],
  services: serviceColumns,
  networkpolicies: [
    nameColumn,
    text('Pod-Selector', (policy) => selectorText(at(policy, 'spec', 'podSelector'))),
    ageColumn,
  ],
  deployments: deploymentColumns,
  replicasets: replicaSetColumns,
  endpoints: endpointsColumns,
  endpointslices: endpointSliceColumns,
  events: eventColumns,
  configmaps: [nameColumn, integer('Data', (map) => entries(map, 'data', 'binaryData')), ageColumn],
  secrets: [
    nameColumn,
    text('Type', (secret) => textAt(secret, 'type')),
    integer('Data', (secret) => entries(secret, 'data')),
    ageColumn,
  ],
  serviceaccounts: [
    nameColumn,
    integer('Secrets', (account) => listAt(account, 'secrets').length),
    ageColumn,
  ],
};

export function columnsOf(resource: ResourceName): readonly Json[] {
  return columns[resource].map(definition);
}

export function rowOf(resource: ResourceName, object: KubeObject, now: Date): readonly Json[] {
  return columns[resource].map(({ cell }) => cell(object, now));
}
