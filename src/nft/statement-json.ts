/** Statements to nft's JSON, in the forms nft 1.0.6 takes (each one is committed in test/kernel/nft). */
import { netmask } from '../net/cidr.ts';
import { checkAddress, checkLink, checkName, unwritable } from './alphabet.ts';
import { icmpTypeNumber } from './icmp-types.ts';
import type { JsonExpression, JsonField, JsonOperand, JsonScalar, JsonStatement } from './json.ts';
import type { Expression, Operand, Statement } from './objects.ts';
import { protocolNumber } from './protocol-names.ts';
import { ETHER_TYPES, hopLimitNumber } from './values.ts';

export const CT_STATES: readonly string[] = ['invalid', 'established', 'related', 'new', 'untracked'];

/** What nft 1.0.6 reads and prints of them; the kernel has more, which no rule of ours names. */
export const PACKET_TYPES: readonly string[] = ['host', 'broadcast', 'multicast'];

/** The masked flags of `tcpFlagsNotSyn`: only a plain SYN opens a connection. */
export const SYN_MASK: readonly string[] = ['fin', 'syn', 'rst', 'ack'];

/** Throws NFT_UNWRITABLE for a name, word, address or link that is not of our alphabet. */
export function statementJson(statement: Statement): JsonStatement {
  switch (statement.kind) {
    case 'match':
      return matchJson(statement.left, statement.op, statement.right);
    case 'tcpFlagsNotSyn':
      return {
        match: {
          op: '!=',
          left: { '&': [{ payload: { protocol: 'tcp', field: 'flags' } }, SYN_MASK] },
          right: 'syn',
        },
      };
    case 'counter':
      return { counter: null };
    case 'vmap':
      return { vmap: { key: expressionJson(statement.key), data: `@${checkName(statement.map)}` } };
    case 'jump':
      return { jump: { target: checkName(statement.chain) } };
    case 'goto':
      return { goto: { target: checkName(statement.chain) } };
    case 'accept':
      return { accept: null };
    case 'drop':
      return { drop: null };
  }
}

function matchJson(left: Expression, op: '==' | '!=', right: Operand): JsonStatement {
  // `in` is the bit test that `ct state new` means in nft's text; `==` would compare the whole mask.
  const operator =
    left.kind === 'ctState' && op === '==' && right.kind === 'words' && right.words.length === 1 ? 'in' : op;
  return { match: { op: operator, left: expressionJson(left), right: operandJson(left, right) } };
}

/** Also what `walk` recognises in a listing: nft prints these as it reads them. */
export function expressionJson(expression: Expression): JsonExpression {
  switch (expression.kind) {
    case 'ctState':
      return { ct: { key: 'state' } };
    case 'ctAddress': {
      const { family, direction, prefix } = expression;
      const whole = { ct: { key: `${ipWord(family)} saddr`, dir: direction } } as const;
      return prefix === undefined ? whole : { '&': [whole, netmask(family, prefix)] };
    }
    case 'ctReplyPort':
      return { ct: { key: 'proto-src', dir: 'reply' } };
    case 'l4proto':
      return { meta: { key: 'l4proto' } };
    case 'address':
      return { payload: { protocol: ipWord(expression.family), field: expression.field } };
    case 'icmpType':
      return { payload: { protocol: expression.family === 4 ? 'icmp' : 'icmpv6', field: 'type' } };
    case 'hopLimit':
      return { payload: { protocol: 'ip6', field: 'hoplimit' } };
    case 'payloadLength':
      return { payload: { protocol: 'ip6', field: 'length' } };
    case 'packetLength':
      return { meta: { key: 'length' } };
    case 'packetType':
      return { meta: { key: 'pkttype' } };
    case 'etherType':
      return { payload: { protocol: 'ether', field: 'type' } };
    case 'link':
      return { meta: { key: expression.direction === 'in' ? 'iifname' : 'oifname' } };
    case 'sourceRoute':
      return { fib: { result: 'oif', flags: ['saddr', 'iif'] } };
    case 'udpPort':
      return { payload: { protocol: 'udp', field: 'dport' } };
    case 'concat':
      return { concat: expression.parts.map(expressionJson) };
  }
}

function ipWord(family: 4 | 6): 'ip' | 'ip6' {
  return family === 4 ? 'ip' : 'ip6';
}

function operandJson(left: Expression, operand: Operand): JsonOperand {
  switch (operand.kind) {
    case 'set':
      return `@${checkName(operand.name)}`;
    case 'words':
      return anonymous(operand.words.map((word) => wordJson(left, word)));
    case 'ports':
      return anonymous(
        operand.ranges.map(({ first, last }) => (first === last ? first : { range: [first, last] })),
      );
    case 'prefixes':
      return anonymous(operand.cidrs.map(prefixJson));
    case 'address':
      return checkAddress(operand.address);
    case 'links':
      return anonymous(operand.names.map(checkLink));
    case 'missing':
      return false;
  }
}

/** nft lists a set of one as the thing itself; we write it so. */
function anonymous(fields: readonly JsonField[]): JsonOperand {
  const [first] = fields;
  if (first === undefined) throw unwritable('anonymous set', fields);
  return fields.length === 1 ? first : { set: fields };
}

function wordJson(left: Expression, word: string): JsonScalar {
  switch (left.kind) {
    case 'ctState':
      if (CT_STATES.includes(word)) return word;
      throw unwritable('conntrack state', word);
    case 'l4proto': {
      const number = protocolNumber(word);
      if (number === null) throw unwritable('protocol', word);
      return number;
    }
    case 'icmpType': {
      const number = icmpTypeNumber(left.family, word);
      if (number === null) throw unwritable('ICMP type', word);
      return number;
    }
    case 'hopLimit': {
      const number = hopLimitNumber(word);
      if (number === null) throw unwritable('hop limit', word);
      return number;
    }
    case 'packetType':
      if (PACKET_TYPES.includes(word)) return word;
      throw unwritable('packet type', word);
    case 'etherType':
      if (ETHER_TYPES.has(word)) return word;
      throw unwritable('protocol of frames', word);
    case 'ctAddress':
    case 'ctReplyPort':
    case 'payloadLength':
    case 'packetLength':
    case 'link':
    case 'address':
    case 'sourceRoute':
    case 'udpPort':
    case 'concat':
      throw unwritable(`word for ${left.kind}`, word);
  }
}

function prefixJson(cidr: string): JsonField {
  const [addr = '', length] = checkAddress(cidr).split('/');
  return { prefix: { addr, len: Number(length) } };
}
