/** Line and column, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Why one document, or one object of it, could not be used. The other documents go on. */
export interface ManifestProblem extends Position {
  readonly file: string;
  /** `NetworkPolicy shop/web`, as far as it could be read. */
  readonly object: string | null;
  /** What was got and the rule it breaks, on one line. */
  readonly message: string;
  /** What to do, when that is known. */
  readonly hint: string | null;
}

/** `policies/api.yaml:17:22: NetworkPolicy shop/api: metadata.name: Required value` */
export function formatManifestProblem(problem: ManifestProblem): string {
  const object = problem.object === null ? '' : `${problem.object}: `;
  return `${problem.file}:${problem.line}:${problem.column}: ${object}${problem.message}`;
}
