import { at, type Json, type JsonObject, type KubeObject, objectAt, textAt } from './json.ts';
import type { BuiltInName, Resource } from './resources.ts';
import { badRequest } from './status.ts';

/** Decides whether an object belongs to a list or a watch. */
export type Match = (object: KubeObject) => boolean;

type LabelTest = (labels: JsonObject) => boolean;

/** The grammar of `labelSelector=`: `a=b,c!=d,e in (f,g),h notin (i),j,!k`. */
export function labelMatch(text: string): Match {
  const tests = splitOutsideParentheses(text).map((term) => labelTest(term.trim(), text));
  return (object) => {
    const labels = objectAt(object.metadata, 'labels');
    return tests.every((test) => test(labels));
  };
}

function splitOutsideParentheses(text: string): readonly string[] {
  if (text.trim() === '') return [];
  const terms: string[] = [];
  let depth = 0;
  let term = '';
  for (const character of text) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) {
      terms.push(term);
      term = '';
    } else term += character;
  }
  return [...terms, term];
}

const labelKey = '[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?';
const labelValue = '([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?';
const existsPattern = new RegExp(`^(?<not>!?)\\s*(?<key>${labelKey})$`);
const equalsPattern = new RegExp(`^(?<key>${labelKey})\\s*(?<operator>=|==|!=)\\s*(?<value>${labelValue})$`);
const setPattern = new RegExp(`^(?<key>${labelKey})\\s+(?<operator>in|notin)\\s*\\((?<values>[^()]*)\\)$`);
const valuePattern = new RegExp(`^${labelValue}$`);

function labelTest(term: string, whole: string): LabelTest {
  const refuse = () =>
    badRequest(`unable to parse requirement: found ${JSON.stringify(term)} in ${JSON.stringify(whole)}`);
  const equals = equalsPattern.exec(term)?.groups;
  if (equals !== undefined) {
    const { key = '', operator, value = '' } = equals;
    if (operator === '!=') return (labels) => at(labels, key) !== value;
    return (labels) => at(labels, key) === value;
  }
  const set = setPattern.exec(term)?.groups;
  if (set !== undefined) {
    const { key = '', operator, values = '' } = set;
    const list = values.split(',').map((value) => value.trim());
    if (list.some((value) => !valuePattern.test(value))) throw refuse();
    const wanted = new Set<Json | undefined>(list);
    if (operator === 'in') return (labels) => wanted.has(at(labels, key));
    return (labels) => !wanted.has(at(labels, key));
  }
  const exists = existsPattern.exec(term)?.groups;
  if (exists === undefined) throw refuse();
  const { key = '', not } = exists;
  return (labels) => (at(labels, key) !== undefined) === (not === '');
}

const selectableFields: Partial<Record<BuiltInName, readonly string[]>> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  namespaces: ['status.phase'],
  nodes: ['spec.unschedulable'],
  secrets: ['type'],
  services: ['spec.clusterIP', 'spec.type'],
  replicasets: ['status.replicas'],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
};

/** The grammar of `fieldSelector=`: `a=b,c!=d`, only over the fields the real server indexes. */
export function fieldMatch(resource: Resource, text: string): Match {
  const tests = text
    .split(',')
    .filter((term) => term.trim() !== '')
    .map((term) => fieldTest(resource, term.trim()));
  return (object) => tests.every((test) => test(object));
}

function fieldTest(resource: Resource, term: string): Match {
  const parts = /^(?<field>[^=!]+)(?<operator>==|=|!=)(?<value>.*)$/.exec(term)?.groups;
  if (parts === undefined) {
    throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
  }
  const { field = '', operator, value = '' } = parts;
  const known =
    field === 'metadata.name' || field === 'metadata.namespace' || selectableOf(resource).includes(field);
  if (!known) throw badRequest(`field label not supported: ${field}`);
  const equal = operator !== '!=';
  return (object) => (fieldText(object, field) === value) === equal;
}

function selectableOf({ name, custom }: Resource): readonly string[] {
  return custom === null ? (selectableFields[name] ?? []) : custom.selectable;
}

function fieldText(object: KubeObject, field: string): string {
  if (field === 'source') return textAt(object, 'source', 'component');
  const value = at(object, ...field.split('.'));
  if (value === undefined || value === null) {
    if (field === 'spec.hostNetwork' || field === 'spec.unschedulable') return 'false';
    return field === 'status.replicas' ? '0' : '';
  }
  return String(value);
}

/** A selector object (`matchLabels`, `matchExpressions`) as Deployments and ReplicaSets use it. */
export function selectorObjectMatch(selector: Json | undefined): (labels: JsonObject) => boolean {
  const wanted = Object.entries(objectAt(selector, 'matchLabels'));
  const expressions = at(selector, 'matchExpressions');
  const list = Array.isArray(expressions) ? expressions : [];
  return (labels) =>
    wanted.every(([key, value]) => at(labels, key) === value) &&
    list.every((expression) => expressionHolds(expression, labels));
}

function expressionHolds(expression: Json, labels: JsonObject): boolean {
  const value = at(labels, textAt(expression, 'key'));
  const values = at(expression, 'values');
  const listed = value !== undefined && Array.isArray(values) && values.includes(value);
  switch (textAt(expression, 'operator')) {
    case 'In':
      return listed;
    case 'NotIn':
      return !listed;
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}
