/** Pieces of nft's own language. Whatever is put in here is an address, a number, a hash or a word of ours. */

/** A declaration of its own line; elements once each, sorted, so that the same set is the same text. */
export function set(kind: 'map' | 'set', name: string, type: string, elements: readonly string[]): string {
  const unique = [...new Set(elements)].sort();
  const filled = unique.length === 0 ? '' : `; elements = { ${unique.join(', ')} }`;
  return ` ${kind} ${name} { ${type}${filled}; }`;
}

/** A chain without a hook: it is jumped to. */
export function chain(name: string, rules: readonly string[]): string {
  return [` chain ${name} {`, ...rules.map((rule) => `  ${rule}`), ' }'].join('\n');
}

/** A base chain that lets pass what its rules leave; `place` as in `nat hook prerouting priority -100`. */
export function hook(name: string, place: string, rules: readonly string[]): string {
  return chain(name, [`type ${place}; policy accept;`, ...rules]);
}
