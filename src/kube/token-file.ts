/**
 * Tokens that live in files and are renewed there: read for each request, since requests are few and a token
 * that was renewed after the API server said 401 must count at once.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { User } from '@kubernetes/client-node/dist/config_types.js';
import { parse } from 'yaml';

/** The header, spelt as client-node does, so that it takes the place of its own. */
export function bearerOf(user: User | null): { readonly Authorization?: string } {
  const file: unknown = user?.authProvider?.config?.tokenFile;
  return typeof file === 'string' ? { Authorization: `Bearer ${readFileSync(file, 'utf8').trim()}` } : {};
}

/** client-node reads `token-file` once, and leaves out `tokenFile`, which is what kubectl calls it. */
export function withTokenFiles(users: readonly User[], kubeconfigs: readonly string[]): User[] {
  const files = new Map(
    kubeconfigs
      .filter((file) => file !== '')
      .flatMap(tokenFilesIn)
      .reverse(),
  );
  return users.map((user) => {
    const tokenFile = files.get(user.name);
    return tokenFile === undefined ? user : withoutToken(user, tokenFile);
  });
}

function withoutToken({ token: _, ...user }: User, tokenFile: string): User {
  return { ...user, authProvider: { name: 'tokenFile', config: { tokenFile } } };
}

/** User and absolute path; of a file that cannot be read, client-node has already complained. */
function tokenFilesIn(kubeconfig: string): readonly (readonly [string, string])[] {
  let users: unknown;
  try {
    ({ users } = fields(parse(readFileSync(kubeconfig, 'utf8'))));
  } catch {
    return [];
  }
  return (Array.isArray(users) ? users : []).flatMap((each: unknown) => {
    const { name, user } = fields(each);
    const file = fields(user).tokenFile ?? fields(user)['token-file'];
    if (typeof name !== 'string' || typeof file !== 'string') return [];
    return [[name, resolve(dirname(kubeconfig), file)] as const];
  });
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
