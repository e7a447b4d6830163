import type { FieldProblem } from '../../../model/policy.ts';
import { invalid, required, unsupported } from '../../../policy/decode/problem.ts';
import { checkLabelKey } from '../../../policy/decode/syntax.ts';
import { isObject, type JsonObject, listAt, numberAt, objectAt, sameJson, textAt } from '../json.ts';
import { selectorObjectMatch } from '../selectors.ts';
import { labelProblems } from './metadata.ts';
import { podSpecProblems, templateLabels } from './pod.ts';

/** Deployments and ReplicaSets. */
export function workloadProblems(spec: JsonObject): readonly FieldProblem[] {
  const selector = objectAt(spec, 'selector');
  const template = objectAt(spec, 'template');
  const replicas = numberAt(spec, 'replicas') ?? 1;
  const labels = templateLabels(template);
  const policy = textAt(template, 'spec', 'restartPolicy');
  const matches = selectorObjectMatch(selector)(labels);
  const empty =
    listAt(selector, 'matchExpressions').length === 0 &&
    Object.keys(objectAt(selector, 'matchLabels')).length === 0;
  return [
    ...(replicas < 0 ? [invalid(['spec', 'replicas'], replicas, 'must be greater than or equal to 0')] : []),
    ...(spec.selector === undefined ? [required(['spec', 'selector'])] : []),
    ...(spec.selector !== undefined && empty
      ? [invalid(['spec', 'selector'], selector, 'empty selector is invalid for deployment')]
      : []),
    ...selectorProblems(selector),
    ...(!empty && !matches
      ? [
          invalid(
            ['spec', 'template', 'metadata', 'labels'],
            labels,
            '`selector` does not match template `labels`',
          ),
        ]
      : []),
    ...labelProblems(labels, ['spec', 'template', 'metadata', 'labels']),
    ...podSpecProblems(objectAt(template, 'spec'), ['spec', 'template', 'spec']),
    ...(policy === '' || policy === 'Always'
      ? []
      : [unsupported(['spec', 'template', 'spec', 'restartPolicy'], policy, ['Always'])]),
  ];
}

function selectorProblems(selector: JsonObject): readonly FieldProblem[] {
  const path = ['spec', 'selector', 'matchExpressions'];
  return [
    ...labelProblems(objectAt(selector, 'matchLabels'), ['spec', 'selector', 'matchLabels']),
    ...listAt(selector, 'matchExpressions')
      .filter(isObject)
      .flatMap((expression, index) => {
        const key = textAt(expression, 'key');
        const operator = textAt(expression, 'operator');
        const values = listAt(expression, 'values');
        const here = [...path, index];
        const keys = checkLabelKey(key).map((rule) => invalid([...here, 'key'], key, rule));
        if (operator === 'In' || operator === 'NotIn') {
          const rule = "must be specified when `operator` is 'In' or 'NotIn'";
          return values.length === 0 ? [...keys, required([...here, 'values'], rule)] : keys;
        }
        if (operator === 'Exists' || operator === 'DoesNotExist') return keys;
        return [...keys, invalid([...here, 'operator'], operator, 'not a valid selector operator')];
      }),
  ];
}

/** Of the specs of a Deployment or ReplicaSet, which keep their selector. */
export function workloadUpdateProblems(old: JsonObject, next: JsonObject): readonly FieldProblem[] {
  if (sameJson(old.selector, next.selector)) return [];
  return [invalid(['spec', 'selector'], next.selector, 'field is immutable')];
}
