/** The nft process and its failures, played by small scripts; the real program is in test/kernel. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FAR_MS } from '../../test/kit/waiting.ts';
import { addSet, addTable } from '../nft/commands.ts';
import type { SetName } from '../nft/objects.ts';
import { createNft, type Nft } from './nft.ts';

const COMMANDS = [addTable({ family: 'inet', name: 'a' }), addTable({ family: 'inet', name: 'b' })];
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nft-test-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** Refuses what holds the text, and nothing else. */
function refusing(text: string): string {
  return `for file; do :; done; grep -qF '${text}' "$file" || exit 0; echo 'Error: File exists' >&2; exit 1`;
}

async function played(script: string, timeoutMs = FAR_MS): Promise<Nft> {
  const binary = join(directory, 'nft');
  await writeFile(binary, `#!/bin/sh\n${script}\n`);
  await chmod(binary, 0o700);
  await mkdir(join(directory, 'files'), { recursive: true });
  return createNft({ binary, timeoutMs, directory: join(directory, 'files') });
}

describe('nft', () => {
  it('is committed when nft ends well, from a private file without a name', async () => {
    const copy = join(directory, 'copy');
    const files = join(directory, 'files');
    const nft = await played(
      `[ "$1 $2" = "-j -f" ] || exit 9\ncp "$3" ${copy}\nstat -L -c '%a %h' "$3" > ${copy}.mode\nls ${files} >> ${copy}.mode`,
    );
    expect(await nft.commit(COMMANDS)).toMatchObject({ kind: 'committed', milliseconds: expect.any(Number) });
    expect(JSON.parse(await readFile(copy, 'utf8'))).toEqual({ nftables: COMMANDS });
    expect(await readFile(`${copy}.mode`, 'utf8')).toBe('600 0\n');
    expect(await readdir(files)).toEqual([]);
  });

  it('is refused when nft says no, with its words', async () => {
    const nft = await played(refusing('"b"'));
    expect(await nft.commit(COMMANDS)).toEqual({
      kind: 'refused',
      message: 'Error: File exists',
      command: 1,
    });
    expect(await nft.check(COMMANDS)).toEqual({ kind: 'refused', message: 'Error: File exists', command: 1 });
  });

  it('names the element that is at fault, of a command that has several', async () => {
    const elements = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'];
    const set = { name: 's' as SetName, type: ['ipv4_addr'], interval: false } as const;
    const commands = [...COMMANDS, addSet({ family: 'inet', name: 'a' }, set, elements), ...COMMANDS];
    const nft = await played(refusing('"10.0.0.3"'));
    expect(await nft.commit(commands)).toMatchObject({ kind: 'refused', command: 2, element: 2 });
    const whole = await played(refusing('"name":"s"'));
    expect(await whole.commit(commands)).toEqual({
      kind: 'refused',
      message: 'Error: File exists',
      command: 2,
    });
  });

  it('blames no command when everything is refused, or the machine is short of something', async () => {
    const all = await played('echo busy >&2; exit 1');
    expect(await all.commit(COMMANDS)).toEqual({ kind: 'refused', message: 'busy', command: null });
    const memory = await played('[ "$1" = -c ] && exit 9; echo "Error: Cannot allocate memory" >&2; exit 1');
    expect(await memory.commit(COMMANDS)).toMatchObject({ kind: 'refused', command: null });
    const denied = await played('echo "Error: Operation not permitted" >&2; exit 1');
    expect(await denied.commit(COMMANDS)).toMatchObject({
      message: expect.stringContaining('CAP_NET_ADMIN'),
    });
  });

  it('gives up the search when nft is too slow for it', async () => {
    const nft = await played('[ "$1" = -c ] && sleep 2.2; echo no >&2; exit 1', 2000);
    expect(await nft.commit(COMMANDS)).toEqual({ kind: 'refused', message: 'no', command: null });
  });

  it('is refused without a culprit when the check finds none', async () => {
    const nft = await played('[ "$1" = -c ] && exit 0; echo busy >&2; exit 1');
    expect(await nft.commit(COMMANDS)).toEqual({ kind: 'refused', message: 'busy', command: null });
  });

  it('is refused without a culprit when the transaction is too large, and says what to do', async () => {
    const nft = await played('echo "netlink: Error: Could not process rule: Message too long" >&2; exit 1');
    expect(await nft.commit(COMMANDS)).toEqual({
      kind: 'refused',
      message: expect.stringMatching(/^a change of 2 commands is too large .* run as root/),
      command: null,
      tooLarge: true,
    });
    expect(await nft.commit(COMMANDS.slice(1))).toMatchObject({
      message: expect.stringContaining('one command is too large'),
      command: 0,
    });
  });

  it('is uncertain when nft does not end in time, and ends it', async () => {
    const pid = join(directory, 'pid');
    const nft = await played(`echo $$ > ${pid}; exec sleep 300`, 2000);
    expect(await nft.commit(COMMANDS)).toEqual({ kind: 'uncertain', message: 'no answer in 2000 ms' });
    const number = Number(await readFile(pid, 'utf8'));
    expect(() => process.kill(number, 0)).toThrow('ESRCH');
  });

  it('is uncertain when nft is killed', async () => {
    const nft = await played('kill -9 $$');
    expect(await nft.commit(COMMANDS)).toMatchObject({
      kind: 'uncertain',
      message: expect.stringContaining('SIGKILL'),
    });
  });

  it('is uncertain when nft prints without an end, and is ended', async () => {
    const nft = await played('exec yes');
    expect(await nft.commit(COMMANDS)).toMatchObject({
      kind: 'uncertain',
      message: expect.stringContaining('more than'),
    });
  });

  it('is uncertain when the answers were lost after the commit', async () => {
    const nft = await played('echo "netlink: Error: No buffer space available" >&2; exit 1');
    expect(await nft.commit(COMMANDS)).toMatchObject({ kind: 'uncertain' });
  });

  it('bounds what it repeats of a very long message', async () => {
    const nft = await played('yes error | head -c 100000 >&2; exit 1');
    const result = await nft.commit(COMMANDS);
    expect(result.kind === 'refused' && result.message.length).toBeLessThan(2100);
  });

  it('says how to install nft when it is missing, for every operation', async () => {
    const nft = createNft({ binary: join(directory, 'absent'), timeoutMs: 1000 });
    const missing = { code: 'NFT_MISSING', hint: expect.stringContaining('apt-get install nftables') };
    await expect(nft.commit(COMMANDS)).rejects.toMatchObject(missing);
    await expect(nft.listTable('inet', 'a')).rejects.toMatchObject(missing);
    await expect(nft.version()).rejects.toMatchObject(missing);
  });

  it('lists nothing only when the table is absent', async () => {
    const absent = await played('echo "Error: No such file or directory" >&2; exit 1');
    expect(await absent.listTable('inet', 'a')).toBeNull();
    const denied = await played('echo "Error: Could not process rule: Operation not permitted" >&2; exit 1');
    await expect(denied.listTable('inet', 'a')).rejects.toMatchObject({
      code: 'NFT_FAILED',
      hint: expect.stringContaining('CAP_NET_ADMIN'),
    });
    const slow = await played('exec sleep 300', 200);
    await expect(slow.version()).rejects.toMatchObject({ code: 'NFT_TIMEOUT' });
    await expect(slow.listTable('inet', 'a')).rejects.toMatchObject({ code: 'NFT_TIMEOUT' });
    const torn = await played('echo "{ \\"nftables\\": ["');
    await expect(torn.listTable('inet', 'a')).rejects.toMatchObject({ code: 'NFT_UNREADABLE' });
  });

  it('runs in the C locale and hands nothing on standard input', async () => {
    const nft = await played('[ -z "$(cat)" ] && [ "$LC_ALL" = C ] && echo "{}"');
    expect(await nft.listTable('inet', 'a')).toEqual({});
  });

  it('reads the version', async () => {
    expect(await (await played('echo "nftables v1.0.6 (Lester Gooch #5)"')).version()).toBe('1.0.6');
    await expect((await played('echo nonsense')).version()).rejects.toMatchObject({ code: 'NFT_FAILED' });
  });
});
