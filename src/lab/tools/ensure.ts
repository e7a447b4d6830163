import { mkdtemp, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { ExecaError } from 'execa';
import { Failure } from '../../model/failure.ts';
import { createPrivateApt, type PrivateApt } from './apt.ts';
import { sourcesFor } from './apt-sources.ts';
import { type Debian, readDebian, suiteFor } from './debian.ts';
import { findAll, searchDirectories } from './search.ts';
import { discardTool, storedTool, storeTool, sweepStore, toolStore } from './store.ts';
import { type Tool, type ToolSet, tools } from './tool.ts';
import { checkTool } from './version.ts';

export interface EnsureOptions {
  readonly progress: { step(message: string): void; warn(message: string): void };
  readonly environment: NodeJS.ProcessEnv;
  /** `everything`: a missing tool is a failure even if a lab could start without it. */
  readonly want: 'everything' | 'required';
}

/** Why a tool is not to be had. */
interface Lack {
  readonly tool: Tool;
  readonly reason: string;
}

type Found = { readonly directory: string } | { readonly rejected: readonly string[] };

/**
 * Finds the tools on PATH and fetches what is missing or too old from Debian's archive into the user's cache,
 * without root. Throws TOOL_MISSING for what is neither found nor fetchable.
 */
export async function ensureTools(options: EnsureOptions): Promise<ToolSet> {
  const { environment, progress } = options;
  const places = searchDirectories(environment.PATH);
  const found = await Promise.all(
    tools.map(async (tool) => ({ tool, result: await findTool(tool, places) })),
  );
  const directories = found.flatMap(({ result }) => ('directory' in result ? [result.directory] : []));
  const absent = found.flatMap(({ tool, result }) =>
    'rejected' in result ? [{ tool, rejected: result.rejected }] : [],
  );
  const fetched = await fetchTools(absent, options);
  const lacks = fetched.flatMap((one) => ('lack' in one ? [one.lack] : []));
  const fatal = lacks.filter(({ tool }) => tool.required || options.want === 'everything');
  if (fatal.length > 0) throw missing(fatal);
  for (const lack of lacks) progress.warn(describe(lack));
  const own = new Set((environment.PATH ?? '').split(delimiter));
  const beside = directories.filter((directory) => !own.has(directory));
  const stored = fetched.flatMap((one) => ('directory' in one ? [one.directory] : []));
  return { directories: [...new Set([...stored, ...beside])] };
}

/** The first program of that name that works and is new enough, or why each one found is not. */
async function findTool(tool: Tool, places: readonly string[]): Promise<Found> {
  const rejected: string[] = [];
  for (const path of await findAll(tool.name, places)) {
    const checked = await checkTool(tool, path);
    if (checked.kind === 'good') {
      // A directory further down PATH is of no use when a bad one of the same name comes first.
      if (rejected.length === 0) return { directory: dirname(path) };
      rejected.push(`${path} comes after it in PATH`);
      break;
    }
    rejected.push(checked.kind === 'old' ? `${path} is ${checked.version}` : `${path}: ${checked.reason}`);
  }
  return { rejected };
}

async function fetchTools(
  absent: readonly { readonly tool: Tool; readonly rejected: readonly string[] }[],
  { environment, progress }: EnsureOptions,
): Promise<readonly ({ readonly directory: string } | { readonly lack: Lack })[]> {
  if (absent.length === 0) return [];
  const debian = await readDebian();
  const store = await toolStore(environment).catch((error: Error) => error);
  const apts = new Map<string, PrivateApt>();
  const scratch: string[] = [];
  const results: ({ readonly directory: string } | { readonly lack: Lack })[] = [];
  try {
    for (const { tool, rejected } of absent) {
      const why = rejected.length === 0 ? 'not found on PATH' : rejected.join(', ');
      const lack = (reason: string) => ({ lack: { tool, reason: `${why}; ${reason}` } });
      if (debian === null) results.push(lack('not fetched, because this is not a Debian'));
      else if (store instanceof Error) results.push(lack(`not fetched: ${store.message}`));
      else {
        try {
          results.push({ directory: await fetchTool(tool, debian, store) });
        } catch (error) {
          results.push(lack(`fetching it failed: ${reasonOf(error)}`));
        }
      }
    }
  } finally {
    for (const directory of scratch) await rm(directory, { recursive: true, force: true });
  }
  return results;

  async function fetchTool(tool: Tool, { codename, sources }: Debian, into: string): Promise<string> {
    const suite = suiteFor(tool, codename);
    const { bin } = storedTool(into, tool, suite);
    if (await works(tool, bin)) return bin;
    await discardTool(into, tool, suite);
    progress.step(`fetching ${tool.name} from Debian ${suite} into ${into}`);
    let apt = apts.get(suite);
    if (apt === undefined) {
      const directory = await mkdtemp(join(into, '.apt-'));
      scratch.push(directory);
      apt = await createPrivateApt(directory, sourcesFor(sources, codename, suite));
      await sweepStore(into);
      await apt.update();
      apts.set(suite, apt);
    }
    await storeTool(into, tool, suite, await apt.fetch(tool.debianPackage));
    const checked = await checkTool(tool, join(bin, tool.name));
    if (checked.kind === 'broken') throw new Error(`it does not run: ${checked.reason}`);
    if (checked.kind === 'old') throw new Error(`Debian ${suite} has only ${checked.version}`);
    return bin;
  }
}

async function works(tool: Tool, bin: string): Promise<boolean> {
  return (await checkTool(tool, join(bin, tool.name))).kind === 'good';
}

function reasonOf(error: unknown): string {
  if (error instanceof ExecaError) {
    const lines = String(error.stderr ?? '')
      .split('\n')
      .filter((line) => line.startsWith('E:'));
    return lines.join(' ') || error.shortMessage;
  }
  return error instanceof Error ? error.message : String(error);
}

function describe({ tool, reason }: Lack): string {
  const oldest = tool.oldest === null ? '' : ` ${tool.oldest} or later`;
  return `${tool.name}${oldest} is missing: ${reason}`;
}

function missing(lacks: readonly Lack[]): Failure {
  const packages = lacks.filter(({ tool }) => tool.name !== 'kubectl').map(({ tool }) => tool.debianPackage);
  const hints: string[] = [];
  if (packages.length > 0) hints.push(`sudo apt-get install ${packages.join(' ')}`);
  if (packages.length < lacks.length) {
    hints.push(
      'kubectl: install 1.29 or later and put it on PATH, see https://kubernetes.io/docs/tasks/tools/',
    );
  }
  return new Failure('TOOL_MISSING', lacks.map(describe).join('\n'), { hint: hints.join('\n') });
}
