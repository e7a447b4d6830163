import type { Expected, Policy } from './service-lab.ts';

/** What Services do when no policy is there. */
export const FORWARDED: readonly (readonly [string, Expected])[] = [
  [
    'a ClusterIP leads from pods and nodes to its backends',
    {
      connected: [
        ...['web', 'near', 'node-a', 'node-b', 'host-a', 'host-b'].flatMap((source) => [
          `${source} > svc/near:80`,
          `${source} > svc/far:80`,
          `${source} > svc/api:80`,
          `${source} > svc/dns:53/UDP`,
        ]),
        'far > svc/near:80',
        'far > svc/far:80',
      ],
    },
  ],
  [
    'a NodePort leads there from every node, for everybody',
    {
      connected: ['internet', 'web', 'near', 'far', 'node-a', 'host-b'].flatMap((source) =>
        ['node-a', 'node-b'].flatMap((node) =>
          [30_080, 30_081, 30_082].map((port) => `${source} > ${node}:${port}`),
        ),
      ),
    },
  ],
  [
    "a hostPort leads to its pod on the pod's node only",
    {
      connected: ['internet', 'web', 'near', 'far', 'node-b', 'host-b'].map(
        (source) => `${source} > node-a:9090`,
      ),
      refused: ['internet > node-b:9090'],
    },
  ],
  [
    'a pod of several containers answers on the ports of each, by a Service too',
    { connected: ['web > near:8080', 'web > near:9100', 'web > svc/metrics:80', 'far > svc/metrics:80'] },
  ],
  [
    'a host-network pod answers at the address of its node',
    { connected: ['web > host-a:7070', 'web > host-b:7070', 'internet > host-a:7070', 'host-b > near:8080'] },
  ],
  [
    'externalTrafficPolicy Local is silent where it has no backend, but not for clients of the cluster',
    {
      connected: ['internet > node-b:30083', 'web > node-a:30083', 'node-a > node-a:30083'],
      blocked: ['internet > node-a:30083'],
    },
  ],
  [
    'internalTrafficPolicy Local reaches backends of the own node only',
    { connected: ['far > svc/far-inside:80'], blocked: ['web > svc/far-inside:80'] },
  ],
  [
    'no endpoints, or no such port, is refused',
    {
      refused: [
        'web > svc/nobody:80',
        'node-b > svc/nobody:80',
        'internet > node-a:30084',
        'web > node-b:30084',
        'web > svc/near:81',
        'web > svc/near:80/UDP',
        'node-a > svc/near:81',
      ],
    },
  ],
];

export interface Case {
  readonly title: string;
  /** The address of a bridge exists on bridges only. */
  readonly topology?: 'bridge';
  readonly policies: readonly Policy[];
  readonly admitted: readonly string[];
  readonly denied: readonly string[];
}

/** Every pod, both directions. */
export const CLOSED: Policy = { pods: '*', ingress: [], egress: [] };

/** The ways a packet can take to or from a pod. A default deny never stops 6, 7 and 8. */
export const DIRECTIONS: readonly string[] = [
  'web > near:8080', // 1: pod to pod, same node
  'web > far:8081', // 2: to another node
  'far > web:80', // 3: and from there
  'web > svc/near:80', // 4: ClusterIP, backend on the same node
  'web > svc/far:80', // 5: on another node
  'near > svc/near:80', // 6: itself
  'node-a > near:8080', // 7: own node to pod
  'web > node-a:10250', // 8: pod to own node
  'node-b > near:8080', // 9: another node to pod
  'web > internet:80', // 10: out
  'internet > node-a:30081', // 11: NodePort, backend on the entry node
  'internet > node-a:30082', // 12: on another node
  'internet > node-a:9090', // 13: hostPort
  'web > node-a:30081', // 14: NodePort of the own node
  'web > node-b:30082', // 15: of another node
];
export const NEVER_DENIED: readonly string[] = [
  'near > svc/near:80',
  'node-a > near:8080',
  'web > node-a:10250',
];

const directions: readonly Case[] = [
  {
    title: 'default deny stops every direction but itself, from the own node and to it',
    policies: [CLOSED],
    admitted: NEVER_DENIED,
    denied: DIRECTIONS.filter((dial) => !NEVER_DENIED.includes(dial)),
  },
  {
    title: 'rules admit every direction, and nothing beside it',
    policies: [
      CLOSED,
      {
        pods: 'app=web',
        ingress: [{ peers: ['app=api'], ports: [80] }],
        egress: [
          { peers: ['app=api'], ports: [8080, 8081] },
          { peers: ['internet'], ports: [80] },
          { peers: ['node-b'], ports: [30_082] },
        ],
      },
      {
        pods: 'app=api',
        ingress: [{ peers: ['app=web', 'internet', 'node-a', 'node-b'], ports: [8080, 8081] }],
        egress: [{ peers: ['app=web'], ports: [80] }],
      },
    ],
    admitted: DIRECTIONS,
    denied: [
      'stranger > near:8080',
      'web > stranger:80',
      'near > internet:80',
      'internet > web:80',
      'web > internet:443',
      'web > node-b:10250',
      'node-b > near:9100',
    ],
  },
];

/** Lines H1 to H3: nodes and host-network pods. */
const hosts: readonly Case[] = [
  {
    title: 'H1: the own node reaches its pods under default deny, whatever it dials; another node does not',
    policies: [CLOSED],
    admitted: [
      'node-a > near:8080',
      'node-a > near:8080/UDP',
      'node-a > svc/near:80',
      'node-a > node-a:30081',
      'host-a > near:8080',
      'node-b > far:8081',
      'host-b > far:8081',
      'host-b > svc/far:80',
    ],
    denied: [
      'node-b > near:8080',
      'node-b > near:8080/UDP',
      'node-b > svc/near:80',
      'node-b > node-a:30081',
      'host-b > near:8080',
      'node-a > far:8081',
    ],
  },
  {
    title: 'H1: another node is an ordinary address: an ipBlock admits it',
    policies: [{ pods: 'app=api', ingress: [{ peers: ['node-b'] }] }],
    admitted: ['node-b > near:8080', 'node-b > svc/near:80', 'host-b > near:8080'],
    denied: ['web > near:8080', 'internet > node-a:9090', 'node-a > far:8081'],
  },
  {
    title: 'H2: a pod reaches its own node under default deny, and no other',
    policies: [CLOSED],
    admitted: [
      'web > node-a:10250',
      'web > node-a:10250/UDP',
      'web > host-a:7070',
      'far > node-b:10250',
      'far > host-b:7070',
    ],
    denied: ['web > node-b:10250', 'web > node-b:10250/UDP', 'web > host-b:7070', 'far > node-a:10250'],
  },
  {
    title: 'H2: the same by the address of the bridge',
    topology: 'bridge',
    policies: [CLOSED],
    admitted: ['web > gateway-a:10250', 'web > gateway-a:10250/UDP', 'far > gateway-b:10250'],
    denied: ['web > gateway-b:10250', 'far > gateway-a:10250', 'node-b > near:8080'],
  },
  {
    title: 'H2: an ipBlock admits another node to a pod, port by port',
    policies: [{ pods: 'app=web', egress: [{ peers: ['node-b'], ports: [10_250] }] }],
    admitted: ['web > node-b:10250', 'web > node-a:10250'],
    denied: ['web > host-b:7070', 'web > internet:80'],
  },
  {
    title: 'H3: a host-network pod is not subject to a policy that selects its labels',
    policies: [{ pods: 'app=web', ingress: [], egress: [] }],
    admitted: ['far > host-a:7070', 'internet > host-a:7070', 'host-b > internet:80', 'host-b > near:8080'],
    denied: ['far > web:80', 'internet > web:80', 'web > internet:80'],
  },
  {
    title: 'H3: a selector admits no host-network pod to a pod of another node',
    policies: [{ pods: 'app=api', ingress: [{ peers: ['app=web'] }] }],
    admitted: ['web > near:8080', 'web > far:8081', 'host-a > near:8080'],
    denied: ['host-b > near:8080', 'host-a > far:8081', 'stranger > near:8080'],
  },
  {
    title: 'H3: nor a pod to one; its own node it reaches all the same',
    policies: [{ pods: 'app=api', egress: [{ peers: ['app=web'] }] }],
    admitted: ['near > web:80', 'near > host-a:7070', 'far > web:80'],
    denied: ['near > host-b:7070', 'far > host-a:7070', 'near > stranger:80'],
  },
  {
    title: 'H3: an ipBlock with the address of the node does',
    policies: [
      { pods: 'app=api', ingress: [{ peers: ['node-b'] }], egress: [{ peers: ['host-b'], ports: [7070] }] },
    ],
    admitted: ['host-b > near:8080', 'near > host-b:7070'],
    denied: ['near > node-b:10250', 'near > web:80', 'web > near:8080'],
  },
];

/** Lines H4 to H7: a pod and itself, and Services. */
const services: readonly Case[] = [
  {
    title: 'H4: a pod reaches itself under default deny, by its address, Service, NodePort and hostPort',
    policies: [CLOSED],
    admitted: [
      'near > near:8080',
      'near > near:9100',
      'near > near:8080/UDP',
      'far > far:8081',
      'near > svc/near:80',
      'far > svc/far:80',
      'far > svc/dns:53/UDP',
      'near > node-a:30081',
      'far > node-b:30082',
      'near > node-a:9090',
    ],
    denied: ['near > svc/far:80', 'far > svc/near:80', 'web > svc/near:80', 'near > node-b:30081'],
  },
  {
    title: 'H5: egress is admitted by the targetPort',
    policies: [{ pods: 'app=web', egress: [{ peers: ['app=api'], ports: [8080, 8081] }] }],
    admitted: [
      'web > svc/near:80',
      'web > svc/far:80',
      'web > node-a:30081',
      'web > node-a:30082',
      'web > node-a:9090',
    ],
    denied: ['web > svc/metrics:80', 'web > svc/dns:53/UDP', 'web > node-b:30082'],
  },
  {
    title: 'H5: egress is not admitted by the port of the Service, the NodePort or the hostPort',
    policies: [{ pods: 'app=web', egress: [{ peers: ['app=api'], ports: [80, 30_081, 30_082, 9090] }] }],
    admitted: ['web > node-a:10250'],
    denied: [
      'web > svc/near:80',
      'web > svc/far:80',
      'web > node-a:30081',
      'web > node-a:30082',
      'web > node-a:9090',
    ],
  },
  {
    title: "H5: a named port is each backend's own number",
    policies: [{ pods: 'app=web', egress: [{ peers: ['app=api'], ports: ['http'] }] }],
    admitted: ['web > svc/near:80', 'web > svc/far:80', 'web > svc/api:80'],
    denied: ['web > svc/metrics:80', 'web > near:9100'],
  },
  {
    title: 'H5: an ipBlock with the ClusterIP admits nothing',
    policies: [{ pods: 'app=web', egress: [{ peers: ['svc/near', 'svc/far'] }] }],
    admitted: ['web > node-a:10250'],
    denied: ['web > svc/near:80', 'web > svc/far:80', 'web > near:8080'],
  },
  {
    title: 'H5: an ipBlock with the backend admits the Service',
    policies: [{ pods: 'app=web', egress: [{ peers: ['near'], ports: [8080] }] }],
    admitted: ['web > svc/near:80', 'web > node-a:30081'],
    denied: ['web > svc/far:80', 'web > svc/metrics:80'],
  },
  {
    title: 'H5: ingress sees the real client, before any masquerade',
    policies: [{ pods: 'app=api', ingress: [{ peers: ['app=web'] }] }],
    admitted: [
      'web > svc/near:80',
      'web > svc/far:80',
      'web > svc/dns:53/UDP',
      'web > node-a:30081',
      'web > node-a:9090',
    ],
    denied: [
      'stranger > svc/near:80',
      'stranger > svc/far:80',
      'stranger > svc/dns:53/UDP',
      'stranger > node-a:30081',
      'stranger > node-a:9090',
      'internet > node-a:30081',
    ],
  },
  {
    title: 'H5: and not the address that a masquerade puts in its place',
    policies: [{ pods: 'app=api', ingress: [{ peers: ['node-a', 'gateway-a', 'node-b', 'gateway-b'] }] }],
    admitted: ['node-a > far:8081', 'node-b > near:8080'],
    denied: [
      'web > node-a:30081',
      'web > node-a:9090',
      'internet > node-a:30081',
      'internet > node-a:9090',
      'internet > node-b:30082',
      'internet > node-b:30083',
    ],
  },
  {
    title: 'H5: the internet is itself, where it enters by the node of the backend',
    policies: [{ pods: 'app=api', ingress: [{ peers: ['internet'] }] }],
    admitted: [
      'internet > node-a:30081',
      'internet > node-b:30082',
      'internet > node-b:30083',
      'internet > node-a:9090',
    ],
    denied: ['internet > node-b:30081', 'internet > node-a:30082', 'web > svc/near:80'],
  },
  {
    title: 'H6: replies pass though nothing admits that way, also from a backend behind a Service',
    policies: [
      { pods: 'app=web', ingress: [], egress: [{ peers: ['app=api'] }] },
      { pods: 'app=api', ingress: [{ peers: ['app=web'] }], egress: [] },
    ],
    admitted: [
      'web > near:8080',
      'web > near:8080/UDP',
      'web > far:8081',
      'web > far:8081/UDP',
      'web > svc/near:80',
      'web > svc/far:80',
      'web > svc/dns:53/UDP',
    ],
    denied: ['near > web:80', 'near > web:80/UDP', 'far > web:80', 'far > web:80/UDP'],
  },
  {
    title: 'H7: a selector admits no pod that comes through a masquerading NodePort of another node',
    policies: [{ pods: 'app=api', ingress: [{ peers: ['app=web'] }] }],
    // Masqueraded only when it leaves the node it entered by.
    admitted: ['web > node-a:30081', 'web > node-b:30082'],
    denied: ['web > node-b:30081', 'web > node-a:30082', 'stranger > node-b:30082'],
  },
  {
    title: 'H7: an ipBlock with that node does, and admits everybody who comes that way',
    policies: [{ pods: 'app=api', ingress: [{ peers: ['node-a', 'node-b'] }] }],
    admitted: [
      'web > node-b:30081',
      'web > node-a:30082',
      'stranger > node-b:30081',
      'internet > node-b:30081',
      'internet > node-a:30082',
    ],
    denied: ['web > svc/near:80', 'web > node-a:30081', 'internet > node-a:30081'],
  },
  {
    title: 'H7: the client needs egress to that node and its NodePort, not to the backend',
    policies: [
      { pods: 'app=api', ingress: [{ peers: ['node-b'] }] },
      { pods: 'app=web', egress: [{ peers: ['node-b'], ports: [30_081] }] },
      { pods: 'app=stranger', egress: [{ peers: ['app=api'] }, { peers: ['node-b'], ports: [8080] }] },
    ],
    admitted: ['web > node-b:30081'],
    denied: ['stranger > node-b:30081', 'web > near:8080', 'web > node-b:30082'],
  },
  {
    title: 'a port of one container of a pod says nothing of the others',
    policies: [{ pods: 'app=api', ingress: [{ peers: ['app=web'], ports: ['metrics'] }] }],
    admitted: ['web > near:9100', 'web > svc/metrics:80'],
    denied: ['web > near:8080', 'web > svc/near:80', 'web > far:8081', 'stranger > svc/metrics:80'],
  },
];

export const JUDGED: readonly Case[] = [...directions, ...hosts, ...services];
