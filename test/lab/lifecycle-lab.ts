/**
 * A lab of two nodes in which pods come and go by kubectl: everybody's neighbours (`base/friend`,
 * `base/stranger` on node-a, `base/far` on node-b), manifests in few words, and probes over both families.
 */
import { expect } from 'vitest';
import { HOLD_ANNOTATION } from '../../src/lab/kubelet/pod-spec.ts';
import { DIST } from '../kit/built.ts';
import { addressesOf, dial, type InsideLab, namespace, startReady, synced } from './inside-lab.ts';

export type Raw = Readonly<Record<string, unknown>>;
type Outcome = 'connected' | 'blocked' | 'refused' | 'error';

export const PORT = 8080;

/** `ns/name`, on node-a, isolated by nothing. */
export function pod(path: string, labels: Raw = {}, spec: Raw = {}): Raw {
  const [ns, name] = path.split('/');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: ns, name, labels },
    spec: { nodeName: 'node-a', containers: [container()], ...spec },
  };
}

export function container(more: Raw = {}): Raw {
  return { name: 'main', image: 'none', ports: [{ name: 'web', containerPort: PORT }], ...more };
}

/** Its containers run on for as long after its deletion. */
export function lingering(path: string, labels: Raw = {}, seconds = 600): Raw {
  return pod(path, labels, {
    terminationGracePeriodSeconds: seconds,
    containers: [container({ lifecycle: { preStop: { sleep: { seconds } } } })],
  });
}

/** On its node, with neither network nor containers until `LifecycleLab.release`. */
export function held(path: string, labels: Raw = {}): Raw {
  const made = pod(path, labels);
  return { ...made, metadata: { ...(made.metadata as Raw), annotations: { [HOLD_ANNOTATION]: 'true' } } };
}

/** Isolates the app in both directions but for what the rules say; without rules it is closed. */
export function policy(path: string, app: string, rules: Raw = {}): Raw {
  const [ns, name] = path.split('/');
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace: ns, name },
    spec: { podSelector: { matchLabels: { app } }, policyTypes: ['Ingress'], ...rules },
  };
}

/** Admits the pods of this app, of the policy's namespace. */
export function from(app: string): Raw {
  return { ingress: [{ from: [{ podSelector: { matchLabels: { app } } }] }] };
}

/** Admits the friend, and nobody else of `base`. */
export const FROM_FRIEND: Raw = {
  ingress: [
    {
      from: [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'base' } },
          podSelector: { matchLabels: { app: 'friend' } },
        },
      ],
    },
  ],
};

type Expected = Partial<Readonly<Record<Outcome, readonly string[]>>>;

function wantedOf(expected: Expected): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(expected).flatMap(([outcome, dials]) => dials.map((dial) => [dial, outcome])),
  );
}

export class LifecycleLab {
  readonly inside: InsideLab;

  private constructor(inside: InsideLab) {
    this.inside = inside;
  }

  static async start(): Promise<LifecycleLab> {
    const objects = [
      namespace('base'),
      pod('base/friend', { app: 'friend' }),
      pod('base/stranger', { app: 'stranger' }),
      pod('base/far', { app: 'stranger' }, { nodeName: 'node-b' }),
    ];
    return new LifecycleLab(await startReady(objects, { nodes: 2 }));
  }

  /** In the lab, as its user types it. */
  async kubectl(args: string, ...objects: readonly Raw[]): Promise<string> {
    const manifest = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    const line = `kubectl --kubeconfig ${this.inside.directory}/kubeconfig ${args}`;
    return await this.inside.sh(objects.length === 0 ? line : `${line} <<'OBJECTS'\n${manifest}\nOBJECTS`);
  }

  /** Objects of a namespace that is made first; returns when all run and every policyd has caught up. */
  async apply(ns: string, ...objects: readonly Raw[]): Promise<void> {
    await this.kubectl('apply -f -', namespace(ns) as Raw, ...objects);
    await this.synced();
  }

  /** Lets go of every pod of the namespace that is held. */
  async release(ns: string): Promise<void> {
    await this.kubectl(`annotate pod -n ${ns} --all ${HOLD_ANNOTATION}-`);
    await this.synced();
  }

  async synced(): Promise<void> {
    await synced(this.inside);
  }

  /** Like `expect`, before long: for a lab that is never in sync, since a pod is waited for. */
  async eventually(expected: Expected): Promise<void> {
    await expect.poll(() => this.#results(expected)).toEqual(wantedOf(expected));
  }

  /** `policyctl explain ... -o json`, in the lab. */
  async explain(question: string): Promise<unknown> {
    const { directory } = this.inside;
    const env = `KUBECONFIG=${directory}/kubeconfig POLICYD_LAB=${directory}/lab.sock`;
    const command = `${process.execPath} ${DIST}/policyctl.js explain -o json ${question}`;
    return JSON.parse(await this.inside.sh(`${env} ${command} || true`));
  }

  /** Its addresses, IPv4 first. */
  async addresses(path: string): Promise<readonly string[]> {
    return await addressesOf(this.inside, path);
  }

  /** Names of the pods of a namespace, sorted. */
  async names(ns: string): Promise<readonly string[]> {
    const { pods } = await this.inside.client.state();
    return pods.flatMap((one) => (one.namespace === ns ? [`${ns}/${one.name}`] : [])).sort();
  }

  /** Dials are `ns/pod > ns/pod`, or an address at the end; each is made over every family. */
  async expect(expected: Expected): Promise<void> {
    expect(await this.#results(expected)).toEqual(wantedOf(expected));
  }

  async #results(expected: Expected): Promise<Readonly<Record<string, string>>> {
    const found = Object.entries(wantedOf(expected)).map(
      async ([dial, outcome]) => [dial, await this.#outcomes(dial, outcome)] as const,
    );
    return Object.fromEntries(await Promise.all(found));
  }

  /** One word when all families agree. */
  async #outcomes(dialled: string, expected: string): Promise<string> {
    const [source = '', to = ''] = dialled.split(' > ');
    const addresses = /[.:]/.test(to) ? [to] : await this.addresses(to);
    if (addresses.length === 0) return 'no address';
    const found = await Promise.all(
      addresses.map((address) => {
        const to = { address, port: PORT, protocol: 'TCP' } as const;
        return dial(this.inside, { from: { pod: source }, to }, expected);
      }),
    );
    return [...new Set(found)].join(' and ');
  }
}
