/** One direction of one flow, as its conditions are checked. */
import type { Pod } from '../model/cluster.ts';
import type { Path } from '../model/labels.ts';
import type { Direction, Policy } from '../model/policy.ts';
import type { Protocol } from '../model/protocol.ts';
import type { End, Place } from '../world/place.ts';
import type { At, World } from '../world/world.ts';

export interface DirectionQuestion {
  readonly world: World;
  readonly direction: Direction;
  readonly subject: Pod;
  /** The other side, and what is known of its address in this family. */
  readonly other: End;
  readonly place: Place;
  readonly port: AskedPort;
}

export interface AskedPort {
  readonly protocol: Protocol;
  /** One of those meant; the only one unless `scope` says otherwise. */
  readonly number: number;
  /** `range`: all of a range that a rule names; `other`: all that nobody declares and no rule names. */
  readonly scope: 'one' | 'range' | 'other';
  /** `8080/TCP`, `1000-2000/TCP`, `other TCP ports`. */
  readonly text: string;
  readonly name: string | null;
  /** A container of the destination declares it. */
  readonly declared: boolean;
}

/** A port by itself, as `80/TCP`. */
export function onePort(
  protocol: Protocol,
  number: number,
  name: string | null = null,
  declared = false,
): AskedPort {
  return { protocol, number, scope: 'one', text: `${number}/${protocol}`, name, declared };
}

/** The pod whose container ports give a named port its number: the destination. */
export function resolverOf(question: DirectionQuestion): Pod | null {
  if (question.direction === 'ingress') return question.subject;
  return podOf(question.other);
}

/** The pod that selectors can match: never one of the host's network (semantics H3). */
export function podOf(end: End): Pod | null {
  return end.kind === 'pod' && !end.pod.hostNetwork ? end.pod : null;
}

/** Where that part of the policy stands; null where the policy was not read from a file. */
export function locate(question: DirectionQuestion, policy: Policy, path: Path): At | null {
  return question.world.locate(policy, path);
}
