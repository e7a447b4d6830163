/** policyctl explain: why one end reaches another, or does not. */
import { explain, explainWithKernel } from '../explain/explain.ts';
import type { Explanation } from '../explain/explanation.ts';
import type { KernelViews } from '../explain/kernel.ts';
import { PLAIN } from '../explain/paint.ts';
import { explanationText } from '../explain/text.ts';
import { addressNamed, resolveDestination, resolveSource } from '../world/ends.ts';
import type { World } from '../world/world.ts';
import { EXIT } from './exit.ts';
import { colourPaint } from './paint.ts';
import type { Terminal } from './terminal.ts';
import { loadWorld } from './world.ts';
import type { WorldOptions } from './world-options.ts';

export interface ExplainOptions extends WorldOptions {
  readonly output: 'text' | 'wide' | 'json';
  readonly quiet?: boolean;
  readonly expect?: 'allow' | 'deny';
}

/** Prints an explanation and gives the exit code of its verdict. */
export async function explainCommand(
  source: string,
  destination: string,
  options: ExplainOptions,
  terminal: Terminal,
): Promise<number> {
  const asked = [source, destination].flatMap(addressNamed);
  const loaded = await loadWorld({ ...options, asked }, terminal);
  const from = resolveSource(source, loaded);
  const to = resolveDestination(destination, loaded);
  const question = { source: from, destination: to.target, port: to.port, namespace: loaded.namespace };
  const views = await kernelViews(loaded.world, options, terminal);
  const explanation =
    views === null ? explain(loaded.world, question) : await explainWithKernel(loaded.world, question, views);
  if (options.quiet !== true) terminal.out(format(explanation, options, terminal));
  return exitCode(explanation, options.expect);
}

/** null: files say nothing of any kernel; a cluster's nodes can be asked in the lab only. */
async function kernelViews(
  world: World,
  { filename }: ExplainOptions,
  terminal: Terminal,
): Promise<KernelViews | null> {
  if ((filename ?? []).length > 0) return null;
  const channel = await terminal.channel();
  if (channel === null) return null;
  const { readViews } = await import('./kernel-views.ts');
  return readViews(channel, world);
}

function format(explanation: Explanation, { output }: ExplainOptions, terminal: Terminal): string {
  if (output === 'json') return `${JSON.stringify(explanation, null, 2)}\n`;
  return explanationText(explanation, {
    wide: output === 'wide',
    paint: terminal.colour ? colourPaint : PLAIN,
  });
}

function exitCode({ verdict }: Explanation, expected: 'allow' | 'deny' | undefined): number {
  if (verdict === 'unknown') return EXIT.unknown;
  const wanted = expected === 'deny' ? 'denied' : 'allowed';
  return verdict === wanted ? EXIT.ok : EXIT.no;
}
