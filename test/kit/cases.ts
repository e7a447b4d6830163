/**
 * How much random testing there is. POLICYD_CASES is the number for the largest property, 2000 unless it is
 * set; all others go with it. `make quick` takes 100: POLICYD_CASES=20000 make test looks longer.
 */

const USUAL = 2000;
const ASKED = Number(process.env.POLICYD_CASES ?? USUAL);

/** As many as are asked for where `usual` are usual, and a few at least. */
export function cases(usual: number): number {
  return Math.max(3, Math.ceil((usual * ASKED) / USUAL));
}

/**
 * Whether there are enough for their kinds to be counted: a comparison means something only if each outcome
 * occurred often, which a few cases cannot promise.
 */
export const AMPLE: boolean = ASKED >= USUAL / 2;
