/** What `make check` says of citations that lead nowhere: `.ci/citations.mjs` over a small project of its own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SCRIPT = new URL('../../.ci/citations.mjs', import.meta.url).pathname;

const SOUND: Readonly<Record<string, string>> = {
  'docs/semantics.md':
    '## <a id="1.1"></a>1.1 Objects\n\n- <a id="a1"></a>**A1** one\n- <a id="a2"></a>**A2** two\n',
  'docs/datapath.md':
    '## <a id="5"></a>5. Costs\n\n- <a id="5.1"></a>**5.1** one\n- <a id="5.2"></a>**5.2** two\n',
  'docs/reliability.md': '- <a id="1"></a>**1** [one](datapath.md#5.1), [head](datapath.md#5-costs)\n',
  'docs/adr/0006-quarantine.md': '# 6. Quarantine\n',
  'src/sound.ts': [
    '/** Pods (semantics A1, A2; datapath 5, 5.1 and 5.2). A sentence about semantics.',
    ' * It ends in a line that goes on (semantics',
    ' * 1.1), and reliability 1. ADR 6, and docs/adr/0006-quarantine.md. */',
  ].join('\n'),
  'src/sound.test.ts': "test('A1 A2 hold', () => {});\n",
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'policyd-citations-'));
  for (const [path, text] of Object.entries(SOUND)) write(path, text);
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), text);
}

async function complaints(): Promise<readonly string[]> {
  const { exitCode, stderr } = await execa(process.execPath, [SCRIPT, directory], { reject: false });
  const lines = stderr.split('\n').filter((line) => line !== '');
  expect(exitCode).toBe(lines.length > 0 ? 1 : 0);
  return lines.map((line) => line.replace('citations: ', ''));
}

test('where everything resolves nothing is said', async () => {
  expect(await complaints()).toEqual([]);
});

test.each([
  ['a rule', '(semantics A3)', 'semantics A3 is cited and not there; nearest: A2, A1, 1.1'],
  ['a rule by itself', 'for the owner (B1).', 'semantics B1 is cited and not there; nearest: A1, A2, 1.1'],
  [
    'the last of a list',
    'semantics A1, A2 and A4',
    'semantics A4 is cited and not there; nearest: A2, A1, 1.1',
  ],
  ['one inside a range', 'datapath 5.1 to 5.3', 'datapath 5.3 is cited and not there; nearest: 5.2, 5.1, 5'],
  ['a section', '(semantics 1.7)', 'semantics 1.7 is cited and not there; nearest: 1.1, A1, A2'],
  ['an invariant', 'Reliability 13', 'reliability 13 is cited and not there; nearest: 1'],
  ['a decision', 'ADR 7', 'ADR 7 is cited and not there; nearest: 6'],
  ['a document', 'see docs/adr/0009-gone.md', 'docs/adr/0009-gone.md is not there'],
  ['an anchor', 'see docs/datapath.md#5.9', 'docs/datapath.md#5.9 is not there'],
])('%s that is not there is named with its place and what is near', async (_, words, wanted) => {
  write('src/broken.ts', `// fine\n/**\n * ${words}\n */\n`);
  expect(await complaints()).toEqual([`src/broken.ts:3: ${wanted}`]);
});

test.each([
  ['(datapath: sets are named)', 'datapath'],
  ['(datapath 5, rule 2)', 'datapath'],
  ['datapath.md section 4', 'datapath'],
  ['(semantics A and B)', 'semantics'],
  ['ADR-6', 'ADR'],
])('a form that could not be checked is refused: %s', async (words, name) => {
  write('test/broken.ts', `// ${words}\n`);
  expect(await complaints()).toEqual([
    `test/broken.ts:1: ${name} is cited without the number of a rule; write "${name} 5"`,
  ]);
});

test('a rule without an anchor, with somebody else’s, twice, or without a test is named', async () => {
  write(
    'docs/semantics.md',
    [
      '## 1.2 Bare',
      '- <a id="a1"></a>**A1** one',
      '- <a id="a1"></a>**A1** again',
      '- <a id="c2"></a>**A2** two',
      '- **B1** bare',
      '- <a id="c1"></a>**C1** untested',
    ].join('\n'),
  );
  write('src/sound.ts', '');
  expect(await complaints()).toEqual([
    'docs/semantics.md:3: A1 is there twice',
    'docs/semantics.md:4: the anchor "c2" stands before A2',
    'docs/semantics.md:1: 1.2 has no anchor: write <a id="..."></a> before it',
    'docs/semantics.md:5: B1 has no anchor: write <a id="..."></a> before it',
    'docs/semantics.md:5: semantics B1 is cited and not there; nearest: A1, C1, A2',
    'docs/semantics.md:6: no test names C1',
  ]);
});

test('a link between documents that leads nowhere is named', async () => {
  write(
    'docs/reliability.md',
    '- <a id="1"></a>**1** [one](datapath.md#5.7)\n- [two](gone.md)\n- [three](#9)\n',
  );
  expect(await complaints()).toEqual([
    'docs/reliability.md:1: docs/datapath.md#5.7 is not there',
    'docs/reliability.md:2: docs/gone.md is not there',
    'docs/reliability.md:3: docs/reliability.md#9 is not there',
  ]);
});
