/**
 * Commands as nft's own text, one a line, for people to review; nft takes it and does the same (tested in
 * test/semantics/transactions.test.ts). What it does not know it does not hide: that is shown as JSON.
 */
import type { AddBody, DeleteBody, NftCommand } from '../../src/nft/commands.ts';
import type {
  JsonElement,
  JsonExpression,
  JsonField,
  JsonOperand,
  JsonStatement,
} from '../../src/nft/json.ts';
import type { Batch } from '../../src/nft/plan.ts';

/** One transaction. */
export function batchText({ commands }: Pick<Batch, 'commands'>): string {
  return commands.map((command) => `${commandText(command)}\n`).join('');
}

function commandText(command: NftCommand): string {
  if ('add' in command) return `add ${addText(command.add)}`;
  if ('flush' in command) {
    const [kind, { family, table, name }] = only(command.flush);
    return `flush ${kind} ${family} ${table} ${name}`;
  }
  return `delete ${deleteText(command.delete)}`;
}

function addText(body: AddBody): string {
  if ('table' in body) return `table ${body.table.family} ${body.table.name}`;
  if ('chain' in body) {
    const { family, table, name, type, hook, prio, policy } = body.chain;
    const base =
      hook === undefined ? '' : ` { type ${type} hook ${hook} priority ${prio}; policy ${policy}; }`;
    return `chain ${family} ${table} ${name}${base}`;
  }
  if ('rule' in body) {
    const { family, table, chain, expr, comment } = body.rule;
    return `rule ${family} ${table} ${chain} ${expr.map(statementText).join(' ')} comment "${comment}"`;
  }
  if ('set' in body) {
    const { family, table, name, type, flags, elem = [] } = body.set;
    const flagged = flags === undefined ? '' : ` flags ${flags.join(', ')};`;
    return `set ${family} ${table} ${name} { type ${typeText(type)};${flagged}${elements(elem.map(elementText))} }`;
  }
  const { family, table, name, type, map, elem = [] } = body.map;
  const entries = elem.map(([key, verdict]) => `${elementText(key)} : ${statementText(verdict)}`);
  return `map ${family} ${table} ${name} { type ${typeText(type)} : ${map};${elements(entries)} }`;
}

function deleteText(body: DeleteBody): string {
  if ('table' in body) return `table ${body.table.family} ${body.table.name}`;
  if ('element' in body) {
    const { family, table, name, elem } = body.element;
    return `element ${family} ${table} ${name} { ${elem.map(elementText).join(', ')} }`;
  }
  const [kind, { family, table, name }] = only(body);
  return `${kind} ${family} ${table} ${name}`;
}

function only<Value>(body: Readonly<Record<string, Value>>): readonly [string, Value] {
  const [entry] = Object.entries(body);
  if (entry === undefined) throw new TypeError('a command without a body');
  return entry;
}

function typeText(type: string | readonly string[]): string {
  return typeof type === 'string' ? type : type.join(' . ');
}

function elements(items: readonly string[]): string {
  return items.length === 0 ? '' : ` elements = { ${items.join(', ')} };`;
}

function elementText(element: JsonElement): string {
  if (typeof element === 'object' && 'concat' in element) return element.concat.map(fieldText).join(' . ');
  return fieldText(element);
}

function fieldText(field: JsonField): string {
  if (typeof field !== 'object') return String(field);
  if ('range' in field) return field.range.join('-');
  return `${field.prefix.addr}/${field.prefix.len}`;
}

function statementText(statement: JsonStatement): string {
  if ('match' in statement) {
    const { left, op, right } = statement.match;
    const quoted = /^meta [io]ifname$/.test(expressionText(left));
    const field = (each: JsonField): string => (quoted ? `"${fieldText(each)}"` : fieldText(each));
    const operand = operandText(right, field);
    return `${expressionText(left)} ${op === '!=' ? '!= ' : ''}${operand}`;
  }
  if ('vmap' in statement) return `${expressionText(statement.vmap.key)} vmap ${statement.vmap.data}`;
  if ('jump' in statement) return `jump ${statement.jump.target}`;
  if ('goto' in statement) return `goto ${statement.goto.target}`;
  for (const word of ['counter', 'accept', 'drop']) if (word in statement) return word;
  return JSON.stringify(statement);
}

function operandText(right: JsonOperand, field: (each: JsonField) => string): string {
  // What a look-up of a route that finds none comes to.
  if (typeof right === 'boolean') return right ? 'exists' : 'missing';
  return typeof right === 'object' && 'set' in right
    ? `{ ${right.set.map(field).join(', ')} }`
    : field(right);
}

function expressionText(expression: JsonExpression): string {
  if ('ct' in expression)
    return `ct ${expression.ct.dir === undefined ? '' : `${expression.ct.dir} `}${expression.ct.key}`;
  if ('fib' in expression) return `fib ${expression.fib.flags.join(' . ')} ${expression.fib.result}`;
  if ('meta' in expression) return `meta ${expression.meta.key}`;
  if ('payload' in expression) return `${expression.payload.protocol} ${expression.payload.field}`;
  if ('&' in expression) {
    const [left, mask] = expression['&'];
    return `${expressionText(left)} & ${typeof mask === 'string' ? mask : `(${mask.join(' | ')})`}`;
  }
  if ('concat' in expression) return expression.concat.map(expressionText).join(' . ');
  return JSON.stringify(expression);
}
