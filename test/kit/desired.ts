/** What a node wants, as the agent keeps it, for tests that look at its policies alone. */
import type { CompiledTable } from '../../src/compile/compiled.ts';
import { NodeCompiler } from '../../src/compile/node-compiler.ts';
import type { Change } from '../../src/model/cluster.ts';
import { Desired } from '../../src/reconcile/desired.ts';

/** Of node-a, with its ranges from its node object; a compiler that throws fails the test. */
export function desiredOf(contents: readonly Change[]): Desired {
  return new Desired({
    createCompiler: (blind) => new NodeCompiler({ node: 'node-a', configured: [], blind }),
    contents: () => contents,
    broken: (error) => {
      throw error;
    },
  });
}

/** The first of the tables, which is always there. */
export function policiesOf(desired: Pick<Desired, 'compile'>): CompiledTable {
  const [table] = desired.compile().tables;
  if (table === undefined) throw new Error('no table of policies');
  return table;
}
