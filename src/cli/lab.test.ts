import { expect, test } from 'vitest';
import { labCommand } from './lab.ts';

test('the commands of the lab are these', () => {
  expect(labCommand().commands.map((command) => command.name())).toEqual([
    'run',
    'up',
    'exec',
    'shell',
    'list',
    'tools',
  ]);
});

test('run and up take the same options', () => {
  const flags = (name: string) =>
    labCommand()
      .commands.find((one) => one.name() === name)
      ?.options.map((o) => o.flags);
  expect(flags('run')).toEqual(flags('up'));
  expect(flags('run')).toContain('--listen <address>');
});

test('options after the command belong to the command', () => {
  const run = labCommand().commands.find((one) => one.name() === 'run');
  run?.action(() => {});
  run?.parse(['--nodes', '2', 'kubectl', 'get', 'pods', '-f', 'x'], { from: 'user' });
  expect(run?.args).toEqual(['kubectl', 'get', 'pods', '-f', 'x']);
  expect(run?.opts()).toEqual({ nodes: 2, topology: 'routed', ipFamily: 'dual' });
});

test('a topology nobody has is refused with those there are', () => {
  const run = labCommand().commands.find((one) => one.name() === 'run');
  run?.configureOutput({ writeErr: () => {} }).exitOverride();
  expect(() => run?.parse(['--topology', 'ring', 'true'], { from: 'user' })).toThrow(
    "option '--topology <name>' argument 'ring' is invalid. Allowed choices are routed, bridge.",
  );
});

test('help is written in one voice, and says no default that is nothing', () => {
  const lab = labCommand();
  for (const command of [lab, ...lab.commands]) {
    expect(command.helpInformation()).toContain('print help');
    expect(command.helpInformation()).not.toMatch(/display help|default: (?:\[\]|false)/);
  }
});
