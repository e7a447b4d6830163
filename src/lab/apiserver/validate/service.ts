import type { FieldProblem } from '../../../model/policy.ts';
import { parseAddress } from '../../../net/address.ts';
import { duplicate, invalid, required } from '../../../policy/decode/problem.ts';
import {
  checkDnsLabel,
  checkPortName,
  checkPortNumber,
  checkSubdomain,
} from '../../../policy/decode/syntax.ts';
import { isObject, type JsonObject, listAt, objectAt, textAt } from '../json.ts';
import { choice, portNumber, protocols } from './container.ts';
import { labelProblems } from './metadata.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

/** Of a `spec` with its defaults, before its addresses are allocated. */
export function serviceProblems(spec: JsonObject): readonly FieldProblem[] {
  const type = textAt(spec, 'type');
  const ports = listAt(spec, 'ports').filter(isObject);
  const portless = type === 'ExternalName' || spec.clusterIP === 'None';
  const external = textAt(spec, 'externalName');
  return [
    ...choice(spec, 'type', types, ['spec']),
    ...choice(spec, 'sessionAffinity', ['ClientIP', 'None'], ['spec']),
    ...labelProblems(objectAt(spec, 'selector'), ['spec', 'selector']),
    ...(ports.length === 0 && !portless ? [required(['spec', 'ports'])] : []),
    ...servicePortProblems(ports),
    ...(type === 'ExternalName'
      ? external === ''
        ? [required(['spec', 'externalName'])]
        : checkSubdomain(external).map((rule) => invalid(['spec', 'externalName'], external, rule))
      : []),
    ...addressProblems(spec),
  ];
}

function servicePortProblems(ports: readonly JsonObject[]): readonly FieldProblem[] {
  const names = new Set<string>();
  const numbers = new Set<string>();
  return ports.flatMap((port, index) => {
    const path = ['spec', 'ports', index];
    const name = textAt(port, 'name');
    const number = `${String(port.protocol ?? 'TCP')}/${String(port.port)}`;
    const target = port.targetPort;
    const problems = [
      ...(name === '' && ports.length > 1 ? [required([...path, 'name'])] : []),
      ...(name === '' ? [] : checkDnsLabel(name).map((rule) => invalid([...path, 'name'], name, rule))),
      ...(name !== '' && names.has(name) ? [duplicate([...path, 'name'], name)] : []),
      ...portNumber(port, 'port', path, true),
      ...portNumber(port, 'nodePort', path, false),
      ...choice(port, 'protocol', protocols, path),
      ...(numbers.has(number)
        ? [duplicate(path, { protocol: port.protocol ?? 'TCP', port: port.port })]
        : []),
      ...(typeof target === 'number'
        ? checkPortNumber(target).map((rule) => invalid([...path, 'targetPort'], target, rule))
        : []),
      ...(typeof target === 'string'
        ? checkPortName(target).map((rule) => invalid([...path, 'targetPort'], target, rule))
        : []),
    ];
    names.add(name);
    numbers.add(number);
    return problems;
  });
}

function addressProblems(spec: JsonObject): readonly FieldProblem[] {
  return listAt(spec, 'clusterIPs').flatMap((address, index) => {
    if (address === 'None' && index === 0) return [];
    if (typeof address === 'string' && parseAddress(address) !== null) return [];
    const rule = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
    return [invalid(['spec', 'clusterIPs', index], address, rule)];
  });
}

/** The address stays as long as the Service is one that has an address. */
export function serviceUpdateProblems(old: JsonObject, next: JsonObject): readonly FieldProblem[] {
  const before = textAt(old, 'clusterIP');
  if (before === '' || next.type === 'ExternalName' || before === textAt(next, 'clusterIP')) return [];
  return [invalid(['spec', 'clusterIPs', 0], textAt(next, 'clusterIP'), 'may not change once set')];
}
