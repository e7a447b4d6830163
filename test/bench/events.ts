/** A step of a scenario as the line of a watch. */
import type { Step } from './scenarios.ts';

export function watchLine({ type, object }: Step, version: number): string {
  const metadata = { ...object.metadata, resourceVersion: String(version) };
  return JSON.stringify({ type, object: { ...object, metadata } });
}
