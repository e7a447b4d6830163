/** Pieces of nft's own language. Whatever is put in here is an address, a number, a hash or a word of ours. */

export function set(kind: 'map' | 'set', name: string, type: string, elements: readonly string[]): string {
  const unique = [...new Set(elements)].sort();
  const filled = unique.length === 0 ? '' : `; elements = { ${unique.join(', ')} }`;
  return ` ${kind} ${name} { ${type}${filled}; }`;
}

export function chain(name: string, rules: readonly string[]): string {
  return [` chain ${name} {`, ...rules.map((rule) => `  ${rule}`), ' }'].join('\n');
}

export function hook(name: string, place: string, rules: readonly string[]): string {
  return chain(name, [`type ${place}; policy accept;`, ...rules]);
}
