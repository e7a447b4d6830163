import { familyOf } from '../../model/address.ts';
import type { Service, ServicePort } from '../../model/service.ts';
import { parseAddress } from '../../net/address.ts';
import { isObject, type KubeObject, listAt, numberAt, objectAt, textAt } from '../apiserver/json.ts';
import type { Backend } from './front.ts';

const FAMILIES: ReadonlyMap<string, 4 | 6> = new Map([
  ['IPv4', 4],
  ['IPv6', 6],
]);

/** Endpoints of a Service without a selector, as its EndpointSlices list them; matched by the port's name. */
export function handMadeBackends(
  service: Service,
  port: ServicePort,
  slices: readonly KubeObject[],
): readonly Backend[] {
  return slices
    .filter((slice) => belongs(slice, service))
    .flatMap((slice) => {
      const family = FAMILIES.get(textAt(slice, 'addressType'));
      const numbers = listAt(slice, 'ports')
        .filter((each) => textAt(each, 'name') === (port.name ?? ''))
        .filter((each) => (textAt(each, 'protocol') || 'TCP') === port.protocol)
        .map((each) => numberAt(each, 'port'))
        .filter((number) => number !== null);
      return listAt(slice, 'endpoints')
        .filter(isObject)
        .filter((endpoint) => objectAt(endpoint, 'conditions').ready !== false)
        .flatMap((endpoint) => {
          const [first] = listAt(endpoint, 'addresses');
          const address = typeof first === 'string' ? parseAddress(first) : null;
          if (address === null || familyOf(address) !== family) return [];
          const node = textAt(endpoint, 'nodeName') || null;
          return numbers.filter(isPort).map((number): Backend => ({ address, port: number, node }));
        });
    });
}

function belongs(slice: KubeObject, { namespace, name }: Service): boolean {
  return (
    slice.metadata.namespace === namespace &&
    textAt(slice, 'metadata', 'labels', 'kubernetes.io/service-name') === name
  );
}

function isPort(number: number): boolean {
  return Number.isInteger(number) && number >= 1 && number <= 65_535;
}
