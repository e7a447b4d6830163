/** Kubernetes' order of versions: stable before beta before alpha, the higher first; other names last, by name. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [rankOf(a), rankOf(b)];
  if (left === null || right === null) {
    if (left === null && right === null) return a < b ? -1 : a > b ? 1 : 0;
    return left === null ? 1 : -1;
  }
  return right.stability - left.stability || right.major - left.major || right.minor - left.minor;
}

interface Rank {
  readonly stability: number;
  readonly major: number;
  readonly minor: number;
}

function rankOf(version: string): Rank | null {
  const found = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (found === null) return null;
  const [, major, level, minor = '0'] = found;
  const stability = level === undefined ? 2 : level === 'beta' ? 1 : 0;
  return { stability, major: Number(major), minor: Number(minor) };
}
