/**
 * A ruleset as text that `nft -f` reads and people compare. Same ruleset, same text: objects by name,
 * elements sorted. What is committed is the JSON of `commands.ts`; both say the same (tested in a kernel).
 */
import { netmask } from '../net/cidr.ts';
import { checkAddress, checkHook, checkLink, checkName, ruleComment, unwritable } from './alphabet.ts';
import { sortByElement } from './elements.ts';
import type {
  BaseHook,
  Chain,
  ElementType,
  Expression,
  NftMap,
  NftSet,
  Operand,
  Rule,
  Ruleset,
  Statement,
  TableFamily,
} from './objects.ts';
import { SYN_MASK } from './statement-json.ts';
import { verdictKey } from './verdicts.ts';

/** Throws NFT_UNWRITABLE for anything that is not of our alphabet. */
export function toText({ table, chains, sets, maps }: Ruleset): string {
  const blocks = [
    ...byName(sets).map(setText),
    ...byName(maps).map(mapText),
    // Base chains last, as they are committed.
    ...byName(chains)
      .filter(({ hook }) => hook === null)
      .map((chain) => chainText(table, chain)),
    ...byName(chains)
      .filter(({ hook }) => hook !== null)
      .map((chain) => chainText(table, chain)),
  ];
  return `table ${table.family} ${checkName(table.name)} {\n${blocks.join('\n')}}\n`;
}

function byName<T extends { readonly name: string }>(objects: ReadonlyMap<string, T>): readonly T[] {
  return [...objects.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function block(head: string, lines: readonly string[]): string {
  return [`\t${head} {`, ...lines.map((line) => `\t\t${line}`), '\t}', ''].join('\n');
}

function setText({ name, type, interval, elements }: NftSet): string {
  return block(`set ${checkName(name)}`, [
    `type ${type.join(' . ')}`,
    ...(interval ? ['flags interval'] : []),
    ...elementLines(
      type,
      [...elements].map((element) => [element, element]),
    ),
  ]);
}

function mapText({ name, type, elements }: NftMap): string {
  const entries = [...elements].map(([key, verdict]) => [key, `${key} : ${verdictKey(verdict)}`] as const);
  return block(`map ${checkName(name)}`, [
    `type ${type.join(' . ')} : verdict`,
    ...elementLines(type, entries),
  ]);
}

function elementLines(
  type: readonly ElementType[],
  entries: readonly (readonly [string, string])[],
): readonly string[] {
  if (entries.length === 0) return [];
  const quoted = type.length === 1 && type[0] === 'ifname';
  const sorted = sortByElement(type, entries).map(([, text]) => (quoted ? `"${text}"` : text));
  return [`elements = { ${sorted.join(`,\n\t\t             `)} }`];
}

function chainText({ family }: Ruleset['table'], chain: Chain): string {
  const rules = chain.rules.map((rule, index) => ruleText(chain, rule, index));
  const hook = chain.hook ? [hookText(family, chain.hook)] : [];
  return block(`chain ${checkName(chain.name)}`, [...hook, ...rules]);
}

function hookText(family: TableFamily, hook: BaseHook): string {
  checkHook(family, hook.hook);
  const device = hook.hook === 'ingress' ? ` device "${checkLink(hook.device)}"` : '';
  return `type ${hook.type} hook ${hook.hook}${device} priority ${hook.priority}; policy ${hook.policy};`;
}

function ruleText({ fingerprint }: Chain, { statements, note }: Rule, index: number): string {
  return `${statements.map(statementText).join(' ')} comment "${ruleComment(fingerprint, index, note)}"`;
}

function statementText(statement: Statement): string {
  switch (statement.kind) {
    case 'match': {
      const { left, op, right } = statement;
      return `${expressionText(left)} ${op === '!=' ? '!= ' : ''}${operandText(right)}`;
    }
    case 'tcpFlagsNotSyn':
      return `tcp flags & (${SYN_MASK.join(' | ')}) != syn`;
    case 'vmap':
      return `${expressionText(statement.key)} vmap @${checkName(statement.map)}`;
    case 'jump':
    case 'goto':
      return `${statement.kind} ${checkName(statement.chain)}`;
    case 'counter':
    case 'accept':
    case 'drop':
      return statement.kind;
  }
}

function expressionText(expression: Expression): string {
  switch (expression.kind) {
    case 'ctState':
      return 'ct state';
    case 'ctAddress':
      return `ct ${expression.direction} ${ip(expression.family)} saddr${maskText(expression)}`;
    case 'ctReplyPort':
      return 'ct reply proto-src';
    case 'l4proto':
      return 'meta l4proto';
    case 'address':
      return `${ip(expression.family)} ${expression.field}`;
    case 'icmpType':
      return expression.family === 4 ? 'icmp type' : 'icmpv6 type';
    case 'hopLimit':
      return 'ip6 hoplimit';
    case 'payloadLength':
      return 'ip6 length';
    case 'packetLength':
      return 'meta length';
    case 'packetType':
      return 'meta pkttype';
    case 'etherType':
      return 'ether type';
    case 'link':
      return expression.direction === 'in' ? 'iifname' : 'oifname';
    case 'sourceRoute':
      return 'fib saddr . iif oif';
    case 'udpPort':
      return 'udp dport';
    case 'concat':
      return expression.parts.map(expressionText).join(' . ');
  }
}

function maskText({ family, prefix }: Extract<Expression, { kind: 'ctAddress' }>): string {
  return prefix === undefined ? '' : ` & ${netmask(family, prefix)}`;
}

function ip(family: 4 | 6): string {
  return family === 4 ? 'ip' : 'ip6';
}

function operandText(operand: Operand): string {
  switch (operand.kind) {
    case 'set':
      return `@${checkName(operand.name)}`;
    case 'words':
      return anonymous(operand.words.map(wordText));
    case 'ports':
      return anonymous(
        operand.ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)),
      );
    case 'prefixes':
      return anonymous(operand.cidrs.map(checkAddress));
    case 'address':
      return checkAddress(operand.address);
    case 'links':
      return anonymous(operand.names.map((name) => `"${checkLink(name)}"`));
    case 'missing':
      return 'missing';
  }
}

function anonymous(items: readonly string[]): string {
  if (items.length === 0) throw unwritable('anonymous set', items);
  return items.length === 1 ? items.join() : `{ ${items.join(', ')} }`;
}

function wordText(word: string): string {
  if (!/^[a-z0-9-]{1,40}$/.test(word)) throw unwritable('word', word);
  return word === 'ipv6-icmp' ? 'icmpv6' : word;
}
