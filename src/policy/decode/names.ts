/** Names and labels as Kubernetes validates them (apimachinery util/validation), with its messages. */
import type { Labels, Path } from '../../model/labels.ts';
import { isAbsent, isObject, type Problems } from './decoded.ts';

const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const DNS_1035_LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

const QUALIFIED_MESSAGE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_MESSAGE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const SUBDOMAIN_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_MESSAGE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035_MESSAGE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/** What is wrong with the text as a label key; null: nothing. */
export function labelKeyFault(key: string): string | null {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? null : key.slice(0, slash);
  const name = key.slice(slash + 1);
  if (prefix !== null) {
    if (prefix === '') return 'prefix part must be non-empty';
    if (prefix.length > 253) return 'prefix part must be no more than 253 bytes';
    if (!DNS_SUBDOMAIN.test(prefix)) return `prefix part ${SUBDOMAIN_MESSAGE}`;
  }
  if (name === '') return 'name part must be non-empty';
  if (name.length > 63) return 'name part must be no more than 63 bytes';
  return QUALIFIED.test(name) ? null : QUALIFIED_MESSAGE;
}

/** What is wrong with the text as a label value; null: nothing. */
export function labelValueFault(value: string): string | null {
  if (value.length > 63) return 'must be no more than 63 bytes';
  return value === '' || QUALIFIED.test(value) ? null : VALUE_MESSAGE;
}

export type NameRule = 'subdomain' | 'label' | 'label1035';

export function nameFault(name: string, rule: NameRule): string | null {
  switch (rule) {
    case 'subdomain':
      if (name.length > 253) return 'must be no more than 253 bytes';
      return DNS_SUBDOMAIN.test(name) ? null : SUBDOMAIN_MESSAGE;
    case 'label':
      if (name.length > 63) return 'must be no more than 63 bytes';
      return DNS_LABEL.test(name) ? null : LABEL_MESSAGE;
    case 'label1035':
      if (name.length > 63) return 'must be no more than 63 bytes';
      return DNS_1035_LABEL.test(name) ? null : LABEL_1035_MESSAGE;
  }
}

/** IANA service name, with IsValidPortName's messages; null: nothing wrong. */
export function portNameFault(name: string): string | null {
  if (name.length > 15) return 'must be no more than 15 characters';
  if (!/^[-a-z0-9]+$/.test(name))
    return 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)';
  if (!/[a-z]/.test(name)) return 'must contain at least one letter (a-z)';
  if (name.includes('--')) return 'must not contain consecutive hyphens';
  if (name.startsWith('-') || name.endsWith('-')) return 'must not begin or end with a hyphen';
  return null;
}

export function isPortNumber(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65535;
}

/** Labels that are not well formed are left out and reported. */
export function readLabels(value: unknown, path: Path, problems: Problems): Labels {
  const labels = new Map<string, string>();
  if (isAbsent(value)) return labels;
  if (!isObject(value)) {
    problems.invalid(path, value, 'must be an object of strings');
    return labels;
  }
  for (const [key, label] of Object.entries(value)) {
    const keyFault = labelKeyFault(key);
    if (keyFault !== null) problems.invalid(path, key, keyFault);
    else if (typeof label !== 'string') problems.invalid([...path, key], label, 'must be a string');
    else {
      const fault = labelValueFault(label);
      if (fault === null) labels.set(key, label);
      else problems.invalid(path, label, fault);
    }
  }
  return labels;
}
