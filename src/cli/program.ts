/** The commands, their options and help. What a command does is imported when it is called. */
import { Command, CommanderError, Option } from 'commander';
import type { Adapter } from '../channel/open.ts';
import { didYouMean, nearNames } from '../manifest/near.ts';
import { Failure } from '../model/failure.ts';
import { quoted } from '../model/printable.ts';
import { EXIT } from './exit.ts';
import { checkArguments } from './extra-arguments.ts';
import { reportError } from './report.ts';
import { processTerminal, type Terminal } from './terminal.ts';

type Action = (terminal: Terminal) => Promise<number>;

/** Gives the exit code. The adapters are those of the channel, in the order in which they are tried. */
export async function run(
  args: readonly string[],
  program: string,
  version: string,
  adapters: readonly Adapter[],
): Promise<number> {
  return await runWith(args, version, processTerminal(program, adapters));
}

/** The same on a terminal of the caller's, as tests have one. */
export async function runWith(args: readonly string[], version: string, terminal: Terminal): Promise<number> {
  let code: number = EXIT.ok;
  const perform = async (action: Action): Promise<void> => {
    code = await action({ ...terminal, colour: terminal.colour && !args.includes('--no-color') });
  };
  const root = createProgram(terminal, version, perform);
  const lab = args.includes('lab');
  try {
    // The lab's options are its own; they are loaded when the lab or its help is asked for.
    if (lab) {
      const { labCommand } = await import('./lab.ts');
      root.addCommand(labCommand());
    } else {
      root.command('lab').description('nodes and pods as network namespaces on this machine');
    }
    await root.parseAsync([...args], { from: 'user' });
    // The lab's commands set the status themselves: it is that of the command they ran.
    return lab && process.exitCode !== undefined ? Number(process.exitCode) : code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.error;
    return reportError(error, terminal);
  }
}

function createProgram(
  terminal: Terminal,
  version: string,
  perform: (action: Action) => Promise<void>,
): Command {
  const root = new Command(terminal.program)
    .description('Who reaches whom under Kubernetes NetworkPolicies, why, and does the kernel agree?')
    .version(`policyctl ${version}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .showSuggestionAfterError()
    .exitOverride()
    .enablePositionalOptions()
    // Descriptions beside long terms are wrapped too, however little room is left for them.
    .configureHelp({ minWidthToWrap: 20 })
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      getOutHelpWidth: () => 80,
      getErrHelpWidth: () => 80,
    });
  root.allowExcessArguments();
  root.action(() => {
    const [unknown] = root.args;
    if (unknown === undefined) root.help({ error: true });
    else throw unknownCommand(unknown, root);
  });

  withInput(inherit(root, 'explain <source> <destination>'))
    .description('why one end reaches another, or does not')
    .addOption(output(['text', 'wide', 'json']))
    .option('-q, --quiet', 'no output, the exit code only')
    .addOption(
      new Option('--expect <verdict>', 'exit 0 when the verdict is this one').choices(['allow', 'deny']),
    )
    .addHelpText('after', ENDS)
    .addHelpText('after', '\nExit codes: 0 allowed, 1 denied, 2 error, 3 unknown.\n')
    .action((source: string, destination: string, options) =>
      perform(async (terminal) =>
        (await import('./explain.ts')).explainCommand(source, destination, options, terminal),
      ),
    );

  withInput(inherit(root, 'matrix'))
    .description('who reaches whom: all pods and the internet')
    .addOption(output(['text', 'json', 'csv']))
    .option('-A, --all-namespaces', 'pods of all namespaces (the default without -n)')
    .option('--probe', 'in the lab: compare every cell with the kernel and with a real connection')
    .option('--services', 'with --probe: also through ClusterIPs and NodePorts')
    .option('--timeout <duration>', 'of one probe', '1s')
    .addHelpText('after', '\nExit codes: 0 printed (--probe: none disagrees), 1 a disagreement, 2 error.\n')
    .action((options) =>
      perform(async (terminal) => (await import('./matrix.ts')).matrixCommand(options, terminal)),
    );

  withFiles(inherit(root, 'render'))
    .description('the nftables ruleset that policies become on one node')
    .requiredOption('--node <name>', 'the node to render for')
    .option('-n, --namespace <name>', 'of objects that name none', 'default')
    .addOption(output(['text', 'json']))
    .addHelpText('after', '\nThe text is input of `nft -f`, the JSON of `nft -j -f`.\n')
    .action((options) =>
      perform(async (terminal) => (await import('./render.ts')).renderCommand(options, terminal)),
    );

  inherit(root, 'probe <source> <destination>')
    .description('in the lab: a real connection from inside SOURCE')
    .option('-n, --namespace <name>', 'of pods and Services that name none')
    .option('--timeout <duration>', 'how long to wait for an answer', '1s')
    .option('--no-wait', 'do not wait until every node is in sync')
    .addHelpText('after', ENDS)
    .addHelpText(
      'after',
      '\nExit codes: 0 connected, 1 blocked (timeout), 2 error, 4 refused (nothing\nlistens there, or the Service has no endpoints).\n',
    )
    .action((source: string, destination: string, options) =>
      perform(async (terminal) =>
        (await import('./probe.ts')).probeCommand(source, destination, options, terminal),
      ),
    );
  return root;
}

function unknownCommand(name: string, root: Command): Failure {
  const names = root.commands.map((command) => command.name());
  const near = didYouMean(nearNames(name, names));
  return new Failure('USAGE', `unknown command ${quoted(name)}`, {
    hint: near ?? `one of ${names.join(', ')}`,
  });
}

const ENDS = `
SOURCE and DESTINATION are one of
  [NAMESPACE/]POD   svc/[NAMESPACE/]NAME   deploy/[NAMESPACE/]NAME   node/NAME
  an IP address   internet
and DESTINATION may end in :PORT or :PORT/PROTOCOL, the port being a number or a
name and the protocol TCP (the default), UDP or SCTP; [ADDRESS]:PORT for IPv6.`;

function inherit(root: Command, nameAndArguments: string): Command {
  return root
    .command(nameAndArguments)
    .showHelpAfterError('(--help shows the usage)')
    .hook('preAction', (_, command) => checkArguments(command))
    .option('--no-color', 'also off when stdout is not a terminal, or with NO_COLOR');
}

function withInput(command: Command): Command {
  return withFiles(command)
    .option('-n, --namespace <name>', 'of pods and Services that name none')
    .option('--context <name>', 'of the kubeconfig')
    .option('--kubeconfig <file>', 'instead of $KUBECONFIG and ~/.kube/config');
}

function withFiles(command: Command): Command {
  return command
    .option('-f, --filename <file>', 'FILE, DIR or -: read these instead of a cluster (repeatable)', collect)
    .option('-R, --recursive', 'directories below a directory too');
}

function output(choices: readonly string[]): Option {
  return new Option('-o, --output <format>', 'output format').choices(choices).default('text');
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
