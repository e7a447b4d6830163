import type { Ruleset } from '../nft/objects.ts';

/** The one table of policyd. Everything in it is ours, nothing of ours is outside of it. */
export const TABLE: Ruleset['table'] = { family: 'inet', name: 'policyd' };
