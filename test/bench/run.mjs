// Bundles a benchmark (main unless another is named) and runs it where it cannot touch the machine's own ruleset.
import { spawnSync } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

if (process.getuid?.() !== 0) {
  process.stderr.write('error: make bench needs root: in a user namespace the kernel limits transactions\n');
  process.exit(1);
}
const [entry = 'main', ...args] = process.argv.slice(2);
const root = new URL('../../', import.meta.url).pathname;
const dist = process.env.POLICYD_DIST ?? join(root, 'dist');
const directory = await mkdtemp(join(tmpdir(), 'policyd-bench-'));
try {
  await build({
    absWorkingDir: root,
    entryPoints: [`test/bench/${entry}.ts`],
    outfile: join(directory, 'main.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  await copyFile(join(root, 'test/bench/bare.mjs'), join(directory, 'bare.mjs'));
  const { status } = spawnSync(
    'unshare',
    ['--net', '--mount', process.execPath, ...process.execArgv, join(directory, 'main.mjs'), ...args],
    { stdio: 'inherit', env: { ...process.env, BENCH_POLICYD: join(dist, 'bin/policyd') } },
  );
  process.exitCode = status ?? 1;
} finally {
  await rm(directory, { recursive: true, force: true });
}
