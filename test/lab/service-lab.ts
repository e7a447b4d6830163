/** Two nodes with Services between their pods, and the words in which tables of probes are written. */
import { expect } from 'vitest';
import type { ProbeReport, ProbeSource } from '../../src/channel/probe.ts';
import { planLab, podGateways } from '../../src/lab/network/plan.ts';
import type { SupervisorConfig } from '../../src/lab/supervisor/config.ts';
import { dial, type InsideLab, namespace, startReady, synced } from './inside-lab.ts';

export const SERVICES = '/api/v1/namespaces/shop/services';
export const PODS = '/api/v1/namespaces/shop/pods';
export const SLICES = '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices';
const POLICIES = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies';

export type Family = 4 | 6;
export type Outcome = ProbeReport['outcome'];
export type Raw = Readonly<Record<string, unknown>>;

export interface Rule {
  /** `app=web`: pods. A place, such as `node-b`, `internet`, `near` or `svc/near`: its addresses as ipBlocks. */
  readonly peers?: readonly string[];
  /** TCP. */
  readonly ports?: readonly (number | string)[];
}

/** A NetworkPolicy; a direction that is present is isolated. `pods` `*` is every pod, else `label=value`. */
export interface Policy {
  readonly pods: string;
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}

/** Dials are `SOURCE > PLACE:PORT[/UDP]`, each made over every family. */
export type Expected = Partial<Readonly<Record<Outcome, readonly string[]>>>;

export function pod(name: string, nodeName: string, labels: Raw, ports: readonly Raw[], more: Raw = {}): Raw {
  const containers = ports.map((port, index) => ({ name: `c${index}`, image: 'none', ports: [port] }));
  const metadata = { name, namespace: 'shop', labels };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName, containers, ...more } };
}

export function service(name: string, spec: Raw): Raw {
  const metadata = { name, namespace: 'shop' };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { ipFamilyPolicy: 'PreferDualStack', ...spec },
  };
}

function nodePort(
  name: string,
  selector: Raw,
  number: number,
  targetPort: number | string,
  more: Raw = {},
): Raw {
  const ports = [{ name: 'http', port: 80, targetPort, nodePort: number }];
  return service(name, { type: 'NodePort', selector, ports, ...more });
}

function onHost(name: string, node: string): Raw {
  return pod(name, node, { app: 'web', role: 'host' }, [{ containerPort: 7070 }], { hostNetwork: true });
}

export const OBJECTS: readonly unknown[] = [
  namespace('shop'),
  pod('web', 'node-a', { app: 'web' }, [{ containerPort: 80 }]),
  pod('stranger', 'node-a', { app: 'stranger' }, [{ containerPort: 80 }]),
  // One name, two numbers: a named targetPort is each pod's own matter. near has two containers.
  pod('near', 'node-a', { app: 'api', at: 'near' }, [
    { name: 'http', containerPort: 8080, hostPort: 9090 },
    { name: 'metrics', containerPort: 9100 },
  ]),
  pod('far', 'node-b', { app: 'api', at: 'far' }, [{ name: 'http', containerPort: 8081 }]),
  // With the labels of web, which must not matter.
  onHost('host-a', 'node-a'),
  onHost('host-b', 'node-b'),
  nodePort('api', { app: 'api' }, 30_080, 'http'),
  service('sticky', {
    selector: { app: 'api' },
    sessionAffinity: 'ClientIP',
    ports: [{ port: 80, targetPort: 'http' }],
  }),
  nodePort('near', { at: 'near' }, 30_081, 8080),
  nodePort('far', { at: 'far' }, 30_082, 8081),
  nodePort('far-local', { at: 'far' }, 30_083, 'http', { externalTrafficPolicy: 'Local' }),
  nodePort('nobody', { app: 'nobody' }, 30_084, 'http'),
  service('far-inside', {
    selector: { at: 'far' },
    internalTrafficPolicy: 'Local',
    ports: [{ port: 80, targetPort: 8081 }],
  }),
  service('metrics', { selector: { app: 'api' }, ports: [{ port: 80, targetPort: 'metrics' }] }),
  service('dns', { selector: { at: 'far' }, ports: [{ port: 53, protocol: 'UDP', targetPort: 8081 }] }),
  service('headless', {
    selector: { at: 'far' },
    clusterIP: 'None',
    ports: [{ port: 80, targetPort: 8081 }],
  }),
  service('by-hand', { ports: [{ name: 'http', port: 80 }] }),
];

type Dual = Readonly<Partial<Record<Family, string>>>;

export class ServiceLab {
  readonly inside: InsideLab;
  readonly families: readonly Family[];
  readonly #places: ReadonlyMap<string, Dual>;

  private constructor(inside: InsideLab, families: readonly Family[], places: ReadonlyMap<string, Dual>) {
    this.inside = inside;
    this.families = families;
    this.#places = places;
  }

  static async start(
    options: Pick<SupervisorConfig, 'topology'> & Partial<SupervisorConfig>,
  ): Promise<ServiceLab> {
    const inside = await startReady(OBJECTS, { nodes: 2, ...options });
    const { families, pods, nodes, external } = await inside.client.state();
    const plan = planLab({ nodes: nodes.length, ipFamily: 'dual' });
    const { body } = await inside.api('GET', SERVICES);
    const places: (readonly [string, readonly string[]])[] = [
      ['internet', external.addresses],
      ...nodes.map(({ name, addresses }) => [name, addresses] as const),
      // The address of a node's bridge, where it has one.
      ...plan.nodes.map((node) => [node.name.replace('node', 'gateway'), podGateways(plan, node)] as const),
      ...pods.map(({ name, addresses }) => [name, addresses] as const),
      ...clusterAddresses(body).map(([name, addresses]) => [`svc/${name}`, addresses] as const),
    ];
    return new ServiceLab(inside, families, new Map(places.map(([name, list]) => [name, byFamily(list)])));
  }

  addressOf(place: string, family: Family): string {
    const address = this.#places.get(place)?.[family];
    if (address === undefined) throw new Error(`${place} has no IPv${family} address`);
    return address;
  }

  /** What became of each dial over each family. */
  async outcomes(
    expected: Expected,
    families: readonly Family[] = this.families,
  ): Promise<Readonly<Record<string, Outcome>>> {
    const asked = Object.entries(expected).flatMap(([outcome, dials]) =>
      dials.flatMap((dialled) => families.map((family) => ({ outcome, dialled, family }))),
    );
    const found = asked.map(
      async ({ outcome, dialled, family }): Promise<[string, Outcome]> => [
        `${dialled} over IPv${family}`,
        await this.probe(dialled, family, outcome),
      ],
    );
    return Object.fromEntries(await Promise.all(found));
  }

  async expect(expected: Expected, families: readonly Family[] = this.families): Promise<void> {
    const wanted = Object.entries(expected).flatMap(([outcome, dials]) =>
      dials.flatMap((dialled) => families.map((family) => [`${dialled} over IPv${family}`, outcome])),
    );
    expect(await this.outcomes(expected, families)).toEqual(Object.fromEntries(wanted));
  }

  async probe(dialled: string, family: Family, expected: string): Promise<Outcome> {
    const [, source = '', place = '', port, udp] = /^(\S+) > (\S+):(\d+)(\/UDP)?$/.exec(dialled) ?? [];
    const protocol = udp === undefined ? 'TCP' : 'UDP';
    const to = { address: this.addressOf(place, family), port: Number(port), protocol } as const;
    return await dial(this.inside, { from: sourceOf(source), to }, expected);
  }

  async synced(): Promise<void> {
    await synced(this.inside);
  }

  async create(path: string, object: unknown): Promise<void> {
    expect(await this.inside.api('POST', path, object)).toMatchObject({ status: 201 });
  }

  /** Runs with these policies in force, and without them again afterwards. */
  async under(policies: readonly Policy[], check: () => Promise<void>): Promise<void> {
    for (const [index, policy] of policies.entries()) {
      const metadata = { name: `policy-${index}` };
      const spec = this.#spec(policy);
      await this.create(POLICIES, {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata,
        spec,
      });
    }
    try {
      await this.synced();
      await check();
    } finally {
      for (const index of policies.keys()) await this.inside.api('DELETE', `${POLICIES}/policy-${index}`);
      await this.synced();
    }
  }

  /** The policies let the admitted pass and stop the denied, all of whom pass without them. */
  async judges(
    policies: readonly Policy[],
    admitted: readonly string[],
    denied: readonly string[],
  ): Promise<void> {
    await this.expect({ connected: [...admitted, ...denied] });
    await this.under(policies, async () => await this.expect({ connected: admitted, blocked: denied }));
  }

  #spec({ pods, ingress, egress }: Policy): Raw {
    return {
      podSelector: pods === '*' ? {} : selector(pods),
      policyTypes: [
        ...(ingress === undefined ? [] : ['Ingress']),
        ...(egress === undefined ? [] : ['Egress']),
      ],
      ...(ingress && { ingress: ingress.map((rule) => this.#rule('from', rule)) }),
      ...(egress && { egress: egress.map((rule) => this.#rule('to', rule)) }),
    };
  }

  #rule(field: 'from' | 'to', { peers, ports }: Rule): Raw {
    return {
      ...(peers && { [field]: peers.flatMap((peer) => this.#peers(peer)) }),
      ...(ports && { ports: ports.map((port) => ({ port })) }),
    };
  }

  #peers(peer: string): readonly Raw[] {
    if (peer.includes('=')) return [{ podSelector: selector(peer) }];
    return this.families.map((family) => ({
      ipBlock: { cidr: `${this.addressOf(peer, family)}/${family === 4 ? 32 : 128}` },
    }));
  }
}

function selector(text: string): Raw {
  const [key = '', value] = text.split('=');
  return { matchLabels: { [key]: value } };
}

function sourceOf(name: string): ProbeSource {
  if (name === 'internet') return { external: true };
  return name.startsWith('node-') ? { node: name } : { pod: `shop/${name}` };
}

function clusterAddresses(list: unknown): readonly (readonly [string, readonly string[]])[] {
  const { items } = list as {
    readonly items: readonly {
      readonly metadata: { readonly name: string };
      readonly spec: { readonly clusterIPs?: readonly string[] };
    }[];
  };
  return items.map(({ metadata, spec }) => [metadata.name, spec.clusterIPs ?? []] as const);
}

function byFamily(addresses: readonly string[]): Dual {
  return Object.fromEntries(addresses.map((address) => [address.includes(':') ? 6 : 4, address]));
}
