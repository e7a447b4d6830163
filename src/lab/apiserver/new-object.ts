import { randomUUID } from 'node:crypto';
import { generatedName } from './generated-name.ts';
import { type JsonObject, type KubeObject, objectAt, textAt } from './json.ts';
import { apiVersionOf, type Resource } from './resources.ts';
import { timestamp } from './timestamp.ts';

/** What was sent, as the object it is to become: named, with an identity, without what only the server writes. */
export function newObject(resource: Resource, stored: Resource, input: JsonObject, now: Date): KubeObject {
  const metadata = objectAt(input, 'metadata');
  const prefix = textAt(metadata, 'generateName');
  let name = textAt(metadata, 'name');
  if (name === '' && prefix !== '') name = generatedName(prefix);
  const namespace = resource.namespaced ? textAt(metadata, 'namespace') || 'default' : '';
  const {
    managedFields: _fields,
    selfLink: _link,
    deletionTimestamp: _at,
    deletionGracePeriodSeconds: _grace,
    ...kept
  } = metadata;
  return {
    ...input,
    apiVersion: apiVersionOf(stored),
    kind: resource.kind,
    metadata: {
      ...kept,
      name,
      ...(namespace === '' ? {} : { namespace }),
      uid: randomUUID(),
      resourceVersion: '',
      creationTimestamp: timestamp(now),
    },
  };
}
