/** A case's flows as lines of text, wanted and as one of the evaluators judges them: a difference reads well. */
import type { Flow } from '../../src/model/verdict.ts';
import type { SemanticCase } from './case.ts';
import { flowsOf } from './world.ts';

export interface Judgement {
  readonly wanted: readonly string[];
  readonly found: readonly string[];
}

export function judge({ objects, flows }: SemanticCase, allows: (flow: Flow) => boolean): Judgement {
  const wanted: string[] = [];
  const found: string[] = [];
  for (const { from, to, transport, allow } of flows) {
    for (const flow of flowsOf(objects, from, to, transport)) {
      const line = `${from} (${flow.source}) > ${to} (${flow.destination}) ${transport}`;
      wanted.push(`${line}: ${allow ? 'allow' : 'deny'}`);
      found.push(`${line}: ${allows(flow) ? 'allow' : 'deny'}`);
    }
  }
  return { wanted, found };
}
