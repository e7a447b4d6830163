import { expect, test } from 'vitest';
import { sourcesFor } from './apt-sources.ts';

function stanza(fields: string): string {
  const found = sourcesFor([{ name: 'a.sources', text: fields }], 'bookworm', 'trixie');
  return found.map(({ text }) => text).join('');
}

function line(text: string): string {
  const found = sourcesFor([{ name: 'a.list', text }], 'bookworm', 'trixie');
  return found.map((file) => file.text).join('');
}

const archive =
  'Types: deb deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main contrib\n';

test("a deb822 source of the archive is pointed at the other release, with the machine's mirror and key", () => {
  const key = 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n';
  expect(stanza(`# a comment\n${archive}${key}`)).toBe(
    'types: deb\nuris: http://mirror.example/debian\nsuites: trixie\ncomponents: main\nsigned-by: /usr/share/keyrings/debian-archive-keyring.gpg\n',
  );
});

test('a key written into a deb822 source is kept line by line', () => {
  const key = 'Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n';
  expect(stanza(`${archive}${key}`)).toContain(
    'signed-by: \n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc',
  );
});

test('security, updates, disabled, source-only and foreign deb822 sources are left out', () => {
  expect(stanza(archive.replace('bookworm bookworm-updates', 'bookworm-security'))).toBe('');
  expect(stanza(`${archive}Enabled: no\n`)).toBe('');
  expect(stanza(archive.replace('deb deb-src', 'deb-src'))).toBe('');
  expect(stanza(archive.replace('main contrib', 'stable'))).toBe('');
  expect(stanza(`${archive}Signed-By: /etc/apt/keyrings/vendor.gpg\n`)).toBe('');
});

test('of several stanzas only those of the archive remain', () => {
  const security = archive.replaceAll('bookworm', 'bookworm-security');
  const both = stanza(`${security}\n${archive}`);
  expect(both.match(/suites: trixie/g)).toHaveLength(1);
});

test('a one-line source keeps its options and mirror', () => {
  expect(line('deb [ arch=amd64 ] http://mirror.example/debian bookworm main contrib # note\n')).toBe(
    'deb [arch=amd64] http://mirror.example/debian trixie main\n',
  );
  expect(line('deb http://mirror.example/debian stable main')).toBe(
    'deb http://mirror.example/debian trixie main\n',
  );
});

test('one-line sources of others, of other suites and in comments are left out', () => {
  expect(line('# deb http://mirror.example/debian bookworm main')).toBe('');
  expect(line('deb-src http://mirror.example/debian bookworm main')).toBe('');
  expect(line('deb http://mirror.example/debian bookworm-backports main')).toBe('');
  expect(line('deb http://vendor.example/linux bookworm stable')).toBe('');
  expect(line('deb [signed-by=/etc/apt/keyrings/vendor.gpg] http://vendor.example bookworm main')).toBe('');
});
