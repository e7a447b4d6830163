import type { Json, JsonObject, KubeObject } from './json.ts';
import type { ResourceName } from './resources.ts';

export function columnsOf(_resource: ResourceName): readonly Json[] {
  const column = (name: string, format = ''): JsonObject => ({
    name,
    type: 'string',
    format,
    description: '',
    priority: 0,
  });
  return [column('Name', 'name'), column('Created At')];
}

export function rowOf(_resource: ResourceName, object: KubeObject, _now: Date): readonly Json[] {
  return [object.metadata.name, object.metadata.creationTimestamp];
}
