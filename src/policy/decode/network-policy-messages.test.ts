/** Each rule of the API server's validation, in its words; the id is the line of the semantics. */
import { describe, expect, test } from 'vitest';
import { decodeNetworkPolicy } from './network-policy.ts';
import { formatProblem } from './problem.ts';

function object(spec: unknown, metadata: unknown = { namespace: 'shop', name: 'p' }): unknown {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec };
}

const SELECTED = { podSelector: { matchLabels: { app: 'web' } } };
const ingress = (rule: unknown): unknown => object({ ...SELECTED, ingress: [rule] });

/** id of the semantics, what is wrong, the object, what the API server says. */
const REJECTED: readonly (readonly [string, string, unknown, readonly string[]])[] = [
  [
    'A3',
    'an unknown policyType',
    object({ policyTypes: ['ingress'] }),
    ['spec.policyTypes[0]: Unsupported value: "ingress": supported values: "Ingress", "Egress"'],
  ],
  [
    'A3',
    'three policyTypes',
    object({ policyTypes: ['Ingress', 'Egress', 'Ingress'] }),
    [
      'spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes',
    ],
  ],
  [
    'A7',
    'an empty peer',
    ingress({ from: [{}] }),
    ['spec.ingress[0].from[0]: Required value: must specify a peer'],
  ],
  [
    'A7',
    'a null peer',
    ingress({ from: [null] }),
    ['spec.ingress[0].from[0]: Invalid value: null: must be an object'],
  ],
  [
    'A7',
    'ipBlock beside a selector',
    ingress({ from: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }] }),
    ['spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer'],
  ],
  [
    'D3',
    'In without values',
    ingress({ from: [{ podSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }] }),
    [
      "spec.ingress[0].from[0].podSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    ],
  ],
  [
    'D3',
    'Exists with values',
    object({ podSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } }),
    [
      "spec.podSelector.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
    ],
  ],
  [
    'D3',
    'an unknown operator',
    object({ podSelector: { matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1'] }] } }),
    ['spec.podSelector.matchExpressions[0].operator: Invalid value: "Gt": not a valid selector operator'],
  ],
  [
    'D5',
    'a label value with a blank',
    object({ podSelector: { matchLabels: { app: 'a b' } } }),
    [
      `spec.podSelector.matchLabels: Invalid value: "a b": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
    ],
  ],
  [
    'D5',
    'a label value that is a number',
    object({ podSelector: { matchLabels: { app: 5 } } }),
    ['spec.podSelector.matchLabels.app: Invalid value: 5: must be a string: put it in quotes'],
  ],
  [
    'E1',
    'a CIDR that is none',
    ingress({ from: [{ ipBlock: { cidr: 'x' } }] }),
    [
      'spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ],
  ],
  [
    'E1',
    'no CIDR',
    ingress({ from: [{ ipBlock: {} }] }),
    ['spec.ingress[0].from[0].ipBlock.cidr: Required value'],
  ],
  [
    'E1',
    'an except outside the CIDR',
    ingress({ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }] }),
    [
      'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
    ],
  ],
  [
    'E1',
    'an except equal to the CIDR',
    ingress({ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] } }] }),
    [
      'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
    ],
  ],
  [
    'E1',
    'an except of the other family',
    ingress({ from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['2001:db8::/32'] } }] }),
    [
      'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "2001:db8::/32": must be a strict subset of `cidr`',
    ],
  ],
  [
    'F1',
    'port 0',
    ingress({ ports: [{ port: 0 }] }),
    ['spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive'],
  ],
  [
    'F1',
    'port 65536',
    ingress({ ports: [{ port: 65536 }] }),
    ['spec.ingress[0].ports[0].port: Invalid value: 65536: must be between 1 and 65535, inclusive'],
  ],
  [
    'F1',
    'a port in quotes is a name, and names need a letter',
    ingress({ ports: [{ port: '80' }] }),
    ['spec.ingress[0].ports[0].port: Invalid value: "80": must contain at least one letter (a-z)'],
  ],
  [
    'F1',
    'a name of 16 characters',
    ingress({ ports: [{ port: 'abcdefghijklmnop' }] }),
    ['spec.ingress[0].ports[0].port: Invalid value: "abcdefghijklmnop": must be no more than 15 characters'],
  ],
  [
    'F1',
    'a fraction',
    ingress({ ports: [{ port: 80.5 }] }),
    ['spec.ingress[0].ports[0].port: Invalid value: 80.5: must be an integer or a string'],
  ],
  [
    'F1',
    'an unknown protocol',
    ingress({ ports: [{ port: 80, protocol: 'tcp' }] }),
    ['spec.ingress[0].ports[0].protocol: Unsupported value: "tcp": supported values: "TCP", "UDP", "SCTP"'],
  ],
  [
    'F3',
    'endPort before port',
    ingress({ ports: [{ port: 80, endPort: 79 }] }),
    ['spec.ingress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`'],
  ],
  [
    'F3',
    'endPort with a name',
    ingress({ ports: [{ port: 'http', endPort: 90 }] }),
    ['spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is non-numeric'],
  ],
  [
    'F3',
    'endPort alone',
    ingress({ ports: [{ endPort: 90 }] }),
    [
      'spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is not specified',
    ],
  ],
  ['-', 'an unknown field of the spec', object({ podselector: {} }), ['unknown field "spec.podselector"']],
  ['-', 'an unknown field of a rule', ingress({ to: [] }), ['unknown field "spec.ingress[0].to"']],
  [
    '-',
    'an unknown field of a peer, which is then empty',
    ingress({ from: [{ podSelectors: {} }] }),
    [
      'unknown field "spec.ingress[0].from[0].podSelectors"',
      'spec.ingress[0].from[0]: Required value: must specify a peer',
    ],
  ],
  [
    '-',
    'an unknown field of a selector',
    object({ podSelector: { app: 'web' } }),
    ['unknown field "spec.podSelector.app"'],
  ],
  [
    '-',
    'an unknown field of a requirement',
    object({ podSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', value: 'b' }] } }),
    ['unknown field "spec.podSelector.matchExpressions[0].value"'],
  ],
  [
    '-',
    'an unknown field of an ipBlock and of a port',
    ingress({ from: [{ ipBlock: { cidr: '10.0.0.0/8', excepts: [] } }], ports: [{ Port: 80 }] }),
    [
      'unknown field "spec.ingress[0].ports[0].Port"',
      'unknown field "spec.ingress[0].from[0].ipBlock.excepts"',
    ],
  ],
  [
    '-',
    'no name',
    object({}, { namespace: 'shop' }),
    ['metadata.name: Required value: name or generateName is required'],
  ],
  ['-', 'no namespace', object({}, { name: 'p' }), ['metadata.namespace: Required value']],
  [
    '-',
    'a name of 254 characters',
    object({}, { namespace: 'shop', name: 'a'.repeat(254) }),
    [`metadata.name: Invalid value: ${JSON.stringify('a'.repeat(254))}: must be no more than 253 characters`],
  ],
  ['-', 'no object at all', 'x', ['Invalid value: "x": must be a NetworkPolicy object']],
  [
    '-',
    'another kind',
    { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'a', name: 'b' } },
    [
      'apiVersion: Unsupported value: "v1": supported values: "networking.k8s.io/v1"',
      'kind: Unsupported value: "Pod": supported values: "NetworkPolicy"',
    ],
  ],
];

describe('in a file', () => {
  test.each(REJECTED)('%s %s is an error in the words of the API server', (_id, _what, raw, expected) => {
    expect(decodeNetworkPolicy(raw, 'reject').problems.map(formatProblem)).toEqual(expected);
    expect(decodeNetworkPolicy(raw, 'reject').value).toBeNull();
  });
});
