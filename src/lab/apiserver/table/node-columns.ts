import { at, type KubeObject, listAt, objectAt, textAt } from '../json.ts';
import { ageColumn, type Column, nameColumn, text, wide } from './column.ts';

export const nodeColumns: readonly Column[] = [
  nameColumn,
  text('Status', nodeStatus),
  text('Roles', roles),
  ageColumn,
  text('Version', (node) => textAt(node, 'status', 'nodeInfo', 'kubeletVersion')),
  wide(text('Internal-IP', (node) => address(node, 'InternalIP'))),
  wide(text('External-IP', (node) => address(node, 'ExternalIP'))),
  wide(text('OS-Image', (node) => textAt(node, 'status', 'nodeInfo', 'osImage') || '<unknown>')),
  wide(text('Kernel-Version', (node) => textAt(node, 'status', 'nodeInfo', 'kernelVersion') || '<unknown>')),
  wide(
    text(
      'Container-Runtime',
      (node) => textAt(node, 'status', 'nodeInfo', 'containerRuntimeVersion') || '<unknown>',
    ),
  ),
];

function nodeStatus(node: KubeObject): string {
  const ready = listAt(node, 'status', 'conditions').find((item) => textAt(item, 'type') === 'Ready');
  const status = textAt(ready, 'status');
  const word = status === 'True' ? 'Ready' : status === '' ? 'Unknown' : 'NotReady';
  return at(node, 'spec', 'unschedulable') === true ? `${word},SchedulingDisabled` : word;
}

function roles(node: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const labels = objectAt(node, 'metadata', 'labels');
  const named = Object.keys(labels).filter((key) => key.startsWith(prefix) && key !== prefix);
  const found = named.map((key) => key.slice(prefix.length));
  const own = labels['kubernetes.io/role'];
  if (typeof own === 'string' && own !== '') found.push(own);
  return found.length === 0 ? '<none>' : found.sort().join(',');
}

function address(node: KubeObject, type: string): string {
  const found = listAt(node, 'status', 'addresses').find((item) => textAt(item, 'type') === type);
  return textAt(found, 'address') || '<none>';
}
