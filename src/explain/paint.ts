/** Colour only on the words of a verdict; the caller decides whether there is any. */
export type Tone = 'good' | 'bad' | 'doubt';

export type Paint = (text: string, tone: Tone) => string;

export const PLAIN: Paint = (text) => text;

export interface TextOptions {
  /** Every flow, every policy, every rule. */
  readonly wide: boolean;
  readonly paint: Paint;
}
