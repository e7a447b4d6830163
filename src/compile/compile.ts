/** The full recompute: a snapshot -> the ruleset of one node. The same bytes as the incremental path. */
import type { Snapshot } from '../model/cluster.ts';
import { policyRef } from '../model/policy-ref.ts';
import type { CompiledTable } from './compiled.ts';
import { type CompileOptions, Compiler } from './compiler.ts';

/** The policies' table alone: what only a machine brings is not in it. */
export function compile(snapshot: Snapshot, options: CompileOptions): CompiledTable {
  const compiler = new Compiler(options);
  for (const [key, value] of snapshot.namespaces) compiler.update({ kind: 'namespace', key, value });
  for (const [key, value] of snapshot.pods) compiler.update({ kind: 'pod', key, value });
  for (const value of snapshot.policies.values())
    compiler.update({ kind: 'policy', ref: policyRef(value), value });
  return compiler.result();
}
