import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { FAR_MS } from './kit/waiting.ts';

const root = new URL('..', import.meta.url).pathname;

/** No test asserts a time: a test ends at this only when nothing gets on any more. */
const END_MS = 1_800_000;

type Project = NonNullable<NonNullable<ViteUserConfig['test']>['projects']>[number];

/** In threads that many files share: an import is made once. What a file leaves behind would meet the next. */
function fast(name: string, include: string): Project {
  return { test: { ...common(name, include), pool: 'threads', isolate: false } };
}

/** Each file in a process of its own: half of the time is waiting, and each has namespaces of its own. */
function apart(name: string, include: string): Project {
  return { test: { ...common(name, include), pool: 'forks', isolate: true } };
}

function common(name: string, include: string) {
  return {
    name,
    root,
    include: [include],
    testTimeout: END_MS,
    hookTimeout: END_MS,
    expect: { poll: { timeout: FAR_MS } },
  };
}

/**
 * unit: beside the code. semantics: a case for each line of the reference. cli: policyctl's commands and their
 * exact output. property: fast-check. kernel: real nft in own namespaces. lab: whole programs.
 */
const config: ViteUserConfig = defineConfig({
  root,
  test: {
    root,
    maxWorkers: 2,
    projects: [
      fast('unit', 'src/**/*.test.ts'),
      fast('semantics', 'test/semantics/**/*.test.ts'),
      fast('cli', 'test/cli/**/*.test.ts'),
      fast('property', 'test/property/**/*.test.ts'),
      apart('kernel', 'test/kernel/**/*.test.ts'),
      apart('lab', 'test/lab/**/*.test.ts'),
    ],
  },
});

export default config;
