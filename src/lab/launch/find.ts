import { basename, dirname, join } from 'node:path';
import { Failure } from '../../model/failure.ts';
import { labsRoot, liveLabs } from './directory.ts';
import { pidNamespace } from './namespaces.ts';
import { type LabState, readState } from './state.ts';

/** A lab that commands can be run in. */
export type FoundLab =
  | { readonly kind: 'outside'; readonly state: LabState; readonly init: number }
  /** This process is inside the lab already. */
  | { readonly kind: 'inside'; readonly state: LabState };

/** The lab of that name, or the only one there is. */
export async function findLab(name: string | null, env: NodeJS.ProcessEnv): Promise<FoundLab> {
  const around = labAround(env);
  const wanted = name ?? around ?? (await onlyLab());
  const state = await readState(join(labsRoot(), wanted));
  if (state === null || !(await liveLabs()).includes(wanted)) {
    throw new Failure('LAB_ABSENT', `there is no lab named ${JSON.stringify(wanted)}`, {
      hint: 'See: policyctl lab list',
    });
  }
  if (state.env === null || state.init === null) {
    throw new Failure('LAB_ABSENT', `${wanted} is still starting`, {
      hint: 'Try again when it says that it is ready.',
    });
  }
  const own = await pidNamespace('self');
  if (own === state.pidNamespace) return { kind: 'outside', state, init: state.init };
  if (wanted === around) return { kind: 'inside', state };
  throw new Failure(
    'LAB_ABSENT',
    `${wanted} was started in another PID namespace and cannot be joined from here`,
    {
      hint: 'Leave the lab or the container you are in first.',
    },
  );
}

/** The name of the lab this process runs in. */
function labAround(env: NodeJS.ProcessEnv): string | null {
  const socket = env.POLICYD_LAB;
  if (socket === undefined || socket === '') return null;
  return dirname(dirname(socket)) === labsRoot() ? basename(dirname(socket)) : null;
}

async function onlyLab(): Promise<string> {
  const names = await liveLabs();
  const [first] = names;
  if (first === undefined) {
    throw new Failure('LAB_ABSENT', 'no lab of yours is running', {
      hint: 'Start one in another terminal: policyctl lab up',
    });
  }
  if (names.length > 1) {
    throw new Failure('USAGE', `several labs are running: ${names.join(', ')}`, {
      hint: 'Say which one: --name NAME',
    });
  }
  return first;
}
