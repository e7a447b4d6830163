// What blocks cost as intervals and as hash sets by prefix length: to load, to add one element beside them, and
// for each packet. Root: `ip netns add bench; ip netns exec bench node test/bench/blocks.mjs`, or `unshare -n`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const directory = mkdtempSync(join(tmpdir(), 'policyd-blocks-'));
const TABLE = { family: 'inet', table: 'bench' };
const whole = { family: 'inet', name: 'bench' };
const fresh = [{ add: { table: whole } }, { delete: { table: whole } }, { add: { table: whole } }];

function run(program, args, input) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', input });
  if (status !== 0) throw new Error(`${program}: ${stderr?.slice(0, 500)}`);
  return stdout;
}

function nft(commands) {
  const file = join(directory, 'commands.json');
  writeFileSync(file, JSON.stringify({ nftables: commands }));
  const start = performance.now();
  run('nft', ['-j', '-f', file]);
  return Math.round(performance.now() - start);
}

function v6(value) {
  const groups = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(((value >> shift) & 0xffffn).toString(16));
  return groups.join(':');
}

function v4(value) {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}

function mask(family, length) {
  if (family === 4) return v4(length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0);
  return v6(((1n << BigInt(length)) - 1n) << BigInt(128 - length));
}

/** As many prefixes as the kernel makes of the range. */
function prefixes(first, last) {
  let count = 0;
  for (let at = first; at <= last; count += 1) {
    let size = 1n;
    while ((at & size) === 0n && at + 2n * size - 1n <= last) size *= 2n;
    at += size;
  }
  return count;
}

const range = (first, last) => ({ concat: [{ range: [first, last] }, { range: [0, 255] }] });
const intervals = (family, elem) => ({
  add: { set: { ...TABLE, name: 's', type: [`ipv${family}_addr`, 'inet_proto'], flags: ['interval'], elem } },
});
const hashed = (name, family, elem) => ({
  add: { set: { ...TABLE, name, type: `ipv${family}_addr`, elem } },
});
const one = { add: { set: { ...TABLE, name: 'other', type: 'ipv4_addr', elem: ['192.0.2.1'] } } };

function random(seed) {
  let state = seed;
  return () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & ((1n << 64n) - 1n);
    return Number(state >> 40n);
  };
}

function several(count) {
  const next = random(7n);
  const found = new Set();
  while (found.size < count) found.add(next() * 256);
  return [...found].sort((a, b) => a - b);
}

const BASE = 0x20010db8n << 96n;
for (const count of [1, 8, 64, 256, 1000, 4000, 8000]) {
  const holes = several(count).map((each) => BASE | (BigInt(each) << 20n) | 1n);
  const ends = [-1n, ...holes, 1n << 128n];
  const ranges = ends
    .slice(1)
    .flatMap((end, index) => (end - 1n > ends[index] ? [[ends[index] + 1n, end - 1n]] : []));
  const cut = ranges.reduce((sum, [first, last]) => sum + prefixes(first, last), 0);
  const asIntervals = nft([
    ...fresh,
    intervals(
      6,
      ranges.map(([first, last]) => range(v6(first), v6(last))),
    ),
  ]);
  const beside = nft([one]);
  const asHashes = nft([...fresh, hashed('p', 6, ['::', '8000::']), hashed('e', 6, holes.map(v6))]);
  console.log(
    `::/0 except ${count}: ${cut} prefixes; intervals ${asIntervals} ms, an element beside ${beside}; hash sets ${asHashes} ms, an element beside ${nft([one])}`,
  );
}
for (const count of [10, 1000, 10_000, 30_000, 100_000]) {
  const list = several(count);
  const asIntervals = nft([
    ...fresh,
    intervals(
      4,
      list.map((each) => range(v4(each), v4(each + 255))),
    ),
  ]);
  const beside = nft([one]);
  const asHashes = nft([...fresh, hashed('p', 4, list.map(v4))]);
  console.log(
    `${count} prefixes of 24 bits: intervals ${asIntervals} ms, an element beside ${beside}; hash set ${asHashes} ms, an element beside ${nft([one])}`,
  );
}

run('ip', ['link', 'set', 'lo', 'up']);
/** User and system microseconds for each of so many datagrams to a socket of its own. */
const SENDER = `use Socket qw(:all); my ($family, $count) = @ARGV;
my $end = $family == 6 ? pack_sockaddr_in6(9, inet_pton(AF_INET6, "::1")) : pack_sockaddr_in(9, inet_aton("127.0.0.1"));
my $domain = $family == 6 ? PF_INET6 : PF_INET;
socket(my $to, $domain, SOCK_DGRAM, 0); bind($to, $end) || die; socket(my $from, $domain, SOCK_DGRAM, 0);
connect($from, $end); for (1 .. $count) { send($from, "x", 0) } my ($user, $system) = times;
printf "%.6f\\n", ($user + $system) / $count * 1e6;`;

function cost(family) {
  let least = Number.POSITIVE_INFINITY;
  for (let index = 0; index < 5; index += 1)
    least = Math.min(least, Number(run('perl', ['-e', SENDER, String(family), '200000'])));
  return least;
}

const client = (family) => ({ ct: { key: family === 4 ? 'ip saddr' : 'ip6 saddr', dir: 'original' } });
const within = (left, set) => ({ match: { op: '==', left, right: `@${set}` } });

/** Nanoseconds for all the look-ups, none of which is met; the rules stand in the chain so many times. */
function measure(family, base, sets, lookups, times) {
  const hook = { ...TABLE, name: 'out', type: 'filter', hook: 'output', prio: 0, policy: 'accept' };
  const rules = Array.from({ length: times }, () => lookups).flat();
  nft([
    ...fresh,
    ...sets,
    { add: { chain: hook } },
    ...rules.map((lookup) => ({
      add: { rule: { ...TABLE, chain: 'out', expr: [lookup, { accept: null }] } },
    })),
  ]);
  return Math.round(((cost(family) - base) / times) * 1000);
}

for (const family of [4, 6]) {
  nft(fresh);
  const base = cost(family);
  for (const count of [1, 64, 1000, 4000, 16_000]) {
    const list = several(count).map((each) =>
      family === 4
        ? range(v4(each), v4(each + 255))
        : range(v6(BASE | (BigInt(each) << 8n)), v6((BASE | (BigInt(each) << 8n)) + 255n)),
    );
    const lookup = within({ concat: [client(family), { meta: { key: 'l4proto' } }] }, 's');
    console.log(
      `IPv${family}, intervals of ${count} prefixes: ${measure(family, base, [intervals(family, list)], [lookup], 20)} ns`,
    );
  }
  for (const count of family === 4 ? [1, 8, 33] : [1, 8, 33, 129]) {
    const bits = family === 4 ? 32 : 128;
    const lengths = Array.from({ length: count }, (_, index) =>
      count === 1 ? 24 : Math.round((index * bits) / (count - 1)),
    );
    const elements =
      family === 4 ? several(100).map(v4) : several(100).map((each) => v6(BASE | (BigInt(each) << 40n)));
    const sets = lengths.map((length) =>
      hashed(`m${length}`, family, length < 10 ? elements.slice(0, 1) : elements),
    );
    const lookups = lengths.map((length) =>
      within({ '&': [client(family), mask(family, length)] }, `m${length}`),
    );
    console.log(
      `IPv${family}, hash sets of ${count} lengths: ${measure(family, base, sets, lookups, count > 16 ? 2 : 20)} ns`,
    );
  }
}
rmSync(directory, { recursive: true, force: true });
