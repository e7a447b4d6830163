import type { EndsTarget, PortQuestion, Target } from '../world/target.ts';

/** What a user asks: whether one end reaches another. */
export interface Question {
  readonly source: EndsTarget;
  readonly destination: Target;
  /** null: every port worth a row. */
  readonly port: PortQuestion | null;
  readonly namespace: string;
}
