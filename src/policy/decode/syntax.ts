/**
 * The syntax of names, labels and ports, with the API server's messages (apimachinery's validation package).
 * Each check returns what is wrong, nothing when all is well. The expressions run in linear time.
 */

const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const QUALIFIED_MESSAGE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const DNS_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${DNS_LABEL}(\\.${DNS_LABEL})*`;
const DNS_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const NAME_EXAMPLES = ['MyName', 'my.name', '123-abc'];

const qualified = new RegExp(`^${QUALIFIED}$`);
const labelValue = new RegExp(`^(${QUALIFIED})?$`);
const dnsLabel = new RegExp(`^${DNS_LABEL}$`);
const subdomain = new RegExp(`^${SUBDOMAIN}$`);
const dns1035 = new RegExp(`^${DNS_1035}$`);

export type SyntaxCheck = (value: string) => readonly string[];

const NONE: readonly string[] = [];

/** `name` or `prefix/name`. What is wrong with it, in the words of the API server; empty: nothing. */
export function checkLabelKey(key: string): readonly string[] {
  const parts = key.split('/');
  if (parts.length > 2) {
    const rule = regexError(`a qualified name ${QUALIFIED_MESSAGE}`, QUALIFIED, NAME_EXAMPLES);
    return [`${rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  const messages: string[] = [];
  if (prefix === '') messages.push('prefix part must be non-empty');
  else if (prefix !== undefined)
    for (const message of checkSubdomain(prefix)) messages.push(`prefix part ${message}`);
  if (name === '') messages.push('name part must be non-empty');
  else if (name.length > 63) messages.push(`name part ${tooLong(63)}`);
  if (!qualified.test(name))
    messages.push(`name part ${regexError(QUALIFIED_MESSAGE, QUALIFIED, NAME_EXAMPLES)}`);
  return messages;
}

/** May be empty. */
export function checkLabelValue(value: string): readonly string[] {
  const wellFormed = labelValue.test(value);
  if (wellFormed && value.length <= 63) return NONE;
  const messages: string[] = [];
  if (value.length > 63) messages.push(tooLong(63));
  if (!wellFormed) {
    const rule = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`;
    messages.push(regexError(rule, `(${QUALIFIED})?`, ['MyValue', 'my_value', '12345']));
  }
  return messages;
}

/** Namespaces, containers. */
export function checkDnsLabel(value: string): readonly string[] {
  const messages: string[] = [];
  if (value.length > 63) messages.push(tooLong(63));
  if (!dnsLabel.test(value)) {
    const rule =
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
    if (subdomain.test(value)) messages.push('must not contain dots');
    else messages.push(regexError(rule, DNS_LABEL, ['my-name', '123-abc']));
  }
  return messages;
}

/** Pods, nodes, NetworkPolicies. */
export function checkSubdomain(value: string): readonly string[] {
  const messages: string[] = [];
  if (value.length > 253) messages.push(tooLong(253));
  if (!subdomain.test(value)) {
    const rule =
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
    messages.push(regexError(rule, SUBDOMAIN, ['example.com']));
  }
  return messages;
}

/** Services. */
export function checkDns1035(value: string): readonly string[] {
  const messages: string[] = [];
  if (value.length > 63) messages.push(tooLong(63));
  if (!dns1035.test(value)) {
    const rule =
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
    messages.push(regexError(rule, DNS_1035, ['my-name', 'abc-123']));
  }
  return messages;
}

/** An IANA service name (semantics F1). */
export function checkPortName(name: string): readonly string[] {
  const messages: string[] = [];
  if (name.length > 15) messages.push(tooLong(15));
  if (!/^[-a-z0-9]+$/.test(name))
    messages.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(name)) messages.push('must contain at least one letter (a-z)');
  if (name.includes('--')) messages.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) messages.push('must not begin or end with a hyphen');
  return messages;
}

/** A whole number that a port can have. */
export function checkPortNumber(port: number): readonly string[] {
  return Number.isInteger(port) && port >= 1 && port <= 65535
    ? NONE
    : ['must be between 1 and 65535, inclusive'];
}

function tooLong(length: number): string {
  return `must be no more than ${length} characters`;
}

function regexError(rule: string, expression: string, examples: readonly string[]): string {
  const quoted = examples.map((example) => `'${example}', `).join(' or ');
  return `${rule} (e.g. ${quoted}regex used for validation is '${expression}')`;
}
