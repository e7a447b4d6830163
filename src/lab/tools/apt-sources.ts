/**
 * The machine's own apt sources, pointed at another release of Debian. Only the archive itself is taken: its
 * security and updates suites may not exist there, and other people's repositories must not be asked for a
 * release they never heard of.
 */
export interface SourceFile {
  /** `.sources` (deb822) or `.list` (one line a source), by the name's end. */
  readonly name: string;
  readonly text: string;
}

/** The same sources for `suite`; files in which none remains are left out. */
export function sourcesFor(
  files: readonly SourceFile[],
  codename: string,
  suite: string,
): readonly SourceFile[] {
  const archive = new Set([codename, 'stable', 'oldstable', 'oldoldstable']);
  return files.flatMap(({ name, text }) => {
    const changed = name.endsWith('.sources')
      ? text.split(/\n(?:[ \t]*\n)+/).flatMap((stanza) => stanzaFor(stanza, archive, suite))
      : text.split('\n').flatMap((line) => lineFor(line, archive, suite));
    return changed.length === 0
      ? []
      : [{ name, text: `${changed.join(name.endsWith('.sources') ? '\n\n' : '\n')}\n` }];
  });
}

function isDebianKeyring(signedBy: string | undefined): boolean {
  return signedBy === undefined || signedBy.includes('debian-archive') || signedBy.includes('BEGIN PGP');
}

function stanzaFor(stanza: string, archive: ReadonlySet<string>, suite: string): readonly string[] {
  const lines = stanza.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const fields = new Map<string, string>();
  let current = '';
  for (const line of lines) {
    const field = /^([A-Za-z][A-Za-z0-9-]*):(.*)$/.exec(line);
    if (field !== null) current = field[1]?.toLowerCase() ?? '';
    const value = field === null ? line : (field[2]?.trim() ?? '');
    fields.set(current, field === null ? `${fields.get(current) ?? ''}\n${value}` : value);
  }
  const words = (name: string): readonly string[] => (fields.get(name) ?? '').split(/\s+/);
  const switchedOff = /^(no|false|0|off|without|disable)$/i.test(fields.get('enabled') ?? '');
  const usable =
    !switchedOff &&
    words('types').includes('deb') &&
    words('suites').some((one) => archive.has(one)) &&
    words('components').includes('main') &&
    isDebianKeyring(fields.get('signed-by'));
  if (!usable) return [];
  const changed = new Map(fields).set('types', 'deb').set('suites', suite).set('components', 'main');
  return [[...changed].map(([name, value]) => `${name}: ${value}`).join('\n')];
}

function lineFor(line: string, archive: ReadonlySet<string>, suite: string): readonly string[] {
  const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line);
  const [, options, uri, from, components] = match ?? [];
  if (uri === undefined || from === undefined || !archive.has(from)) return [];
  if (!(components ?? '').split(/\s+/).includes('main')) return [];
  if (!isDebianKeyring(/signed-by=(\S+)/.exec(options ?? '')?.[1])) return [];
  return [`deb ${options === undefined ? '' : `[${options.trim()}] `}${uri} ${suite} main`];
}
