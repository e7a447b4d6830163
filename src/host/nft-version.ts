/** The oldest nft whose JSON policyd writes and reads. */
import { compareVersions } from '../model/compare-versions.ts';
import { Failure } from '../model/failure.ts';

export const OLDEST_NFT = '1.0.6';

/** Throws NFT_TOO_OLD. */
export function checkNftVersion(version: string): void {
  if (compareVersions(version, OLDEST_NFT) >= 0) return;
  throw new Failure('NFT_TOO_OLD', `nft is version ${version}; policyd needs ${OLDEST_NFT} or later`, {
    hint: 'Upgrade the package nftables (Debian 12, Ubuntu 24.04 and later have one that is new enough), or put a newer nft first on PATH.',
  });
}
