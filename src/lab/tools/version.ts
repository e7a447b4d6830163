import { execa } from 'execa';
import type { Tool } from './tool.ts';

export type Checked =
  | { readonly kind: 'good'; readonly version: string }
  | { readonly kind: 'old'; readonly version: string }
  | { readonly kind: 'broken'; readonly reason: string };

/** kubectl may take long on a busy machine; a tool that hangs must not hang the lab. */
const patienceMs = 30_000;

/** Runs the program at `path` to see whether it works and is new enough. */
export async function checkTool(tool: Tool, path: string): Promise<Checked> {
  const result = await execa(path, tool.versionArguments, {
    reject: false,
    timeout: patienceMs,
    stdin: 'ignore',
    env: { LC_ALL: 'C', KUBECONFIG: '/dev/null' },
  });
  const said = `${result.stdout}\n${result.stderr}`;
  const version = tool.versionPattern.exec(said)?.[1];
  if (result.failed || version === undefined) {
    const reason = result.timedOut ? `no answer in ${patienceMs / 1_000} s` : lastLine(said);
    return { kind: 'broken', reason: reason === '' ? (result.shortMessage ?? 'said nothing') : reason };
  }
  const old = tool.oldest !== null && compareVersions(version, tool.oldest) < 0;
  return { kind: old ? 'old' : 'good', version };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}

/** Negative, zero or positive, number by number; a missing number counts as 0. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  for (let index = 0; index < Math.max(left?.length ?? 0, right?.length ?? 0); index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
