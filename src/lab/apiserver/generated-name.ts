/** No vowels and no look-alikes: the alphabet of generated names. */
const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

function randomSuffix(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(5));
  return [...bytes].map((byte) => suffixAlphabet[byte % suffixAlphabet.length]).join('');
}

/** `prefix-x7k2p`, never longer than a label. */
export function generatedName(prefix: string): string {
  return `${prefix.slice(0, 58)}${randomSuffix()}`;
}
