/** One local pod -> its lasting chains and what the dispatch maps say of its addresses. */
import { type Family, familyOf } from '../model/address.ts';
import type { DirectionPolicy, EndpointPolicy } from '../model/endpoint.ts';
import type { Direction } from '../model/policy.ts';
import type { Chain, ElementVerdict } from '../nft/objects.ts';
import { note, podChainName, STAGE_IN } from './names.ts';
import type { CompiledStages, StageCompiler } from './rules.ts';
import { ACCEPT, backend, chain, client, goto, is, rule } from './statements.ts';

export interface CompiledDirection {
  /** null: not isolated, the pod has no chain of its own. */
  readonly chain: Chain | null;
  readonly stages: CompiledStages | null;
  readonly dispatch: ElementVerdict;
}

export interface CompiledEndpoint {
  readonly policy: EndpointPolicy;
  readonly ingress: CompiledDirection;
  readonly egress: CompiledDirection;
}

/** `policy.addresses` are the addresses the pod owns; at least one. */
export function compileEndpoint(policy: EndpointPolicy, compiler: StageCompiler): CompiledEndpoint {
  return {
    policy,
    ingress: compileDirection(policy, 'ingress', policy.ingress, compiler),
    egress: compileDirection(policy, 'egress', policy.egress, compiler),
  };
}

function compileDirection(
  endpoint: EndpointPolicy,
  direction: Direction,
  policy: DirectionPolicy,
  compiler: StageCompiler,
): CompiledDirection {
  const allowed = direction === 'ingress' ? ACCEPT : goto(STAGE_IN);
  if (policy.stages.length === 0) {
    const dispatch: ElementVerdict =
      direction === 'ingress' ? { kind: 'accept' } : { kind: 'goto', chain: STAGE_IN };
    return { chain: null, stages: null, dispatch };
  }
  const families = [...new Set(endpoint.addresses.map(familyOf))].sort();
  const stages = compiler.compile(policy.stages, direction, families, allowed);
  const name = podChainName(direction, endpoint.pod, endpoint.uid);
  const end = (family: Family) => (direction === 'ingress' ? client(family) : backend(family));
  const rules = [
    // A pod to itself is always allowed, through its own Service too (semantics H4).
    ...endpoint.addresses.map((address) =>
      rule([is(end(familyOf(address)), { kind: 'address', address }), ACCEPT], 'self'),
    ),
    rule([{ kind: 'counter' }, goto(stages.entry)], note(endpoint.pod)),
  ];
  return { chain: chain(name, rules), stages, dispatch: { kind: 'goto', chain: name } };
}
