/** Reads response bodies within bounds: whole texts, and lines of a watch. */
import { ProtocolError } from './api-error.ts';

/** The API server refuses objects above 3 MiB; a page holds 500 of the usual 10 to 20 kB. */
const LONGEST_LINE = 16 * 1024 * 1024;
const LONGEST_TEXT = 1024 * 1024 * 1024;

/** `progress` is told of every chunk. */
export async function readText(body: AsyncIterable<Uint8Array>, progress: () => void): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    progress();
    length += chunk.length;
    if (length > LONGEST_TEXT) throw new ProtocolError('the answer is larger than 1 GiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The lines of each chunk together, so that a burst is handled in one turn. A cut last line is an error. */
export async function* readLines(
  body: AsyncIterable<Uint8Array>,
  progress: () => void,
): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  for await (const chunk of body) {
    progress();
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) throw new ProtocolError('an event is longer than 16 MiB');
    const whole = lines.filter((line) => line.trim() !== '');
    if (whole.length > 0) yield whole;
  }
  if ((rest + decoder.decode()).trim() !== '')
    throw new ProtocolError('the watch ended in the middle of an event');
}
