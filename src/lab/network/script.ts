import { execa } from 'execa';
import { Failure } from '../../model/failure.ts';

/**
 * Runs `ip` in bulk. One shell carries many batches: starting a program costs more than what it does.
 * Nothing a user wrote reaches the shell but as the content of a quoted here-document, and every word of
 * it is made by `plan.ts`.
 */
export class Script {
  readonly #parts: string[] = [];
  #tolerant = false;

  /** Goes on after a failed line, and succeeds: for removals of what may be gone already. */
  tolerant(): this {
    this.#tolerant = true;
    return this;
  }

  /** One `ip` batch in a network namespace; null is the lab's root. */
  ip(netns: string | null, lines: readonly string[]): this {
    if (lines.length === 0) return this;
    const where = netns === null ? '' : `-n ${quote(netns)} `;
    this.#parts.push(
      `ip ${where}${this.#tolerant ? '-force ' : ''}-batch - <<'END_OF_BATCH'\n${lines.join('\n')}\nEND_OF_BATCH`,
    );
    return this;
  }

  /** Writes sysctls (paths below /proc/sys) in a network namespace. `optional` ones may not exist. */
  sysctl(netns: string | null, values: readonly Sysctl[]): this {
    const writes = values.map(
      ({ path, value, optional }) =>
        `${optional ? `[ ! -w /proc/sys/${path} ] || ` : ''}echo ${quote(value)} > /proc/sys/${path}`,
    );
    const body = `set -e; ${writes.join('; ')}`;
    this.#parts.push(
      netns === null ? `( ${body} )` : `nsenter --net=/run/netns/${quote(netns)} sh -c ${quote(body)}`,
    );
    return this;
  }

  get text(): string {
    const parts = this.#tolerant ? [...this.#parts, 'true'] : ['set -e', ...this.#parts];
    return parts.join('\n');
  }

  /** Throws LAB_FAILED with what the shell said, after `purpose`. */
  async run(purpose: string, timeoutMs = 120_000): Promise<void> {
    const result = await execa('sh', ['-s'], {
      input: this.text,
      timeout: timeoutMs,
      reject: false,
      env: { LC_ALL: 'C' },
    });
    if (result.exitCode === 0) return;
    const said = result.stderr.trim();
    throw new Failure('LAB_FAILED', `${purpose}: ${said === '' ? result.shortMessage : said}`);
  }
}

export interface Sysctl {
  readonly path: string;
  readonly value: string;
  readonly optional?: boolean;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
