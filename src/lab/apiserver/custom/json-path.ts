import { isArray, isObject, type Json } from '../json.ts';

/** The JSONPath of printer columns: `.a.b`, `['a']`, `[0]`, `[*]`, `[?(@.a=="b")]`. */
export type JsonPath = readonly Step[];

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | {
      readonly kind: 'where';
      readonly path: readonly string[];
      readonly equal: boolean;
      readonly value: Json;
    };

const steps: readonly (readonly [RegExp, (found: Readonly<Record<string, string>>) => Step])[] = [
  [
    /^\.(?<name>(?:[A-Za-z0-9_-]|\\\.)+)/,
    ({ name = '' }) => ({ kind: 'field', name: name.replaceAll('\\.', '.') }),
  ],
  [/^\[['"](?<name>[^'"]+)['"]\]/, ({ name = '' }) => ({ kind: 'field', name })],
  [/^\[(?<index>-?\d+)\]/, ({ index }) => ({ kind: 'index', index: Number(index) })],
  [/^(?:\[\*\]|\.\*)/, () => ({ kind: 'all' })],
  [
    /^\[\?\(\s*@(?<path>(?:\.[A-Za-z0-9_-]+)+)\s*(?<operator>==|!=)\s*(?:'(?<single>[^']*)'|"(?<double>[^"]*)"|(?<plain>true|false|-?\d+(?:\.\d+)?))\s*\)\]/,
    ({ path = '', operator, single, double, plain }) => ({
      kind: 'where',
      path: path.slice(1).split('.'),
      equal: operator === '==',
      value: plain === undefined ? (single ?? double ?? '') : JSON.parse(plain),
    }),
  ],
];

/** Null for a path that is none, or that does what columns cannot. */
export function parseJsonPath(text: string): JsonPath | null {
  const path: Step[] = [];
  let rest = text;
  while (rest !== '') {
    const found = steps.map(([expression, make]) => [expression.exec(rest), make] as const);
    const [match, make] = found.find(([one]) => one !== null) ?? [];
    if (!match || make === undefined) return null;
    path.push(make(match.groups ?? {}));
    rest = rest.slice(match[0].length);
  }
  return path.length === 0 ? null : path;
}

/** The plain fields of a path that leads to one place (`.spec.replicas`), null for another. */
export function fieldsOfPath(path: JsonPath): readonly string[] | null {
  const names = path.flatMap((step) => (step.kind === 'field' ? [step.name] : []));
  return names.length === path.length ? names : null;
}

/** The first value at a path, undefined when there is none. */
export function firstAt(path: JsonPath, value: Json): Json | undefined {
  return path.reduce<readonly Json[]>(
    (found, step) => found.flatMap((item) => stepped(step, item)),
    [value],
  )[0];
}

function stepped(step: Step, value: Json): readonly Json[] {
  switch (step.kind) {
    case 'field': {
      const found = fieldOf(value, step.name);
      return found === undefined ? [] : [found];
    }
    case 'index': {
      const found = isArray(value) ? value.at(step.index) : undefined;
      return found === undefined ? [] : [found];
    }
    case 'all':
      return items(value);
    case 'where':
      return items(value).filter((item) => {
        const found = step.path.reduce<Json | undefined>(
          (here, name) => (here === undefined ? here : fieldOf(here, name)),
          item,
        );
        return found !== undefined && (found === step.value) === step.equal;
      });
  }
}

function fieldOf(value: Json, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function items(value: Json): readonly Json[] {
  if (isArray(value)) return value;
  return isObject(value) ? Object.values(value).filter((item) => item !== undefined) : [];
}
