/**
 * `policyctl lab`: starts labs, joins them, lists them. Says what it does on standard error; standard output
 * and input belong to COMMAND. Exits with COMMAND's status, with 125 when the lab itself fails.
 */
import { Command, type CommanderError, InvalidArgumentError, Option } from 'commander';
import type { StartFlags } from '../lab/launch/session.ts';
import { TOPOLOGIES } from '../lab/network/topology.ts';
import { reportError } from './report.ts';

const LAB_FAILED = 125;

interface JoinFlags {
  readonly name?: string;
}

/** With its own options, help and exit codes; an action leaves its status in `process.exitCode`. */
export function labCommand(): Command {
  const lab = new Command('lab')
    .enablePositionalOptions()
    .description('nodes and pods as network namespaces, enforced by real policyds');
  lab.addCommand(
    withStartOptions(new Command('run'))
      .description('run COMMAND in a new lab, which ends with it')
      .argument('<command...>', 'what to run, with KUBECONFIG set and policyctl, kubectl and nft on PATH')
      .passThroughOptions()
      .action(
        async (command: string[], flags: StartFlags) =>
          await guarded(async () => await (await session()).runCommand(flags, command)),
      ),
  );
  lab.addCommand(
    withStartOptions(new Command('up'))
      .description('start a lab that stays until Ctrl-C')
      .action(async (flags: StartFlags) => await guarded(async () => await (await session()).stayUp(flags))),
  );
  lab.addCommand(
    withJoinOptions(new Command('exec'))
      .description('run COMMAND in a lab of yours, from another terminal')
      .argument('<command...>')
      .passThroughOptions()
      .action(
        async (command: string[], flags: JoinFlags) =>
          await guarded(async () => await (await session()).joinLab(flags.name ?? null, command)),
      ),
  );
  lab.addCommand(
    withJoinOptions(new Command('shell'))
      .description('a shell in a lab of yours')
      .action(
        async (flags: JoinFlags) =>
          await guarded(
            async () => await (await session()).joinLab(flags.name ?? null, [process.env.SHELL ?? 'sh']),
          ),
      ),
  );
  lab.addCommand(
    new Command('list')
      .description('the labs of yours that run')
      .action(async () => await guarded(async () => await (await session()).listLabs())),
  );
  lab.addCommand(
    new Command('tools')
      .description('make sure that nft, ip and kubectl exist; print the directories to add to PATH')
      .action(async () => await guarded(async () => await (await session()).printTools())),
  );
  lab.helpCommand('help [command]', 'print help of a command');
  for (const command of [lab, ...lab.commands]) {
    command.helpOption('-h, --help', 'print help').exitOverride(exitOnUsage);
  }
  return lab;
}

/** Everything past the arguments is read when it is needed. */
async function session(): Promise<typeof import('../lab/launch/session.ts')> {
  return await import('../lab/launch/session.ts');
}

function withStartOptions(command: Command): Command {
  return command
    .option(
      '-f, --filename <file|dir>',
      'manifests to create before the start (repeatable, - for stdin)',
      collect,
    )
    .option('-R, --recursive', 'read the directories below too')
    .option('--nodes <n>', 'how many nodes, 1 to 26', parseNodes, 1)
    .addOption(
      new Option('--topology <name>', 'how pods are connected').choices([...TOPOLOGIES]).default('routed'),
    )
    .addOption(
      new Option('--ip-family <family>', 'addresses of pods')
        .choices(['ipv4', 'ipv6', 'dual'])
        .default('dual'),
    )
    .option('--log <dir>', 'keep the logs of every policyd and pod there')
    .option(
      '--listen <address>',
      "the API server on the machine's own loopback: 127.0.0.1:PORT (0: any free port)",
    )
    .option('--name <name>', 'a name for --name of exec and shell (default: lab-1, lab-2, ...)')
    .option('-q, --quiet', 'only warnings and errors');
}

function withJoinOptions(command: Command): Command {
  return command.option('--name <name>', 'which lab, when there are several');
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function parseNodes(text: string): number {
  const nodes = Number(text);
  if (Number.isInteger(nodes) && nodes >= 1 && nodes <= 26) return nodes;
  throw new InvalidArgumentError('want a number from 1 to 26.');
}

function exitOnUsage(error: CommanderError): never {
  process.exit(error.exitCode === 0 ? 0 : LAB_FAILED);
}

async function guarded(action: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await action();
  } catch (error) {
    const err = (text: string): boolean => process.stderr.write(text);
    reportError(error, { err, env: process.env });
    process.exitCode = LAB_FAILED;
  }
}
