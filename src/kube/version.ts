/**
 * Resource versions are compared only where both are plain numbers, as they are for everything stored in
 * etcd; otherwise the order is unknown.
 */
export function isOlder(version: string, than: string): boolean {
  if (!/^\d+$/.test(version) || !/^\d+$/.test(than)) return false;
  return BigInt(version) < BigInt(than);
}

/** `b` where the order is unknown: what came later. */
export function newest(a: string, b: string): string {
  return isOlder(b, a) ? a : b;
}
