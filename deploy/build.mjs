// Bundles each program to one ESM file (plus shared chunks), so that `policyctl --version` reads little.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
const root = new URL('../', import.meta.url).pathname;
const dist = process.env.POLICYD_DIST ?? `${root}dist`;
const entries = {
  policyd: 'src/agent/main.ts',
  policyctl: 'src/cli/main.ts',
  'lab-pod': 'src/lab/pod/main.ts',
  'lab-supervisor': 'src/lab/supervisor/main.ts',
};

await rm(dist, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(root + file))),
  outdir: dist,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  chunkNames: 'chunks/[name]-[hash]',
  // Names stay, so that a stack says where. The text of the program is kept in memory, and takes twice the
  // room when a comment holds a letter that is not Latin.
  minifyWhitespace: true,
  legalComments: 'external',
  define: { __POLICYD_VERSION__: JSON.stringify(version) },
  banner: {
    js: "#!/usr/bin/env node\nimport { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
  metafile: true,
});
await mkdir(`${dist}/bin`, { recursive: true });
for (const [name, target] of [
  ['policyd', 'policyd'],
  ['policyctl', 'policyctl'],
  ['kubectl-policyctl', 'policyctl'],
]) {
  if (!existsSync(`${dist}/${target}.js`)) continue;
  await chmod(`${dist}/${target}.js`, 0o755);
  await symlink(`../${target}.js`, `${dist}/bin/${name}`);
}
// What it was made from, so that tests know a build that is stale (test/kit/built.ts). Packages are pinned by
// package-lock.json.
const sources = Object.keys(metafile.inputs).filter((file) => file.startsWith('src/'));
const digests = {};
for (const file of [...sources, 'deploy/build.mjs', 'package.json', 'package-lock.json'])
  digests[file] = createHash('sha256')
    .update(await readFile(root + file))
    .digest('hex');
await writeFile(`${dist}/sources.json`, `${JSON.stringify(digests)}\n`);
