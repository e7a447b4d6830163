// Stands in for nft where the agent commits, and does it wrong, as the file MODE says: what must be noticed.
//   split    what is taken away in one transaction, what is added in the next
//   rewrite  the table deleted in one transaction, and written again in the next
//   slow     right, but late: the agent can be killed while it waits
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const [mode, nft, ...args] = process.argv.slice(2);
const file = args.at(-1);
const TABLE = ['table', 'inet', 'policyd'];

function run(...words) {
  const { status, stdout, stderr } = spawnSync(nft, words, { encoding: 'utf8', maxBuffer: 100_000_000 });
  if (status === 0) return stdout;
  process.stderr.write(stderr);
  process.exit(status ?? 1);
}

function commit(commands, name) {
  if (commands.length === 0) return;
  writeFileSync(`${file}.${name}`, JSON.stringify({ nftables: commands }));
  run('-j', '-f', `${file}.${name}`);
}

const { nftables } = JSON.parse(readFileSync(file, 'utf8'));
switch (mode) {
  case 'split': {
    const additions = nftables.findLastIndex((command) => !('add' in command)) + 1;
    commit(nftables.slice(0, additions), 'first');
    commit(nftables.slice(additions), 'second');
    break;
  }
  case 'rewrite': {
    writeFileSync(`${file}.saved`, run('list', ...TABLE));
    run('delete', ...TABLE);
    run('-f', `${file}.saved`);
    commit(nftables, 'rest');
    break;
  }
  case 'slow':
    await delay(150);
    commit(nftables, 'late');
    break;
}
