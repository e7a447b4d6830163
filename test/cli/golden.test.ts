/** The exact text of commands, byte by byte. After an intended change: `make golden`, and read the diff. */
import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { explanationSchema, matrixSchema } from '../../src/explain/schema.ts';
import { policyctl } from '../kit/policyctl.ts';

const FILES = '-f test/cli/manifests/cluster.yaml -f test/cli/manifests/policies.yaml';
const ENDPOINTS = `${FILES} -f test/cli/manifests/endpoints.yaml`;
const BARE = '-f test/cli/manifests/cluster.yaml';

const CASES: Readonly<Record<string, string>> = {
  'label-miss': `explain shop/db shop/api:8080 ${FILES}`,
  'allowed-by-rule': `explain shop/web shop/api:8080 ${FILES}`,
  'not-isolated': `explain shop/web shop/api:8080 ${BARE}`,
  self: `explain shop/web shop/web:80 ${FILES}`,
  'own-node': `explain node/node-a shop/web:80 ${FILES}`,
  'other-node': `explain node/node-b shop/web:80 ${FILES}`,
  'every-port': `explain shop/web shop/api ${FILES}`,
  'every-port-open': `explain shop/web shop/api ${BARE}`,
  'no-common-port': `explain shop/web shop/api-2 ${FILES}`,
  service: `explain shop/web svc/shop/api:80 ${FILES}`,
  'service-address': `explain shop/web 10.96.0.10:80 ${FILES}`,
  'named-port-miss': `explain shop/db shop/web:9999 ${FILES}`,
  'namespace-miss': `explain ops/scan shop/db:5432 ${FILES}`,
  'namespace-label': `explain shop/web ops/scan:22 ${FILES}`,
  except: `explain 203.0.113.9 shop/web:80 ${FILES}`,
  address: `explain 198.51.100.9 shop/web:80 ${FILES}`,
  internet: `explain internet shop/web:80 ${FILES}`,
  ipv6: `explain fd00:1::7 [fd00:2::8]:8080 ${FILES}`,
  'protocol-miss': `explain shop/api shop/db:5432/SCTP ${FILES}`,
  'host-network': `explain ops/agent shop/db:5432 ${FILES}`,
  'waiting-range': `explain internet 10.244.1.77:80 ${FILES} -f test/cli/manifests/waiting.yaml`,
  'waiting-range-open': `explain internet 10.244.1.77:80 ${FILES}`,
  'node-port': `explain internet node/node-a:30080 ${FILES} -f test/cli/manifests/node-port.yaml`,
  'bridge-address': `explain 10.244.1.1 shop/web:80 ${FILES}`,
  'unknown-address': `explain ops/floating shop/db:5432 ${FILES}`,
  workload: `explain deploy/shop/worker shop/db:5432 ${FILES}`,
  wide: `explain shop/web shop/db:5432 ${FILES} -o wide`,
  json: `explain shop/db shop/api:8080 ${FILES} -o json`,
  matrix: `matrix ${FILES}`,
  'matrix-namespace': `matrix ${BARE} -n ops`,
  'matrix-csv': `matrix ${FILES} -n ops -o csv`,
  render: `render ${FILES} --node node-b`,
  'unknown-pod': `explain shop/wen shop/api ${FILES}`,
  'unknown-namespace': `explain shpo/web shop/api ${FILES}`,
  'ended-pod': `explain shop/done shop/api ${FILES}`,
  'extra-arguments': `explain shop/web shop/api 9999 ${FILES}`,
  'extra-arguments-ipv6': `explain shop/web fd00:2::8 http/TCP ${FILES}`,
  'extra-arguments-port': `explain shop/web shop/api:80 9999 ${FILES}`,
  'extra-arguments-files': `matrix -f test/cli/manifests/cluster.yaml test/cli/manifests/policies.yaml`,
  'extra-arguments-matrix': `matrix shop/web shop/api ${FILES}`,
  'extra-arguments-render': `render --node node-b node-a ${FILES}`,
  'external-name': `explain shop/web svc/shop/far:443 ${FILES} -f test/cli/manifests/external-name.yaml`,
  'endpoints-by-hand': `explain ops/scan svc/shop/by-hand:sql ${ENDPOINTS}`,
  'endpoints-none': `explain shop/api svc/shop/nobody:80 ${ENDPOINTS}`,
  'endpoints-not-ready': `explain shop/web svc/shop/cart:80 ${ENDPOINTS}`,
  'endpoints-published-early': `explain shop/web svc/shop/early:80 ${ENDPOINTS}`,
  'endpoints-local': `explain shop/web svc/shop/near:80 ${ENDPOINTS}`,
  'endpoints-none-local': `explain shop/db svc/shop/near:80 ${ENDPOINTS}`,
  'unknown-option': `explain --prot`,
  'no-command': ``,
  help: `explain --help`,
};

test.each(Object.entries(CASES))('%s', async (name, commandLine) => {
  const { code, stdout, stderr } = await policyctl(commandLine);
  const text = `$ policyctl ${commandLine}\n${stdout}${stderr === '' ? '' : `--- stderr\n${stderr}`}--- exit ${code}\n`;
  await expect(text).toMatchFileSnapshot(`golden/${name}.txt`);
});

test('no golden file is left of a case that is gone', async () => {
  const files = await readdir(new URL('golden', import.meta.url));
  expect(files.sort()).toEqual(
    Object.keys(CASES)
      .map((name) => `${name}.txt`)
      .sort(),
  );
});

test('the same input gives the same bytes', async () => {
  const command = `explain shop/web shop/api ${FILES} -o json`;
  expect(await policyctl(command)).toEqual(await policyctl(command));
});

test('text stays within 80 columns', async () => {
  const help = ['', 'matrix ', 'render ', 'probe '].map((command) => `${command}--help`);
  for (const commandLine of [...Object.values(CASES), ...help]) {
    if (/-o (?:json|csv)|^render -f/.test(commandLine)) continue;
    const { stdout } = await policyctl(commandLine);
    const long = stdout.split('\n').filter((line) => line.length > 80);
    expect(long, commandLine).toEqual([]);
  }
});

describe('every JSON output fits the published schema', () => {
  const json = Object.entries(CASES).filter(
    ([, command]) => /^(?:explain|matrix) [^-]/.test(command) || command.startsWith('matrix'),
  );
  test.each(json)('%s', async (_, commandLine) => {
    const { code, stdout } = await policyctl(`${commandLine.replace(/ -o \w+/, '')} -o json`);
    if (code === 2) return;
    const schema = commandLine.startsWith('matrix') ? matrixSchema : explanationSchema;
    expect(schema.safeParse(JSON.parse(stdout)).error?.issues ?? []).toEqual([]);
  });
});
