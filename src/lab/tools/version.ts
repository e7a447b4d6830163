import { execa } from 'execa';
import { compareVersions } from '../../model/compare-versions.ts';
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
