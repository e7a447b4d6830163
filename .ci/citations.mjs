#!/usr/bin/env node
/**
 * Holds that the reference can be relied on: every citation of a rule resolves, every link between documents
 * does, every rule has an anchor of its own, and every rule of the semantics is named by a test.
 * Cited are `semantics 1.4`, `datapath 5.2`, `reliability 13`, `ADR 6`, and lists and ranges of numbers
 * (`ADR 2 and 3`, `semantics 1.3 to 1.5`). A letter from A to J with a number (`H5`) is a rule of the
 * semantics wherever it stands. Usage: .ci/citations.mjs [DIRECTORY]
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

const root = process.argv[2] ?? join(import.meta.dirname, '..');
const PLACES = ['README.md', 'CONTRIBUTING.md', 'src', 'test', 'docs', 'deploy', 'examples'];
/** Holds broken ones on purpose. */
const OWN_TEST = 'test/cli/citations.test.ts';
const READ = /(?:\.(?:ts|mjs|js|md|sh|pl|ya?ml)|\/run)$/;
const REFERENCES = ['semantics', 'datapath', 'reliability'];

const NUMBER = String.raw`\d+(?:\.\d+)*(?![\w.]*\w)`;
const LETTER = String.raw`(?<![\w/+.@-])[A-J][1-9]\d?(?![\w/+=])`;
const NUMBERS = `${NUMBER}(?:(?: +to +|,? +(?:and|or) +|, +)${NUMBER})*`;
const BY_NUMBER = new RegExp(
  `(?<![\\w/.-])([Ss]emantics|[Dd]atapath|[Rr]eliability|ADR)s?(?: +(${NUMBERS}))?`,
  'g',
);
const BY_LETTER = new RegExp(`${LETTER}(?: +to +${LETTER})?`, 'g');
/** Behind the name: what makes it a citation in a form that nothing above reads, and what shows that it is none. */
const LOOSE_NUMBER = /^(?:\.md)?[ :,§(-]*(?:(?:section|rule|line)s? +)?\d/;
const LOOSE_TAIL = /^,? +rules?\b/;
const NOT_ALONE = /^(?:\.md| +[A-J]\d)/;
const LINK = /\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)/g;
const PATH = /(?<![\w./(])(docs\/[\w./-]+\.md)(?:#([\w.-]*\w))?/g;
const ANCHOR = /<a id="([^"]*)"><\/a>(?:\*\*)?([\w.]*\w)/g;

const complaints = [];
const texts = readAll();
const rules = new Map(REFERENCES.map((name) => [name, rulesOf(`docs/${name}.md`)]));
rules.set('ADR', decisions());
const tested = new Set();
for (const [file, text] of texts) {
  checkLetters(file, text);
  checkNumbers(file, text);
  checkLinks(file, text);
}
for (const [rule, index] of rules.get('semantics')) {
  if (/^[A-J]/.test(rule) && !tested.has(rule)) complain('docs/semantics.md', index, `no test names ${rule}`);
}
for (const { file, line, what } of complaints) console.error(`citations: ${file}:${line}: ${what}`);
process.exitCode = complaints.length > 0 ? 1 : 0;

/** By path. */
function readAll() {
  const files = PLACES.filter((place) => existsSync(join(root, place))).flatMap((place) =>
    statSync(join(root, place)).isFile() ? [place] : filesIn(place),
  );
  const read = files.filter((file) => file !== OWN_TEST);
  return new Map(read.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
}

function filesIn(place) {
  return readdirSync(join(root, place), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => READ.test(file) && !/(?:^|\/)(?:node_modules|dist)\//.test(file))
    .sort();
}

function complain(file, index, what) {
  const line = (texts.get(file) ?? '').slice(0, index).split('\n').length;
  complaints.push({ file, line, what });
}

/** Each rule and section with its place; an anchor stands before the number that it is called by. */
function rulesOf(file) {
  const text = texts.get(file) ?? '';
  if (text === '') complain(file, 0, 'is not there');
  const found = new Map();
  for (const { index, 1: id, 2: number } of text.matchAll(ANCHOR)) {
    if (id !== number.toLowerCase()) complain(file, index, `the anchor "${id}" stands before ${number}`);
    if (found.has(number)) complain(file, index, `${number} is there twice`);
    found.set(number, index);
  }
  for (const { index, 1: number } of text.matchAll(/^(?:- \*\*|#+ )([A-J]?\d[\d.]*)/gm)) {
    complain(file, index, `${number} has no anchor: write <a id="..."></a> before it`);
  }
  return found;
}

function decisions() {
  const numbers = [...texts.keys()].flatMap((file) => /^docs\/adr\/0*(\d+)-/.exec(file)?.[1] ?? []);
  return new Map(numbers.map((number) => [number, 0]));
}

function checkLetters(file, text) {
  for (const { index, 0: cited } of flat(text).matchAll(BY_LETTER)) {
    for (const rule of expand(cited)) resolve(file, index, 'semantics', rule);
    if (/^test\/|\.test\.ts$/.test(file)) for (const rule of words(cited)) tested.add(rule);
  }
}

function checkNumbers(file, text) {
  const line = flat(text);
  for (const { index, 0: whole, 1: word, 2: cited } of line.matchAll(BY_NUMBER)) {
    const name = word === 'ADR' ? word : word.toLowerCase();
    const after = line.slice(index + whole.length);
    for (const rule of cited === undefined ? [] : expand(cited)) resolve(file, index, name, rule);
    const alone = line[index - 1] === '(' && name !== 'ADR' && !NOT_ALONE.test(after);
    const unclear = cited === undefined ? LOOSE_NUMBER.test(after) || alone : LOOSE_TAIL.test(after);
    if (unclear) complain(file, index, `${name} is cited without the number of a rule; write "${name} 5"`);
  }
}

/** As one line, every character at its place: to a reader a comment goes on behind the `*` of its next line. */
function flat(text) {
  return text.replaceAll(/\n[ \t]*(?:(?:\*|\/\/|#)[ \t]*)?/g, (gap) => ' '.repeat(gap.length));
}

function resolve(file, index, name, rule) {
  const known = rules.get(name);
  if (known.has(rule)) return;
  const near = nearest(rule, [...known.keys()]).join(', ');
  complain(file, index, `${name} ${rule} is cited and not there; nearest: ${near || 'none'}`);
}

function words(cited) {
  return cited.match(/[A-J]?\d+(?:\.\d+)*/g) ?? [];
}

/** `F4 to F6` is F4, F5, F6, and so is `1.4 to 1.6`; everything else is what it says. */
function expand(cited) {
  const between = [...cited.matchAll(/([A-J]?[\d.]*?)(\d+) +to +\1(\d+)/g)].flatMap(
    ([, before, first, last]) =>
      Array.from({ length: Math.max(0, last - first) }, (_, step) => `${before}${Number(first) + step}`),
  );
  return new Set([...words(cited), ...between]);
}

/** Of the same letter or section first, then by distance. */
function nearest(rule, known) {
  const placeOf = (text) => [/^[A-J]/.test(text) ? text.charCodeAt(0) : 0, ...text.match(/\d+/g).map(Number)];
  const wanted = placeOf(rule);
  const distance = (text) => {
    const place = placeOf(text);
    return [0, 1, 2].reduce(
      (sum, at) => sum * 100 + Math.min(99, Math.abs((place[at] ?? 0) - (wanted[at] ?? 0))),
      0,
    );
  };
  return known.toSorted((a, b) => distance(a) - distance(b)).slice(0, 3);
}

/** Links of documents, and paths of documents wherever they are named. */
function checkLinks(file, text) {
  const links = file.endsWith('.md') ? [...text.matchAll(LINK)] : [];
  const named = text.matchAll(PATH);
  for (const { index, 1: path, 2: anchor } of links) checkLink(file, index, target(file, path), anchor);
  for (const { index, 1: path, 2: anchor } of named) checkLink(file, index, path, anchor);
}

function target(file, path) {
  return path === '' ? file : normalize(join(dirname(file), path));
}

function checkLink(file, index, path, anchor) {
  const where = anchor === undefined ? path : `${path}#${anchor}`;
  const found = existsSync(join(root, path)) && (anchor === undefined || anchorsOf(path).includes(anchor));
  if (!found) complain(file, index, `${where} is not there`);
}

/** Those that are written, and those that GitHub makes of headings. */
function anchorsOf(file) {
  const text = readFileSync(join(root, file), 'utf8');
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .replaceAll(/<[^>]*>/g, '')
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
  return [...[...text.matchAll(/<a id="([^"]*)">/g)].map(([, id]) => id), ...headings];
}
