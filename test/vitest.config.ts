import { defineConfig, type ViteUserConfig } from 'vitest/config';

const root = new URL('..', import.meta.url).pathname;

/**
 * unit: beside the code. semantics: a case for each line of the reference. cli: policyctl's commands and their
 * exact output. property: fast-check. kernel: real nft in own namespaces. lab: whole programs.
 */
const config: ViteUserConfig = defineConfig({
  root,
  test: {
    root,
    // Half of the time of a kernel or lab test is waiting, and each has namespaces of its own.
    maxWorkers: 2,
    projects: [
      // Long timeouts: a loaded machine is slow, and no test asserts a time.
      { test: { name: 'unit', root, include: ['src/**/*.test.ts'], testTimeout: 120_000 } },
      { test: { name: 'semantics', root, include: ['test/semantics/**/*.test.ts'], testTimeout: 120_000 } },
      {
        test: {
          name: 'cli',
          root,
          include: ['test/cli/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      { test: { name: 'property', root, include: ['test/property/**/*.test.ts'], testTimeout: 300_000 } },
      {
        test: {
          name: 'kernel',
          root,
          include: ['test/kernel/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'lab',
          root,
          include: ['test/lab/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});

export default config;
