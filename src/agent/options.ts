/** The command line of policyd. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Amounts, BUDGET, type Budget, RESOURCES } from '../compile/budget.ts';
import type { Cidr } from '../model/address.ts';
import { parseCidr } from '../net/cidr.ts';
import { type HealthAddress, parseHealthAddress } from '../telemetry/health.ts';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from '../telemetry/log.ts';

export interface AgentOptions {
  readonly node: string;
  readonly kubeconfig?: string;
  readonly podCidr: readonly Cidr[];
  readonly health?: HealthAddress;
  readonly nftTimeoutMs: number;
  readonly budget: Budget;
  readonly logFormat: LogFormat;
  readonly logLevel: LogLevel;
}

export interface Commands {
  run(options: AgentOptions): Promise<void>;
  cleanup(): Promise<void>;
}

/** The parser of policyd's command line; what it refuses ends the process with a message. */
export function program(version: string, commands: Commands): Command {
  const command: Command = new Command('policyd')
    .description('Enforces the NetworkPolicies of the cluster for the pods of one node, with nftables.')
    .version(version)
    .helpCommand(false)
    .addOption(
      new Option('--node <name>', 'required: name of the node this runs on, as in Kubernetes').env(
        'NODE_NAME',
      ),
    )
    .option(
      '--kubeconfig <file>',
      'default: KUBECONFIG, then ~/.kube/config, then the service account of the pod',
    )
    .addOption(
      new Option(
        '--pod-cidr <cidr>',
        'range of the pods of this node, repeatable; default: spec.podCIDRs of the Node',
      )
        .argParser(appendCidr)
        .default([], 'none'),
    )
    .addOption(
      new Option(
        '--health <address>',
        'serve /healthz, /readyz and /status on unix:PATH or HOST:PORT',
      ).argParser(healthAddress),
    )
    .addOption(
      new Option('--nft-timeout <seconds>', 'past which nft is ended and the kernel is read again')
        .argParser(milliseconds)
        .default(60_000, '60'),
    )
    .addOption(budgetOption('policy', 'of one policy'))
    .addOption(budgetOption('namespace', 'of the policies of one namespace together'))
    .addOption(budgetOption('node', 'of all policies of this node together'))
    .addOption(
      new Option('--log-format <format>', 'auto is pretty on a terminal')
        .choices(LOG_FORMATS)
        .default('auto'),
    )
    .addOption(new Option('--log-level <level>').choices(LOG_LEVELS).default('info'))
    .action((options: Given) => commands.run(withNode(options, command)))
    .addHelpText('after', '\nEnding policyd leaves enforcement in place; "policyd cleanup" removes it.');
  command
    .command('cleanup')
    .description('remove everything policyd has written into the kernel, and nothing else')
    .action(() => commands.cleanup());
  return command;
}

type Given = Partial<Omit<AgentOptions, 'nftTimeoutMs' | 'budget'>> & {
  readonly nftTimeout?: number;
  readonly budgetPolicy: Amounts;
  readonly budgetNamespace: Amounts;
  readonly budgetNode: Amounts;
};

/** Required here and not for `cleanup`; commander asks subcommands for what their parents require. */
function withNode(
  { nftTimeout, budgetPolicy, budgetNamespace, budgetNode, ...options }: Given,
  command: Command,
): AgentOptions {
  const { node } = options;
  if (node === undefined || node === '') {
    command.error("error: required option '--node <name>' not specified (or NODE_NAME in the environment)");
  }
  return {
    podCidr: [],
    nftTimeoutMs: nftTimeout ?? 60_000,
    budget: { policy: budgetPolicy, namespace: budgetNamespace, node: budgetNode },
    logFormat: 'auto',
    logLevel: 'info',
    ...options,
    node,
  };
}

/** Past it policies isolate without their rules, and are reported. */
function budgetOption(level: keyof Budget, whose: string): Option {
  return new Option(`--budget-${level} <amounts>`, `most ${whose}, before rules are left out`)
    .argParser((text) => amounts(text, BUDGET[level]))
    .default(BUDGET[level], amountsText(BUDGET[level]));
}

function amountsText(limits: Amounts): string {
  return RESOURCES.map((resource) => `${resource}=${limits[resource]}`).join(', ');
}

/** Some of them; the others as they are. */
function amounts(text: string, others: Amounts): Amounts {
  const given = text.split(',').map((part) => {
    const [, name, number] = /^([a-z]+)=(\d{1,9})$/.exec(part.trim()) ?? [];
    const resource = RESOURCES.find((each) => each === name);
    if (resource === undefined) {
      throw new InvalidArgumentError(
        `"${part}" is not one of ${RESOURCES.join(', ')} with a number: rules=10000.`,
      );
    }
    return [resource, Number(number)] as const;
  });
  return { ...others, ...Object.fromEntries(given) };
}

function appendCidr(text: string, before: readonly Cidr[]): readonly Cidr[] {
  const parsed = parseCidr(text);
  if (parsed === null) throw new InvalidArgumentError(`"${text}" is not a CIDR such as 10.244.1.0/24.`);
  return [...before, parsed.cidr];
}

function milliseconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d{1,4}(\.\d)?$/.test(text) || seconds === 0)
    throw new InvalidArgumentError(`"${text}" is not a number of seconds such as 60 or 0.5.`);
  return seconds * 1000;
}

function healthAddress(text: string): HealthAddress {
  const address = parseHealthAddress(text);
  if (address === null) throw new InvalidArgumentError(`"${text}" is neither unix:PATH nor HOST:PORT.`);
  return address;
}
