import { expect, test } from 'vitest';
import { checkNftVersion } from './nft-version.ts';

test.each(['1.0.6', '1.0.7', '1.0.10', '1.1', '1.1.3', '2.0'])('nft %s is new enough', (version) => {
  expect(() => checkNftVersion(version)).not.toThrow();
});

test.each(['1.0.5', '1.0', '0.9.8', '0.9.10'])(
  'nft %s is too old, and it is said which one is needed',
  (version) => {
    expect(() => checkNftVersion(version)).toThrow(
      expect.objectContaining({
        code: 'NFT_TOO_OLD',
        message: `nft is version ${version}; policyd needs 1.0.6 or later`,
        hint: expect.stringContaining('Debian 12'),
      }),
    );
  },
);
