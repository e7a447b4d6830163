/**
 * The JSON of `policyctl explain -o json` and `policyctl matrix -o json`, as schemas: what
 * explanation.v1.json is generated from, and what every output is tested against. Not loaded by policyctl.
 */
import { z } from 'zod';
import { API_VERSION } from './explanation.ts';
import { REASONS } from './reasons.ts';

const verdict = z.enum(['allowed', 'denied', 'unknown']);
const reason = z.enum(REASONS);
const family = z.union([z.literal(4), z.literal(6)]);
const protocol = z.enum(['TCP', 'UDP', 'SCTP']);
const count = z.int().min(0);
const port = z.int().min(1).max(65535);

const at = z.strictObject({ file: z.string(), line: z.int().min(1), column: z.int().min(1) }).nullable();

const condition = z.strictObject({
  type: z.enum([
    'namespace',
    'namespace label',
    'pod',
    'pod label',
    'ipBlock',
    'except',
    'peer',
    'protocol',
    'port',
    'named port',
  ]),
  want: z.string(),
  have: z.string(),
  ok: z.boolean().nullable(),
  at,
});

const rule = z.strictObject({
  index: count,
  admits: z.boolean().nullable(),
  at,
  conditions: z.array(condition),
});

const policyRef = { kind: z.literal('NetworkPolicy'), namespace: z.string(), name: z.string() };

const policy = z.strictObject({
  ...policyRef,
  effect: z.enum(['admits', 'does-not-admit', 'undecidable', 'other-direction', 'does-not-select']),
  at,
  problems: z.array(z.string()),
  rules: z.array(rule),
});

const direction = z.strictObject({
  direction: z.enum(['ingress', 'egress']),
  subject: z.string().nullable(),
  verdict,
  reason,
  isolating: count,
  policies: z.array(policy),
  quarantine: z.strictObject({ node: z.string(), waiting: z.array(z.string()) }).optional(),
});

const kernelRule = z.strictObject({
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  index: count,
  does: z.string(),
  from: z.array(z.string()),
  origins: z.array(
    z.strictObject({
      policy: z.strictObject(policyRef),
      direction: z.enum(['ingress', 'egress']),
      index: count,
    }),
  ),
  note: z.string(),
  packets: count.nullable(),
  sets: z.array(
    z.strictObject({
      name: z.string(),
      meaning: z.string().nullable(),
      looked: z.string(),
      found: z.boolean(),
    }),
  ),
});

const kernel = z.strictObject({
  state: z.enum(['agrees', 'mismatch', 'out-of-sync', 'not-enforced', 'not-checked']),
  why: z.string().nullable(),
  nodes: z.array(
    z.strictObject({
      node: z.string(),
      inSync: z.boolean(),
      verdict: z.enum(['accept', 'drop']).nullable(),
      decision: kernelRule.nullable(),
      path: z.array(kernelRule),
    }),
  ),
});

const end = z.strictObject({
  kind: z.enum(['pod', 'node', 'address', 'internet']),
  name: z.string(),
  addresses: z.array(z.string()),
  node: z.string().nullable(),
});

const missing = z.strictObject({ code: reason, fact: z.string(), hint: z.string() });

const flow = z.strictObject({
  source: end,
  destination: end,
  via: z.strictObject({ service: z.string(), address: z.string().nullable(), port }).nullable(),
  ports: z.string(),
  protocol: protocol.nullable(),
  port: port.nullable(),
  examplePort: port,
  portName: z.string().nullable(),
  declared: z.boolean(),
  families: z.array(family),
  verdict,
  reason,
  summary: z.string(),
  missing: z.array(missing),
  directions: z.array(direction).length(2),
  kernel: kernel.nullable(),
});

const input = z.strictObject({
  kind: z.enum(['files', 'cluster']),
  cluster: z.string().nullable(),
  files: z.array(z.string()),
  objects: z.strictObject({
    namespaces: count,
    nodes: count,
    pods: count,
    services: count,
    policies: count,
  }),
  missing: z.array(z.string()),
});

export const explanationSchema: z.ZodType = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Explanation'),
  query: z.strictObject({
    source: z.string(),
    destination: z.string(),
    port: z.string().nullable(),
    namespace: z.string(),
  }),
  input,
  verdict,
  reason,
  summary: z.string(),
  assumptions: z.array(z.string()),
  missing: z.array(missing),
  flows: z.array(flow).min(1),
});

export const matrixSchema: z.ZodType = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Matrix'),
  input,
  cells: z.array(
    z.strictObject({
      source: z.string(),
      destination: z.string(),
      protocol,
      port,
      declared: z.boolean(),
      family,
      policies: verdict,
      kernel: z.enum(['accept', 'drop']).nullable(),
      packet: z.enum(['connected', 'refused', 'blocked', 'error']).nullable(),
      agree: z.boolean().nullable(),
      why: z.string().nullable(),
    }),
  ),
  total: count,
  agree: count.nullable(),
});

/** JSON Schema (draft 2020-12) of all outputs. */
export function publishedSchema(): unknown {
  return z.toJSONSchema(z.union([explanationSchema, matrixSchema]), { reused: 'ref' });
}
