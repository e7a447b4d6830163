import type { Progress } from '../launch/progress.ts';
import type { ToolSet } from './tool.ts';
export async function ensureTools(_: { progress: Progress; environment: NodeJS.ProcessEnv }): Promise<ToolSet> {
  return { directories: [] };
}
