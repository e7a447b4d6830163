import { hostPort } from '../../../net/host-port.ts';
import { at, type Json, type KubeObject, listAt, numberAt, textAt } from '../json.ts';
import { ageColumn, type Column, nameColumn, text, wide } from './column.ts';
import { labelsText } from './selector-text.ts';

export const serviceColumns: readonly Column[] = [
  nameColumn,
  text('Type', (service) => textAt(service, 'spec', 'type')),
  text('Cluster-IP', (service) => textAt(service, 'spec', 'clusterIP') || '<none>'),
  text('External-IP', externalAddress),
  text('Port(s)', (service) => listAt(service, 'spec', 'ports').map(port).join(',') || '<none>'),
  ageColumn,
  wide(text('Selector', (service) => labelsText(at(service, 'spec', 'selector')))),
];

function externalAddress(service: KubeObject): string {
  const given = listAt(service, 'spec', 'externalIPs').map(String);
  switch (textAt(service, 'spec', 'type')) {
    case 'ExternalName':
      return textAt(service, 'spec', 'externalName') || '<none>';
    case 'LoadBalancer': {
      const balancers = listAt(service, 'status', 'loadBalancer', 'ingress').map(
        (entry) => textAt(entry, 'ip') || textAt(entry, 'hostname'),
      );
      return [...balancers, ...given].join(',') || '<pending>';
    }
    default:
      return given.join(',') || '<none>';
  }
}

function port(entry: Json): string {
  const nodePort = numberAt(entry, 'nodePort') ?? 0;
  const number = String(at(entry, 'port'));
  return `${number}${nodePort === 0 ? '' : `:${nodePort}`}/${textAt(entry, 'protocol')}`;
}

/** `10.0.0.1:80,10.0.0.2:80 + 3 more...` */
export const endpointsColumns: readonly Column[] = [
  nameColumn,
  text('Endpoints', (endpoints) => {
    const all = listAt(endpoints, 'subsets').flatMap((subset) =>
      listAt(subset, 'addresses').flatMap((address) => {
        const ports = listAt(subset, 'ports').map((item) =>
          hostPort(textAt(address, 'ip'), String(at(item, 'port'))),
        );
        return ports.length === 0 ? [textAt(address, 'ip')] : ports;
      }),
    );
    return shortened(all);
  }),
  ageColumn,
];

export const endpointSliceColumns: readonly Column[] = [
  nameColumn,
  text('AddressType', (slice) => textAt(slice, 'addressType')),
  text('Ports', (slice) =>
    shortened(
      listAt(slice, 'ports').map((item) => String(at(item, 'port') ?? '*')),
      '<unset>',
    ),
  ),
  text('Endpoints', (slice) =>
    shortened(
      listAt(slice, 'endpoints').flatMap((item) => listAt(item, 'addresses').map(String)),
      '<unset>',
    ),
  ),
  ageColumn,
];

function shortened(items: readonly string[], none = '<none>'): string {
  if (items.length === 0) return none;
  const more = items.length > 3 ? ` + ${items.length - 3} more...` : '';
  return `${items.slice(0, 3).join(',')}${more}`;
}
