import { readFile } from 'node:fs/promises';

/** CAP_NET_ADMIN and CAP_SYS_ADMIN, by number. */
const needed: readonly bigint[] = [12n, 21n];

/** Whether this process may make mount, network and PID namespaces without a user namespace of its own. */
export async function mayMakeNamespaces(): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return needed.every((bit) => ((effective >> bit) & 1n) === 1n);
}
