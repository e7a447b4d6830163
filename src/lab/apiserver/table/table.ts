import { at, type Json, type KubeObject, listAt, objectAt, textAt } from '../json.ts';
import type { BuiltInName, Resource } from '../resources.ts';
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
const columns: Readonly<Record<BuiltInName, readonly Column[]>> = {
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
  customresourcedefinitions: [nameColumn, text('Created At', ({ metadata }) => metadata.creationTimestamp)],
  serviceaccounts: [
    nameColumn,
    integer('Secrets', (account) => listAt(account, 'secrets').length),
    ageColumn,
  ],
};

/** The definitions of the columns of a kind. */
export function columnsOf(resource: Resource): readonly Json[] {
  return columnsFor(resource).map(definition);
}

/** The cells of one object, as long as its kind has columns; `now` is for ages. */
export function rowOf(resource: Resource, object: KubeObject, now: Date): readonly Json[] {
  return columnsFor(resource).map(({ cell }) => cell(object, now));
}

function columnsFor({ name, custom }: Resource): readonly Column[] {
  return custom === null ? columns[name] : custom.columns;
}
