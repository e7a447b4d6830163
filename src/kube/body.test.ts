import { expect, test } from 'vitest';
import { readLines, readText } from './body.ts';

async function* chunks(...parts: readonly (string | Buffer)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

async function lines(...parts: readonly (string | Buffer)[]): Promise<string[]> {
  const result: string[] = [];
  for await (const group of readLines(chunks(...parts), () => {})) result.push(group.join('|'));
  return result;
}

test('the lines of one chunk come together, a cut line with the chunk that completes it', async () => {
  expect(await lines('a\nb\nc', 'd\n', '\n', 'e\n')).toEqual(['a|b', 'cd', 'e']);
});

test('a character cut between two chunks stays whole', async () => {
  const bytes = Buffer.from('"ä"\n');
  expect(await lines(bytes.subarray(0, 2), bytes.subarray(2))).toEqual(['"ä"']);
});

test('an end in the middle of a line is an error, after the whole lines', async () => {
  const seen: string[] = [];
  const reading = (async (): Promise<void> => {
    for await (const group of readLines(chunks('a\nb'), () => {})) seen.push(...group);
  })();
  await expect(reading).rejects.toThrow('in the middle of an event');
  expect(seen).toEqual(['a']);
});

test('a line without an end is given up before it fills the memory', async () => {
  const endless = Array.from({ length: 20 }, () => Buffer.alloc(1024 * 1024, 'x'));
  await expect(lines(...endless)).rejects.toThrow('longer than 16 MiB');
});

test('every chunk counts as progress', async () => {
  let progress = 0;
  const text = await readText(chunks('a', 'b', 'c'), () => {
    progress += 1;
  });
  expect([text, progress]).toEqual(['abc', 3]);
});
