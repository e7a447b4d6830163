import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ipvsUse } from './ipvs.ts';

let proc: string;

beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'ipvs-'));
  mkdirSync(join(proc, 'net'));
});

afterEach(() => rmSync(proc, { recursive: true }));

const HEAD = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
`;
const SERVICES = `${HEAD}TCP  0A600001:01BB rr
  -> AC120002:192B      Masq    1      0          0
UDP  0A60000A:0035 rr
FWM  00000001 rr
`;

test('services are counted, their ends are not', () => {
  writeFileSync(join(proc, 'net/ip_vs'), SERVICES);
  expect(ipvsUse(proc)).toEqual({ services: 3, link: false });
});

test('a module without services forwards nothing, and without the module there is no such file', () => {
  expect(ipvsUse(proc)).toEqual({ services: 0, link: false });
  writeFileSync(join(proc, 'net/ip_vs'), HEAD);
  expect(ipvsUse(proc)).toEqual({ services: 0, link: false });
});

test('the link of kube-proxy is seen among the others', () => {
  writeFileSync(join(proc, 'net/dev'), 'Inter-|   Receive\n    lo: 1 2 3\nkube-ipvs0: 0 0 0\n');
  expect(ipvsUse(proc).link).toBe(true);
});
