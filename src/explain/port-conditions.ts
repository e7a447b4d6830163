/** A port of a rule against the port of the flow: protocol, then number or name. */
import type { Path } from '../model/labels.ts';
import type { Policy, PortMatch } from '../model/policy.ts';
import { portMatches } from '../policy/evaluate.ts';
import type { At } from '../world/world.ts';
import type { Condition } from './explanation.ts';
import { type DirectionQuestion, locate, resolverOf } from './judge.ts';

/** One condition: the protocol's where that differs, else the port's. */
export function portConditions(
  question: DirectionQuestion,
  policy: Policy,
  match: PortMatch,
): readonly Condition[] {
  const at = (path: Path): At | null => locate(question, policy, path);
  const { port } = question;
  const have = port.text;
  if (match.kind === 'nothing') {
    const want = `an invalid port, which matches nothing: ${match.problem}`;
    return [{ type: 'port', want, have, ok: false, at: at(match.path) }];
  }
  const ok = portMatches(match, resolverOf(question), {
    kind: 'ports',
    protocol: port.protocol,
    port: port.number,
  });
  if (match.protocol !== port.protocol) {
    const want = match.protocol;
    return [{ type: 'protocol', want, have: port.protocol, ok, at: at([...match.path, 'protocol']) }];
  }
  switch (match.kind) {
    case 'all':
      return [{ type: 'protocol', want: match.protocol, have: port.protocol, ok, at: at(match.path) }];
    case 'range': {
      const span = match.first === match.last ? `${match.first}` : `${match.first}-${match.last}`;
      const want = `${span}/${match.protocol}`;
      return [{ type: 'port', want, have, ok, at: at([...match.path, 'port']) }];
    }
    case 'named':
      return [
        {
          type: 'named port',
          want: `${match.name}/${match.protocol}${meaning(question, match)}`,
          have,
          ok,
          at: at([...match.path, 'port']),
        },
      ];
  }
}

/** What the name stands for at the destination, which alone decides (semantics F4, F5). */
function meaning(question: DirectionQuestion, match: PortMatch & { readonly kind: 'named' }): string {
  const resolver = resolverOf(question);
  if (resolver === null) return ' (only pods have named ports)';
  const numbers = resolver.ports
    .filter((port) => port.name === match.name && port.protocol === match.protocol)
    .map((port) => port.port);
  const pod = `${resolver.namespace}/${resolver.name}`;
  return numbers.length === 0 ? ` (${pod} declares none)` : ` (${numbers.join(', ')} in ${pod})`;
}
