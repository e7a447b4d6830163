import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cases } from '../../test/kit/cases.ts';
import { modelPod } from '../../test/kit/model-pod.ts';
import type { Address } from '../model/address.ts';
import { type Namespace, type Pod, podKey, type Snapshot } from '../model/cluster.ts';
import type { Labels, Operator, Requirement, Selector } from '../model/labels.ts';
import type { Peer, Policy, PolicyRule } from '../model/policy.ts';
import { policyKey, policyText } from '../model/policy-ref.ts';
import { parseAddress } from '../net/address.ts';
import { parseCidr } from '../net/cidr.ts';
import { toText } from '../nft/text.ts';
import { compile } from './compile.ts';
import { SHAPES } from './shapes.ts';

const NODE = 'node-a';

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === null) throw new TypeError(text);
  return parsed;
}

function pod(
  namespace: string,
  name: string,
  last: number,
  labels: Readonly<Record<string, string>> = {},
): Pod {
  return modelPod(name, {
    namespace,
    uid: `${name}-uid`,
    labels: new Map(Object.entries(labels)),
    node: NODE,
    addresses: [address(`10.0.0.${last}`), address(`fd00::${last}`)],
  });
}

function requirement(key: string, operator: Operator, ...values: readonly string[]): Requirement {
  return { key, operator, values, path: [] };
}

function selector(...requirements: readonly Requirement[]): Selector {
  return { kind: 'requirements', requirements };
}

function pods(namespace: string, chosen: Selector): Peer {
  return { kind: 'pods', path: [], namespaces: { kind: 'named', name: namespace }, pods: chosen };
}

function rule(index: number, ...peers: readonly Peer[]): PolicyRule {
  return { index, peers: { kind: 'some', peers }, ports: { kind: 'any' } };
}

function policy(name: string, subject: Selector, ...ingress: readonly PolicyRule[]): Policy {
  return { kind: 'NetworkPolicy', namespace: 'shop', name, subject, ingress, egress: null, problems: [] };
}

function snapshot(
  podList: readonly Pod[],
  policies: readonly Policy[],
  labels: Labels = new Map(),
): Snapshot {
  const namespaces = new Map<string, Namespace>([['shop', { name: 'shop', labels }]]);
  return {
    namespaces,
    pods: new Map(podList.map((each) => [podKey(each.namespace, each.name), each])),
    policies: new Map(policies.map((each) => [policyKey(each), each])),
    nodes: new Map(),
  };
}

const EVERYTHING = selector();
const app = (value: string): Selector => selector(requirement('app', 'In', value));
const OPTIONS = { node: NODE, podRanges: [] };

describe('an address that two pods claim', () => {
  const HERE = pod('shop', 'web', 1, { app: 'web' });
  // First by name: every node takes it for the owner.
  const ELSEWHERE: Pod = { ...pod('shop', 'a', 1), node: 'another' };
  const closed = policy('closed', app('web'));
  const verdicts = (...pods: readonly Pod[]): readonly string[] => {
    const { maps } = compile(snapshot(pods, [closed]), OPTIONS).ruleset;
    return [...maps].flatMap(([name, { elements }]) =>
      name.startsWith('in_') ? [...elements.values()].map(({ kind }) => kind) : [],
    );
  };

  test('is closed by the policies of this node’s pod, whoever claims it on another node', () => {
    expect(verdicts(HERE)).toEqual(['goto', 'goto']);
    expect(verdicts(HERE, ELSEWHERE)).toEqual(['goto', 'goto']);
    expect(verdicts(ELSEWHERE, HERE)).toEqual(['goto', 'goto']);
  });

  test('is left to the other one while this node’s pod is being deleted, unless that one is as well', () => {
    const leaving = { ...HERE, deleting: true };
    expect(verdicts(leaving, ELSEWHERE)).toEqual([]);
    expect(verdicts(leaving, { ...ELSEWHERE, deleting: true })).toEqual(['goto', 'goto']);
  });
});

describe('sets', () => {
  const WEB = pod('shop', 'web', 1, { app: 'web' });
  const API = pod('shop', 'api', 2, { app: 'api', tier: 'back' });
  const apart = { ...SHAPES, setsApart: 100 };
  const peersIn = (...policies: readonly Policy[]): readonly string[] =>
    [...compile(snapshot([WEB, API], policies), { ...OPTIONS, shapes: apart }).ruleset.sets.keys()].filter(
      (name) => name.startsWith('peer_'),
    );

  test('one meaning in two policies is one set for each family', () => {
    const rules = [rule(0, pods('shop', app('api')))];
    expect(peersIn(policy('a', app('web'), ...rules), policy('b', EVERYTHING, ...rules))).toHaveLength(2);
  });

  test('one meaning in another order of words is one set', () => {
    const [one, other] = [requirement('app', 'In', 'api', 'x'), requirement('tier', 'Exists')];
    const turned = requirement('app', 'In', 'x', 'api', 'x');
    expect(
      peersIn(
        policy('a', app('web'), rule(0, pods('shop', selector(one, other)))),
        policy('b', app('web'), rule(0, pods('shop', selector(other, turned)))),
      ),
    ).toHaveLength(2);
  });

  test('another operator, value, key, namespace or scope is another set', () => {
    const groups: readonly Peer[] = [
      pods('shop', app('api')),
      pods('shop', app('web')),
      pods('shop', selector(requirement('app', 'NotIn', 'api'))),
      pods('shop', selector(requirement('app', 'Exists'))),
      pods('shop', selector(requirement('app', 'DoesNotExist'))),
      pods('shop', selector(requirement('tier', 'In', 'api'))),
      pods('shop', EVERYTHING),
      pods('other', app('api')),
      { kind: 'pods', path: [], namespaces: { kind: 'selected', selector: EVERYTHING }, pods: app('api') },
      { kind: 'pods', path: [], namespaces: { kind: 'selected', selector: app('api') }, pods: EVERYTHING },
    ];
    expect(peersIn(policy('a', app('web'), rule(0, ...groups)))).toHaveLength(2 * groups.length);
  });

  test('are named by their meaning, not by their members', () => {
    const policies = [policy('a', app('web'), rule(0, pods('shop', app('api'))))];
    const before = compile(snapshot([WEB], policies), OPTIONS).ruleset;
    const after = compile(snapshot([WEB, API], policies), OPTIONS).ruleset;
    expect([...after.sets.keys()]).toEqual([...before.sets.keys()]);
    const holding = [...after.sets.values()]
      .filter(({ elements }) => elements.has('10.0.0.2'))
      .map(({ name }) => name);
    expect(holding.some((name) => name.startsWith('peer_'))).toBe(true);
  });

  test('of blocks are named by the addresses, so that equal blocks written otherwise are one', () => {
    const cidr = (text: string) => {
      const parsed = parseCidr(text);
      if (parsed === null) throw new TypeError(text);
      return parsed.cidr;
    };
    const block = (text: string, ...except: readonly string[]): Peer => ({
      kind: 'ipBlock',
      path: [],
      cidr: cidr(text),
      except: except.map(cidr),
    });
    const { sets } = compile(
      snapshot(
        [WEB],
        [
          policy(
            'a',
            app('web'),
            rule(0, block('10.1.0.0/24')),
            rule(1, block('10.1.0.0/25'), block('10.1.0.128/25')),
            rule(2, block('10.1.0.0/23', '10.1.1.0/24')),
            // Nothing is left of this one, so nothing is looked up.
            rule(3, block('10.1.0.0/24', '10.1.0.0/25', '10.1.0.128/25')),
          ),
        ],
      ),
      OPTIONS,
    ).ruleset;
    const nets = [...sets.values()].filter(({ name }) => name.startsWith('net_'));
    expect(nets.map(({ elements }) => [...elements])).toEqual([['10.1.0.0-10.1.0.255 . 0-255']]);
  });
});

describe('chains', () => {
  test('of two pods with the same policies are one, beside a chain of each pod’s own', () => {
    const { ruleset, endpoints } = compile(
      snapshot([pod('shop', 'a', 1), pod('shop', 'b', 2)], [policy('p', EVERYTHING)]),
      OPTIONS,
    );
    const names = [...ruleset.chains.keys()];
    expect(names.filter((name) => name.startsWith('rin_'))).toHaveLength(1);
    const own = [...endpoints.values()].map(({ ingress }) => ingress);
    expect(new Set(own).size).toBe(2);
  });

  test('come from the policies that select the pod, however alike two policies are', () => {
    const long = 'p'.repeat(252);
    const peer = rule(0, pods('shop', app('x')));
    const { ruleset, endpoints, origins } = compile(
      snapshot(
        [pod('shop', 'a', 1, { app: 'a' }), pod('shop', 'b', 2, { app: 'b' })],
        [policy(`${long}1`, app('a'), peer), policy(`${long}2`, app('b'), peer)],
      ),
      OPTIONS,
    );
    for (const [name, wanted] of [
      ['a', `${long}1`],
      ['b', `${long}2`],
    ] as const) {
      const chain = endpoints.get(podKey('shop', name))?.ingress ?? null;
      const last = chain && ruleset.chains.get(chain)?.rules.at(-1)?.statements.at(-1);
      const rules = last?.kind === 'goto' ? (origins.get(last.chain) ?? []) : [];
      expect(new Set(rules.flat().map((origin) => policyText(origin.policy)))).toEqual(
        new Set([`NetworkPolicy shop/${wanted}`]),
      );
    }
  });
});

test('no text of a user becomes a name, a comment or an element, whatever it is', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '"; flush ruleset',
      '} table inet x {',
      '#',
      '\\',
      '\n',
      '__proto__',
      'constructor',
      '@local_4',
      '٣',
      '🧩',
    ),
  );
  const word = text.filter((each) => !each.includes('/'));
  fc.assert(
    fc.property(
      fc.record({
        ns: word,
        name: word,
        policyName: word,
        key: text,
        value: text,
        uid: text,
        portName: text,
      }),
      ({ ns, name, policyName, key, value, uid, portName }) => {
        const subject: Pod = { ...pod(ns, name, 1, {}), uid, labels: new Map([[key, value]]) };
        const chosen = selector(requirement(key, 'In', value), requirement(value, 'NotIn', key));
        const given: Policy = {
          namespace: ns,
          name: policyName,
          kind: 'NetworkPolicy',
          subject: EVERYTHING,
          ingress: [rule(0, pods(ns, chosen), { kind: 'nothing', path: [], problem: value })],
          egress: [
            {
              index: 0,
              peers: { kind: 'some', peers: [{ ...pods(ns, chosen), path: [key] }] },
              ports: { kind: 'some', ports: [{ kind: 'named', path: [], protocol: 'TCP', name: portName }] },
            },
          ],
          problems: [],
        };
        const { ruleset } = compile(
          {
            ...snapshot([subject], []),
            namespaces: new Map([[ns, { name: ns, labels: new Map([[key, value]]) }]]),
            policies: new Map([[policyKey(given), given]]),
          },
          OPTIONS,
        );
        for (const object of [...ruleset.chains, ...ruleset.sets, ...ruleset.maps])
          expect(object[0]).toMatch(/^[a-z][a-z0-9_]{0,63}$/);
        for (const { rules } of ruleset.chains.values())
          for (const each of rules) expect(each.note).toMatch(/^[A-Za-z0-9_./:-]{0,90}$/);
        // Rendering checks names, comments, words and elements once more, and throws.
        expect(toText(ruleset)).toMatch(/^[\x20-\x7e\n\t]*$/);
      },
    ),
    { numRuns: cases(150) },
  );
});
