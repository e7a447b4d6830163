import { styleText } from 'node:util';
import type { Paint, Tone } from '../explain/paint.ts';

const COLOURS: Readonly<Record<Tone, 'green' | 'red' | 'yellow'>> = {
  good: 'green',
  bad: 'red',
  doubt: 'yellow',
};

/** The terminal was asked before; styleText must not decide again. */
export const colourPaint: Paint = (text, tone) => styleText(COLOURS[tone], text);
