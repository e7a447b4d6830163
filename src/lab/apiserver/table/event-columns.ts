import { type KubeObject, numberAt, textAt } from '../json.ts';
import { type Column, integer, nameColumn, since, text, wide } from './column.ts';

export const eventColumns: readonly Column[] = [
  text('Last Seen', (event, now) => since(lastSeen(event), now)),
  text('Type', (event) => textAt(event, 'type')),
  text('Reason', (event) => textAt(event, 'reason')),
  text('Object', (event) => {
    const name = textAt(event, 'involvedObject', 'name');
    const kind = textAt(event, 'involvedObject', 'kind').toLowerCase();
    return name === '' ? kind : `${kind}/${name}`;
  }),
  wide(text('Subobject', (event) => textAt(event, 'involvedObject', 'fieldPath'))),
  wide(text('Source', source)),
  text('Message', (event) => textAt(event, 'message').trim()),
  wide(text('First Seen', (event, now) => since(firstSeen(event), now))),
  wide(integer('Count', (event) => numberAt(event, 'count') ?? 1)),
  wide(nameColumn),
];

function source(event: KubeObject): string {
  const component = textAt(event, 'source', 'component') || textAt(event, 'reportingComponent');
  const host = textAt(event, 'source', 'host') || textAt(event, 'reportingInstance');
  return host === '' ? component : `${component}, ${host}`;
}

function firstSeen(event: KubeObject): string {
  return textAt(event, 'firstTimestamp') || textAt(event, 'eventTime');
}

function lastSeen(event: KubeObject): string {
  return textAt(event, 'series', 'lastObservedTime') || textAt(event, 'lastTimestamp') || firstSeen(event);
}
