/**
 * Random policies against the real kernel: for each set, every pair of pods and the internet, by meaning, by
 * the kernel's own listing, and by a real connection (`policyctl matrix --probe`). Any difference fails.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { policy } from '../property/arbitraries.ts';
import { networkPolicy, type Raw } from '../property/objects.ts';

const SETS = Number(process.env.POLICYD_SETS ?? 20);
/** Pinned, so that a failure can be repeated; another one by a variable. */
const SEED = Number(process.env.POLICYD_SEED ?? 20261121);

const LABS = 3;

const NAMESPACES = ['shop', 'stranger', 'monitoring', 'kube-system', 'a'] as const;

const PODS: readonly (readonly [string, string, Record<string, string>, readonly object[]])[] = [
  ['shop', 'web', { app: 'web', tier: 'web' }, [{ name: 'http', containerPort: 80 }]],
  ['shop', 'api', { app: 'api', tier: 'api', env: '' }, [{ name: 'http', containerPort: 8080 }]],
  ['shop', 'db', { app: 'db', env: 'db' }, [{ name: 'metrics', containerPort: 9090 }]],
  ['shop', 'bare', {}, [{ containerPort: 80 }]],
  ['stranger', 'web', { app: 'web', env: 'api' }, [{ name: 'http', containerPort: 8081 }]],
  ['stranger', 'db', { app: 'db', tier: 'db' }, [{ name: 'dns', containerPort: 53, protocol: 'UDP' }]],
  ['monitoring', 'scraper', { app: 'api', env: 'web' }, [{ name: 'metrics', containerPort: 9090 }]],
  ['monitoring', 'empty', { tier: '' }, [{ name: 'http', containerPort: 443 }]],
  ['kube-system', 'dns', { app: 'web', tier: 'db' }, [{ name: 'dns', containerPort: 53, protocol: 'UDP' }]],
  ['a', 'one', { env: 'web', tier: 'api' }, [{ name: 'http', containerPort: 80 }]],
  ['a', 'two', { app: '', env: 'db' }, [{ name: 'metrics', containerPort: 8080 }]],
];

function cluster(): readonly Raw[] {
  return [
    ...NAMESPACES.map((name, index) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name,
        labels: { env: ['web', 'api', 'db', '', 'web'][index], app: index % 2 ? 'web' : 'db' },
      },
    })),
    ...PODS.map(([namespace, name, labels, ports]) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name, labels },
      spec: { containers: [{ name: 'main', image: 'lab', ports }] },
    })),
  ];
}

/** JSON is YAML; the mark in front keeps kubectl from reading it as one JSON text. */
function documents(objects: readonly Raw[]): string {
  return objects.map((object) => `---\n${JSON.stringify(object)}\n`).join('');
}

const matrixSchema = z.object({
  total: z.number(),
  agree: z.number(),
  cells: z.array(
    z.object({ policies: z.string(), agree: z.boolean().nullable(), packet: z.string().nullable() }).loose(),
  ),
});

/** Every LABS-th set, beginning with this lab's own number. */
async function probeSets(directory: string, lab: number): Promise<void> {
  const script = [
    `cd "${directory}"`,
    `i=${lab}`,
    `while [ $i -lt ${SETS} ]; do`,
    `  kubectl apply -f set-$i.yaml >/dev/null || exit 3`,
    `  policyctl matrix --probe --timeout 250ms -o json 2>/dev/null >matrix-$i.json`,
    `  kubectl delete -f set-$i.yaml >/dev/null || exit 3`,
    `  i=$((i + ${LABS}))`,
    `done`,
  ].join('\n');
  await execa(
    'policyctl',
    ['lab', 'run', '--nodes', '2', '-f', join(directory, 'cluster.yaml'), '--', 'sh', '-c', script],
    { stdin: 'ignore', timeout: 880_000 },
  );
}

test(`policies, kernel and packets agree on ${SETS} random sets of policies`, {
  timeout: 900_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'policyd-differential-'));
  try {
    writeFileSync(join(directory, 'cluster.yaml'), documents(cluster()));
    const sets = fc.sample(fc.array(policy, { minLength: 1, maxLength: 8, size: 'max' }), {
      numRuns: SETS,
      seed: SEED,
    });
    for (const [index, policies] of sets.entries()) {
      const items = policies.map(({ ns, spec }, number) => networkPolicy(ns, `policy-${number}`, spec));
      writeFileSync(join(directory, `set-${index}.yaml`), documents(items));
    }
    // Mostly waiting for timeouts, so a few labs side by side.
    await Promise.all(Array.from({ length: LABS }, (_, lab) => probeSets(directory, lab)));
    const counts = { sets: 0, cells: 0, allow: 0, deny: 0 };
    for (let index = 0; index < SETS; index += 1) {
      const found = matrixSchema.parse(
        JSON.parse(readFileSync(join(directory, `matrix-${index}.json`), 'utf8')),
      );
      const different = found.cells.filter((cell) => cell.agree !== true);
      expect({ set: sets[index], different }).toEqual({ set: sets[index], different: [] });
      expect(found.agree).toBe(found.total);
      counts.sets += 1;
      counts.cells += found.cells.length;
      counts.allow += found.cells.filter((cell) => cell.policies === 'allowed').length;
      counts.deny += found.cells.filter((cell) => cell.policies === 'denied').length;
    }
    process.stdout.write(`differential: ${JSON.stringify(counts)}, seed ${SEED}\n`);
    // Sets that allow everything, or nothing, would prove nothing.
    expect(counts.allow).toBeGreaterThan(counts.cells / 10);
    expect(counts.deny).toBeGreaterThan(counts.cells / 10);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
