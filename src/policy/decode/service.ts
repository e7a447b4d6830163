/** Service as stored -> addresses, selector and ports. */
import type { Address } from '../../model/address.ts';
import type { Service, ServicePort } from '../../model/service.ts';
import { parseAddress } from '../../net/address.ts';
import {
  type Decoded,
  isAbsent,
  isObject,
  Problems,
  type RawObject,
  readList,
  readObject,
  readString,
  type UnknownFields,
} from './decoded.ts';
import { findUnknownFields, SERVICE } from './fields.ts';
import { readMetadata, readRoot } from './metadata.ts';
import { isPortNumber, readLabels } from './names.ts';
import { PORT_MESSAGE, readProtocol } from './policy-port.ts';

export function decodeService(raw: unknown, unknownFields: UnknownFields): Decoded<Service> {
  const problems = new Problems();
  const root = readRoot(raw, problems);
  const metadata = root && readMetadata(root, 'namespaced', 'label1035', problems);
  if (root && unknownFields === 'reject') findUnknownFields(root, SERVICE, [], problems);
  if (!root || !metadata) return { value: null, problems: problems.list };
  const spec = readObject(root.spec, ['spec'], problems) ?? {};
  const selector = readLabels(spec.selector, ['spec', 'selector'], problems);
  const value: Service = {
    namespace: metadata.namespace,
    name: metadata.name,
    selector: selector.size > 0 ? selector : null,
    clusterAddresses: readClusterAddresses(spec, problems),
    ports: readPorts(spec, problems),
  };
  return {
    value: unknownFields === 'reject' && problems.list.length > 0 ? null : value,
    problems: problems.list,
  };
}

/** `None` is a headless service. */
function readClusterAddresses(spec: RawObject, problems: Problems): readonly Address[] {
  const path = ['spec', 'clusterIPs'];
  const listed = readList(spec.clusterIPs, path, problems) ?? [];
  const texts =
    listed.length > 0 || isAbsent(spec.clusterIP) || spec.clusterIP === '' ? listed : [spec.clusterIP];
  return texts.flatMap((text, index) => {
    if (text === 'None') return [];
    const address = typeof text === 'string' ? parseAddress(text) : null;
    if (address) return [address];
    problems.invalid([...path, index], text, "must be empty, 'None', or a valid IP address");
    return [];
  });
}

function readPorts(spec: RawObject, problems: Problems): readonly ServicePort[] {
  const path = ['spec', 'ports'];
  return (readList(spec.ports, path, problems) ?? []).flatMap((value, index) => {
    const at = [...path, index];
    if (!isObject(value) || typeof value.port !== 'number' || !isPortNumber(value.port)) {
      problems.invalid([...at, 'port'], isObject(value) ? value.port : value, PORT_MESSAGE);
      return [];
    }
    const { targetPort } = value;
    return [
      {
        name: readString(value.name, [...at, 'name'], problems) || null,
        protocol: readProtocol(value.protocol, [...at, 'protocol'], problems),
        port: value.port,
        targetPort:
          typeof targetPort === 'number' || typeof targetPort === 'string'
            ? targetPort || value.port
            : value.port,
        nodePort: typeof value.nodePort === 'number' && value.nodePort > 0 ? value.nodePort : null,
      },
    ];
  });
}
