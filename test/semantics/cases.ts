/** Every line of the reference that a first packet can show: with its sentence, objects and flows. */
import type { SemanticCase } from './case.ts';
import { OBJECT_CASES } from './cases-object.ts';
import { SELECTION_CASES } from './cases-peers.ts';
import { PORT_AND_PLACE_CASES } from './cases-ports.ts';

export const CASES: readonly SemanticCase[] = [...OBJECT_CASES, ...SELECTION_CASES, ...PORT_AND_PLACE_CASES];
