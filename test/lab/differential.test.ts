/**
 * Random policies against the real kernel, on routed pods and on bridges, in both families: for each set, every
 * pod, host and the internet to every other, directly and through Services, by meaning, by the kernel's own
 * listing, and by a real connection (`policyctl matrix --probe --services`). Any difference fails.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { TOPOLOGIES, type Topology } from '../../src/lab/network/topology.ts';
import { policy } from '../kit/arbitraries.ts';
import { POLICYCTL } from '../kit/built.ts';
import { networkPolicy, type Raw } from '../kit/objects.ts';
import { cluster } from './differential-cluster.ts';

const SETS = Number(process.env.POLICYD_SETS ?? 50);
/** Pinned, so that a failure can be repeated; another one by a variable. */
const SEED = Number(process.env.POLICYD_SEED ?? 20261121);
/** Side by side for each topology: part of the time is waiting for what is denied. */
const LABS = 2;
/** Only a machine that does not get on at all reaches it. */
const TIMEOUT_MS = 7_200_000;

/** What once was judged differently; each with what was wrong. */
const NAMED: Readonly<Record<string, readonly Raw[]>> = {
  'a closed pod and a host-network pod of its node: the kernel was asked, though nothing passes its hook': [
    networkPolicy('shop', 'closed', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
    networkPolicy('a', 'closed', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
  ],
};

const matrixSchema = z.object({
  total: z.number(),
  agree: z.number(),
  cells: z.array(
    z
      .object({
        source: z.string(),
        destination: z.string(),
        family: z.union([z.literal(4), z.literal(6)]),
        policies: z.enum(['allowed', 'denied', 'unknown']),
        agree: z.boolean().nullable(),
        packet: z.string().nullable(),
      })
      .loose(),
  ),
});

type Cell = z.infer<typeof matrixSchema>['cells'][number];

interface PolicySet {
  readonly title: string;
  readonly policies: readonly Raw[];
}

function policySets(): readonly PolicySet[] {
  const random = fc.sample(fc.array(policy, { minLength: 2, maxLength: 10, size: 'max' }), {
    numRuns: SETS,
    seed: SEED,
  });
  return [
    ...Object.entries(NAMED).map(([title, policies]) => ({ title, policies })),
    ...random.map((policies, index) => ({
      title: `set ${index} of seed ${SEED}`,
      policies: policies.map(({ ns, spec }, number) => networkPolicy(ns, `policy-${number}`, spec)),
    })),
  ];
}

/** JSON is YAML; the mark in front keeps kubectl from reading it as one JSON text. */
function documents(objects: readonly Raw[]): string {
  return objects.map((object) => `---\n${JSON.stringify(object)}\n`).join('');
}

/** These sets one after the other in a lab of their own. */
async function probeSets(directory: string, topology: Topology, numbers: readonly number[]): Promise<void> {
  const script = [
    `cd "${directory}"`,
    `for i in ${numbers.join(' ')}; do`,
    `  kubectl apply -f set-$i.yaml >/dev/null || exit 3`,
    `  policyctl matrix --probe --services --timeout 250ms -o json 2>${topology}-$i.notes >${topology}-$i.json`,
    `  [ $? -lt 2 ] || { cat ${topology}-$i.notes >&2; exit 4; }`,
    `  kubectl delete -f set-$i.yaml >/dev/null || exit 5`,
    `done`,
  ].join('\n');
  const options = ['--nodes', '2', '--topology', topology, '-f', join(directory, 'cluster.yaml')];
  await execa(POLICYCTL, ['lab', 'run', '-q', ...options, '--', 'sh', '-c', script], {
    stdin: 'ignore',
    timeout: TIMEOUT_MS,
  });
}

const kinds = ['direct', 'services', 'hosts', 'internet', 'IPv4', 'IPv6', ...TOPOLOGIES] as const;
type Kind = (typeof kinds)[number];
type Counts = Record<Kind, { allowed: number; denied: number; unknown: number }>;

function kindsOf({ source, destination, family }: Cell, topology: Topology): readonly Kind[] {
  const ends = [source, destination];
  return [
    topology,
    family === 4 ? 'IPv4' : 'IPv6',
    destination.startsWith('svc/') ? 'services' : 'direct',
    ...(ends.some((end) => end.endsWith('/host')) ? (['hosts'] as const) : []),
    ...(ends.includes('internet') ? (['internet'] as const) : []),
  ];
}

test(`policies, kernel and packets agree on ${SETS} random sets of policies, routed and on bridges`, {
  timeout: TIMEOUT_MS + 20_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'policyd-differential-'));
  try {
    const sets = policySets();
    writeFileSync(join(directory, 'cluster.yaml'), documents(cluster()));
    for (const [index, { policies }] of sets.entries())
      writeFileSync(join(directory, `set-${index}.yaml`), documents(policies));
    const shares = Array.from({ length: LABS }, (_, lab) =>
      [...sets.keys()].filter((index) => index % LABS === lab),
    ).filter((numbers) => numbers.length > 0);
    const labs = await Promise.allSettled(
      TOPOLOGIES.flatMap((topology) => shares.map((numbers) => probeSets(directory, topology, numbers))),
    );
    for (const lab of labs) if (lab.status === 'rejected') throw lab.reason;
    const counts = Object.fromEntries(
      kinds.map((kind) => [kind, { allowed: 0, denied: 0, unknown: 0 }]),
    ) as Counts;
    let cells = 0;
    let repeated = 0;
    for (const topology of TOPOLOGIES) {
      for (const [index, { title, policies }] of sets.entries()) {
        const text = readFileSync(join(directory, `${topology}-${index}.json`), 'utf8');
        const found = matrixSchema.parse(JSON.parse(text));
        const different = found.cells.filter((cell) => cell.agree !== true);
        const about = { title, topology, policies };
        expect({ ...about, different }).toEqual({ ...about, different: [] });
        expect(found.agree).toBe(found.total);
        cells += found.total;
        const notes = readFileSync(join(directory, `${topology}-${index}.notes`), 'utf8');
        repeated += Number(/(\d+) timeouts repeated/.exec(notes)?.[1] ?? 0);
        for (const cell of found.cells)
          for (const kind of kindsOf(cell, topology)) counts[kind][cell.policies] += 1;
      }
    }
    process.stdout.write(
      `differential: ${sets.length} sets, ${cells} cells, ${repeated} timeouts repeated, seed ${SEED}\n` +
        kinds.map((kind) => `differential: ${kind}: ${JSON.stringify(counts[kind])}\n`).join(''),
    );
    // Sets that allow everything, or nothing, would prove nothing.
    for (const kind of kinds) {
      const { allowed, denied, unknown } = counts[kind];
      const total = allowed + denied + unknown;
      expect(allowed, kind).toBeGreaterThan(total / 20);
      expect(denied, kind).toBeGreaterThan(total / 20);
      expect(unknown, kind).toBeLessThan(total / 10);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
