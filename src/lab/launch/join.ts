import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** The namespaces to join and what to run there. */
export interface JoinRequest {
  /** The lab's directory, in which `joinScript` is the file `join`. */
  readonly directory: string;
  /** The machine's number of the lab's PID 1. */
  readonly init: number;
  readonly userNamespace: boolean;
  readonly argv: readonly string[];
  readonly cwd: string;
  /** Signals that the one who joins passes on to the command; the others of a terminal reach it by themselves. */
  readonly forward: readonly string[];
}

export type Joiner =
  /** Keeps the capabilities over the lab, survives Ctrl-C while the command handles it, gives the terminal back. */
  | { readonly kind: 'perl'; readonly calls: SystemCalls }
  /** `keepCapabilities`: util-linux 2.40 and later; before that a command in a user's lab has none. */
  | { readonly kind: 'nsenter'; readonly keepCapabilities: boolean };

interface SystemCalls {
  readonly setns: number;
  readonly prctl: number;
  readonly capget: number;
  readonly capset: number;
}

const systemCalls: Readonly<Record<string, SystemCalls>> = {
  x64: { setns: 308, prctl: 157, capget: 125, capset: 126 },
  arm64: { setns: 268, prctl: 167, capget: 90, capset: 91 },
  riscv64: { setns: 268, prctl: 167, capget: 90, capset: 91 },
};

/**
 * Node cannot enter a namespace, and nsenter before util-linux 2.40 loses every capability at exec when the
 * user keeps its own identity. Perl, which every Debian has, can make the calls itself: setns for all, then the
 * capabilities into the inheritable and ambient sets (PR_CAP_AMBIENT = 47, RAISE = 2), so that they outlive exec.
 *
 * The process that stays outside waits: it ignores the terminal's signals from before the command exists (the
 * command gets them too, being in the same process group), passes on the others, stops when the command stops,
 * and takes the terminal back afterwards, because a shell inside cannot name a process group outside its PID
 * namespace. Signals are held back from before the command exists, and let through only while it waits: none
 * is lost, and none ends it in the command's place. A command that was killed left the terminal in the modes of its own prompt: the old ones are set.
 */
export const joinScript: string = `
use strict;
use POSIX ();
my ($pid, $user, $setns, $prctl, $capget, $capset, $forward, $cwd, @command) = @ARGV;
for (grep { /^PERL/ } keys %ENV) { delete $ENV{$_} }
for (grep { /^POLICYD_KEEP_PERL/ } keys %ENV) { $ENV{substr $_, 13} = delete $ENV{$_} }
sub fail { print STDERR "policyctl lab: $_[0]: $!\\n"; POSIX::_exit(125) }
my @join;
for my $kind ($user ? 'user' : (), 'pid', 'net', 'mnt') {
  open(my $file, '<', "/proc/$pid/ns/$kind") or fail("cannot look into the lab");
  push @join, $file;
}
for (@join) { syscall($setns, fileno($_), 0) == 0 or fail("cannot join the lab") }
chdir $cwd or fail("$cwd in the lab");
if ($user) {
  my ($version, $sets) = (pack('Li', 0x20080522, 0), pack('L6', (0) x 6));
  syscall($capget, $version, $sets) == 0 or fail("capget");
  my @set = unpack('L6', $sets);
  @set[2, 5] = @set[1, 4];
  $sets = pack('L6', @set);
  syscall($capset, $version, $sets) == 0 or fail("capset");
  syscall($prctl, 47, 2, $_, 0, 0) for 0 .. 63;
}
my $parent = getppid();
my $terminal = POSIX::tcgetpgrp(0);
my $modes = POSIX::Termios->new;
my $known = $modes->getattr(0);
my %before = map { $_ => $SIG{$_} || 'DEFAULT' } qw(INT QUIT TTOU);
$SIG{$_} = 'IGNORE' for keys %before;
my @forward = split /,/, $forward;
my $held = POSIX::SigSet->new(map { no strict 'refs'; &{"POSIX::SIG$_"}() } @forward, 'CHLD');
my $free = POSIX::SigSet->new;
POSIX::sigprocmask(POSIX::SIG_BLOCK(), $held, $free) or fail("sigprocmask");
$SIG{CHLD} = sub {};
my $child = fork();
defined $child or fail("fork");
if ($child == 0) {
  $SIG{$_} = $before{$_} for keys %before;
  $SIG{CHLD} = 'DEFAULT';
  POSIX::sigprocmask(POSIX::SIG_SETMASK(), $free);
  { no warnings; exec { $command[0] } @command; }
  my $missing = $! == POSIX::ENOENT();
  print STDERR "policyctl lab: $command[0]: $!\\n";
  POSIX::_exit($missing ? 127 : 126);
}
for my $name (@forward) { $SIG{$name} = sub { kill $name => $child } }
while (1) {
  my $got = waitpid($child, POSIX::WNOHANG() | POSIX::WUNTRACED());
  if ($got == 0) { POSIX::sigsuspend($free); next }
  fail("waiting for the command") if $got != $child;
  my $status = $?;
  if (POSIX::WIFSTOPPED($status)) {
    kill STOP => $parent if getppid() == $parent;
    kill STOP => $$;
    kill CONT => $child;
    next;
  }
  POSIX::tcsetpgrp(0, $terminal) if $terminal && $terminal > 0;
  $modes->setattr(0, POSIX::TCSANOW()) if $known && POSIX::WIFSIGNALED($status);
  POSIX::_exit(POSIX::WIFEXITED($status) ? POSIX::WEXITSTATUS($status) : 128 + POSIX::WTERMSIG($status));
}
`;

/** What this machine has for joining a lab. */
export async function findJoiner(): Promise<Joiner> {
  const calls = systemCalls[process.arch];
  if (calls !== undefined && (await isExecutable('/usr/bin/perl'))) return { kind: 'perl', calls };
  const { stdout } = await execa('nsenter', ['--help'], { reject: false, timeout: 5_000, stdin: 'ignore' });
  return { kind: 'nsenter', keepCapabilities: String(stdout).includes('--keep-caps') };
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The command to start outside that ends as `request.argv` ends inside: its status, or 128 + n for signal n. */
export function joinCommand(joiner: Joiner, request: JoinRequest): readonly [string, ...string[]] {
  const pid = String(request.init);
  switch (joiner.kind) {
    case 'perl': {
      const { setns, prctl, capget, capset } = joiner.calls;
      const numbers = [setns, prctl, capget, capset].map(String);
      const user = request.userNamespace ? '1' : '0';
      const forward = request.forward.map((signal) => signal.replace(/^SIG/, '')).join(',');
      return [
        '/usr/bin/perl',
        join(request.directory, 'join'),
        pid,
        user,
        ...numbers,
        forward,
        request.cwd,
        ...request.argv,
      ];
    }
    case 'nsenter': {
      const capabilities = joiner.keepCapabilities ? ['--keep-caps'] : [];
      const user = request.userNamespace ? ['--user', '--preserve-credentials', ...capabilities] : [];
      const start = ['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', request.cwd, ...request.argv];
      return ['nsenter', '--target', pid, ...user, '--mount', '--net', '--pid', '--', ...start];
    }
  }
}

/** The environment under which `joinCommand` must be started for the command to see `env`. */
export function joinEnvironment(
  joiner: Joiner,
  env: Readonly<Record<string, string>>,
): Record<string, string> {
  if (joiner.kind !== 'perl') return { ...env };
  // Perl's own variables must not change how the script runs; it gives them back to the command.
  const renamed = Object.entries(env).map(([name, value]) => [
    name.startsWith('PERL') ? `POLICYD_KEEP_${name}` : name,
    value,
  ]);
  return { ...Object.fromEntries(renamed), PERL_BADLANG: '0' };
}
