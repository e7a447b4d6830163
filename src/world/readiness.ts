/** Whether a raw Pod says that it is ready: endpoints rest on it, policies never do, so the agent does not keep it. */
import { isObject, type RawObject } from '../model/raw-object.ts';

/** Its condition `Ready`; null: it has none. */
export function saysReady(raw: unknown): boolean | null {
  const { conditions } = part(part(raw).status);
  if (!Array.isArray(conditions)) return null;
  const found = conditions.map(part).find(({ type }) => type === 'Ready');
  return found === undefined ? null : found.status === 'True';
}

function part(raw: unknown): RawObject {
  return isObject(raw) ? raw : {};
}
