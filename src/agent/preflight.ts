/**
 * What must be there before anything else, asked once at the start without changing anything: an nft that is
 * new enough, the permission to use it, and a kernel that knows what policyd writes. Waiting mends none of it.
 */

import { POLICY_TABLE } from '../compile/names.ts';
import { checkNftVersion } from '../host/nft-version.ts';
import { Failure } from '../model/failure.ts';
import { FEATURE_COMMANDS, FEATURES, type Feature, featureOf } from '../nft/features.ts';
import type { Nft, Refused } from '../nft/port.ts';

export interface Preflight {
  readonly nftVersion: string;
  /** What kept the checks from being made, and may pass; null: all is well. */
  readonly unchecked: string | null;
}

/** Throws a Failure with a hint on what waiting does not mend. */
export async function preflight(nft: Nft): Promise<Preflight> {
  const nftVersion = await nft.version();
  checkNftVersion(nftVersion);
  const unreadable = await nft.listTable(POLICY_TABLE.family, POLICY_TABLE.name).then(
    () => null,
    (error: unknown) => {
      if (error instanceof Failure && error.hint !== null) throw error;
      return error instanceof Error ? error.message : String(error);
    },
  );
  const result = await nft.check(FEATURE_COMMANDS);
  switch (result.kind) {
    case 'committed':
      return { nftVersion, unchecked: unreadable };
    case 'uncertain':
      return { nftVersion, unchecked: result.message };
    case 'refused':
      if (!isMissing(result.message)) return { nftVersion, unchecked: result.message };
      throw missing(result);
  }
}

/** As the kernel answers what it does not know; all else may pass. */
function isMissing(message: string): boolean {
  return [
    'Operation not supported',
    'Protocol not supported',
    'Address family not supported',
    'No such file or directory',
    'Function not implemented',
    'Protocol not available',
    'Invalid argument',
  ].some((words) => message.includes(words));
}

function missing({ message, command }: Refused): Failure {
  // Who refuses everything has no nftables at all.
  const feature: Feature | undefined = (command === null ? null : featureOf(command)) ?? FEATURES[0];
  const modules = feature?.modules ?? [];
  return new Failure(
    'KERNEL_FEATURE_MISSING',
    `this kernel lacks ${feature?.name ?? 'nftables'}: nft said ${JSON.stringify(message)}`,
    {
      hint: `On the node: ${modules.map((module) => `modprobe ${module}`).join(' && ')}; if there is no such module, the kernel needs ${(feature?.options ?? []).join(', ')}.`,
    },
  );
}
