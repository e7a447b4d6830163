import { at, type KubeObject, listAt, numberAt, textAt } from '../json.ts';
import { ageColumn, type Column, integer, nameColumn, text, wide } from './column.ts';
import { selectorText } from './selector-text.ts';

function status(object: KubeObject, field: string): number {
  return numberAt(object, 'status', field) ?? 0;
}

function desired(object: KubeObject): number {
  return numberAt(object, 'spec', 'replicas') ?? 0;
}

function containers(object: KubeObject, field: string): string {
  return listAt(object, 'spec', 'template', 'spec', 'containers')
    .map((container) => textAt(container, field))
    .join(',');
}

const details: readonly Column[] = [
  wide(text('Containers', (object) => containers(object, 'name'))),
  wide(text('Images', (object) => containers(object, 'image'))),
  wide(text('Selector', (object) => selectorText(at(object, 'spec', 'selector')))),
];

export const deploymentColumns: readonly Column[] = [
  nameColumn,
  text('Ready', (deployment) => `${status(deployment, 'readyReplicas')}/${desired(deployment)}`),
  integer('Up-to-date', (deployment) => status(deployment, 'updatedReplicas')),
  integer('Available', (deployment) => status(deployment, 'availableReplicas')),
  ageColumn,
  ...details,
];

export const replicaSetColumns: readonly Column[] = [
  nameColumn,
  integer('Desired', desired),
  integer('Current', (set) => status(set, 'replicas')),
  integer('Ready', (set) => status(set, 'readyReplicas')),
  ageColumn,
  ...details,
];
