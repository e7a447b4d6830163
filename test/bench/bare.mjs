// The yardstick: nothing but `nft -j -f FILE`, in a network namespace of its own, from a small process.
// Reads {"files": [...]} a line, answers {"milliseconds": [...]} a line.
import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

for await (const line of createInterface({ input: process.stdin })) {
  const milliseconds = [];
  for (const file of JSON.parse(line).files) {
    const start = performance.now();
    const { status, stderr } = spawnSync('nft', ['-j', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    milliseconds.push(performance.now() - start);
    if (status !== 0) throw new Error(`nft -j -f ${file}: ${stderr}`);
  }
  process.stdout.write(`${JSON.stringify({ milliseconds })}\n`);
}
