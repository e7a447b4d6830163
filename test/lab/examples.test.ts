/**
 * Every folder of examples/ as its reader tries it: the policies enforced, the matrix it shows, the commands
 * in its comments, and the same without its policies. Needs `make build` first.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cell, Matrix } from '../../src/explain/matrix.ts';
import { matrixText } from '../../src/explain/matrix-text.ts';
import { PLAIN } from '../../src/explain/paint.ts';
import { POLICYCTL } from '../kit/built.ts';
import { policyctl } from '../kit/policyctl.ts';

const root = new URL('../../', import.meta.url).pathname;

/** The shop has a story of its own (`make demo`). */
const EXAMPLES = readdirSync(join(root, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'shop')
  .map(({ name }) => name);

const OUTCOMES: Readonly<Record<string, number>> = { connected: 0, blocked: 1, refused: 4 };

interface Try {
  readonly line: string;
  /** Null: it only has to work. */
  readonly outcome: string | null;
}

/** The commands of the comments: `#   $ COMMAND   # outcome`. */
function triesOf(example: string): readonly Try[] {
  const text = readFileSync(join(root, 'examples', example, 'policy.yaml'), 'utf8');
  return [...text.matchAll(/^# {3}\$ (.*?)(?: +# (\w+))?$/gm)].map(([, line = '', outcome]) => ({
    line,
    outcome: outcome ?? null,
  }));
}

/** For nothing to come a moment is enough; what comes may take a busy machine long. */
function patiently(line: string, outcome: string): string {
  if (!line.startsWith('policyctl probe ')) return line;
  return `${line} --timeout ${outcome === 'blocked' ? '300ms' : '30s'}`;
}

/** One lab; the commands run in this process, against its API server and control channel. */
class Lab {
  readonly #env: Readonly<Record<string, string>>;
  readonly down: () => Promise<unknown>;

  private constructor(env: Readonly<Record<string, string>>, down: () => Promise<unknown>) {
    this.#env = env;
    this.down = down;
  }

  static async up(name: string): Promise<Lab> {
    const args = ['lab', 'up', '-q', '--name', name, '--listen', '127.0.0.1:0'];
    const running = execa(POLICYCTL, args, { reject: false, cwd: tmpdir() });
    const text = await new Promise<string>((resolve, reject) => {
      let seen = '';
      running.stdout.on('data', (data: Buffer) => {
        seen += data.toString();
        if (/KUBECONFIG=\S+\n/.test(seen)) resolve(seen);
      });
      void running.then(({ stderr }) => reject(new Error(`the lab ended: ${stderr}`)));
    });
    const kubeconfig = /KUBECONFIG=(\S+)/.exec(text)?.[1] ?? '';
    const env = { KUBECONFIG: kubeconfig, POLICYD_LAB: join(dirname(kubeconfig), 'lab.sock') };
    return new Lab(env, async () => {
      running.kill('SIGTERM');
      await running;
    });
  }

  async sh(line: string): Promise<void> {
    await execa('sh', ['-c', line], { cwd: root, env: this.#env });
  }

  /** Its exit code. */
  async run(line: string): Promise<number> {
    if (!line.startsWith('policyctl ')) {
      await this.sh(line);
      return 0;
    }
    const args = line
      .split(/ +/)
      .slice(1)
      .map((word) => word.replaceAll("'", ''));
    return (await policyctl(args, { env: this.#env })).code;
  }

  async matrix(): Promise<Matrix> {
    const { code, stdout, stderr } = await policyctl('matrix --probe -o json', { env: this.#env });
    expect([0, 1], stderr).toContain(code);
    return JSON.parse(stdout) as Matrix;
  }
}

/** A cell without its verdict. */
function keyOf({ source, destination, port, protocol, family }: Cell): string {
  return `${source} -> ${destination}:${port}/${protocol} over IPv${family}`;
}

function denied({ cells }: Matrix): readonly Cell[] {
  return cells.filter(({ policies }) => policies === 'denied');
}

/** In the lab `internet` is one host. */
const OUTSIDE: Readonly<Record<Cell['family'], string>> = { 4: '203.0.113.10', 6: '[2001:db8:113::10]' };

/**
 * Without a lab the same files give the same verdicts. What they leave open is decided by addresses alone:
 * it is named when the outside is, and between pods it concerns blocks only.
 */
async function offlineAgrees(files: string, { cells }: Matrix): Promise<void> {
  const verdicts = new Map(cells.map((cell) => [keyOf(cell), cell.policies]));
  const { stdout } = await policyctl(`matrix -f ${files} -o json`);
  const offline = (JSON.parse(stdout) as Matrix).cells;
  expect(offline.length).toBeGreaterThan(0);
  const said = offline.map((cell) => [keyOf(cell), cell.policies]);
  const known = said.filter(([, verdict]) => verdict !== 'unknown');
  expect(known).toEqual(known.map(([key = '']) => [key, verdicts.get(key)]));
  for (const cell of offline.filter(({ policies }) => policies === 'unknown')) {
    expect(readFileSync(join(root, files, 'policy.yaml'), 'utf8')).toContain('ipBlock');
    if (cell.source !== 'internet' && cell.destination !== 'internet') continue;
    const end = (name: string): string => (name === 'internet' ? OUTSIDE[cell.family] : name);
    const ends = `${end(cell.source)} ${end(cell.destination)}:${cell.port}/${cell.protocol}`;
    const { code } = await policyctl(`explain -f ${files} -q ${ends}`);
    expect([keyOf(cell), code === 0 ? 'allowed' : code]).toEqual([
      keyOf(cell),
      verdicts.get(keyOf(cell)) === 'allowed' ? 'allowed' : 1,
    ]);
  }
}

describe('the examples', () => {
  const started: Lab[] = [];
  const free: Lab[] = [];
  const waiting: ((lab: Lab) => void)[] = [];
  beforeAll(async () => {
    await Promise.all(
      [1, 2].map(async (number) => {
        const lab = await Lab.up(`examples-${process.pid}-${number}`);
        started.push(lab);
        free.push(lab);
      }),
    );
  });
  afterAll(async () => {
    await Promise.all(started.map((lab) => lab.down()));
  });

  /** Each lab has one example at a time. */
  async function withLab(use: (lab: Lab) => Promise<void>): Promise<void> {
    const lab = free.shift() ?? (await new Promise<Lab>((resolve) => waiting.push(resolve)));
    try {
      await use(lab);
    } finally {
      const next = waiting.shift();
      if (next === undefined) free.push(lab);
      else next(lab);
    }
  }

  test.concurrent.for(EXAMPLES)(
    '%s: the matrix, and every command of its comments',
    async (example, { expect }) => {
      const files = `examples/${example}`;
      const tries = triesOf(example);
      expect(tries.length).toBeGreaterThan(1);
      await withLab(async (lab) => {
        try {
          await lab.sh(`kubectl apply -f ${files}`);
          const matrix = await lab.matrix();
          await expect(matrixText(matrix, PLAIN)).toMatchFileSnapshot(join(root, files, 'expected.txt'));
          expect(matrix.cells.filter(({ agree }) => agree !== true)).toEqual([]);
          await offlineAgrees(files, matrix);

          // The control: without its policies everything is open.
          await lab.sh(`kubectl delete -f ${files}/policy.yaml`);
          const open = await lab.matrix();
          expect(open.cells.filter(({ policies, agree }) => policies !== 'allowed' || !agree)).toEqual([]);
          const controlled = new Set(open.cells.map(keyOf));
          expect(denied(matrix).filter((cell) => !controlled.has(keyOf(cell)))).toEqual([]);
          const blocked = tries.filter(({ outcome }) => outcome === 'blocked');
          const reached = await Promise.all(
            blocked.map(async ({ line }) => [line, await lab.run(patiently(line, 'connected'))]),
          );
          expect(
            reached.filter(([, code]) => code !== OUTCOMES.connected && code !== OUTCOMES.refused),
          ).toEqual([]);

          await lab.sh(`kubectl apply -f ${files}/policy.yaml`);
          for (const { line, outcome } of tries) {
            const code = await lab.run(patiently(line, outcome ?? 'connected'));
            expect(code, line).toBe(OUTCOMES[outcome ?? 'connected']);
          }
        } finally {
          await lab.sh(`kubectl delete --ignore-not-found -f ${files}`);
        }
      });
    },
  );
});

test('as a reader types it, an example shows what stands beside it', async () => {
  const args = ['lab', 'run', '-q', '-f', 'examples/port-range', '--', 'policyctl', 'matrix', '--probe'];
  const { stdout, exitCode } = await execa(POLICYCTL, args, { cwd: root, reject: false });
  expect(exitCode).toBe(0);
  expect(`${stdout}\n`).toBe(readFileSync(join(root, 'examples/port-range/expected.txt'), 'utf8'));
});
