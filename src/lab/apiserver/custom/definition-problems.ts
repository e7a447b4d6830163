import type { Path } from '../../../model/labels.ts';
import type { FieldProblem } from '../../../model/policy.ts';
import { forbidden, invalid, required, unsupported } from '../../../policy/decode/problem.ts';
import { checkDns1035, checkSubdomain } from '../../../policy/decode/syntax.ts';
import { at, isObject, type Json, type JsonObject, listAt, objectAt, textAt } from '../json.ts';
import { columnTypes } from './columns.ts';
import { fieldsOfPath, parseJsonPath } from './json-path.ts';
import { schemaProblems } from './schema-problems.ts';

/** What the API server finds wrong with a CustomResourceDefinition, defaulted already. */
export function definitionProblems(definition: JsonObject): readonly FieldProblem[] {
  const spec = objectAt(definition, 'spec');
  const name = textAt(definition, 'metadata', 'name');
  const wanted = `${textAt(spec, 'names', 'plural')}.${textAt(spec, 'group')}`;
  return [
    ...(name === wanted
      ? []
      : [invalid(['metadata', 'name'], name, 'must be spec.names.plural+"."+spec.group')]),
    ...groupProblems(definition),
    ...(['Cluster', 'Namespaced'].includes(textAt(spec, 'scope'))
      ? []
      : [unsupported(['spec', 'scope'], spec.scope ?? '', ['Cluster', 'Namespaced'])]),
    ...nameProblems(objectAt(spec, 'names')),
    ...versionsProblems(spec),
    ...conversionProblems(spec),
    ...(spec.preserveUnknownFields === true
      ? [invalid(['spec', 'preserveUnknownFields'], true, 'must be false')]
      : []),
  ];
}

function groupProblems(definition: JsonObject): readonly FieldProblem[] {
  const group = textAt(definition, 'spec', 'group');
  const path = ['spec', 'group'];
  if (group === '') return [required(path)];
  const broken = checkSubdomain(group);
  if (broken.length > 0) return [invalid(path, group, broken.join(','))];
  if (!group.includes('.')) return [invalid(path, group, 'should be a domain with at least one dot')];
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group)) return [];
  if (textAt(definition, 'metadata', 'annotations', 'api-approved.kubernetes.io') !== '') return [];
  return [
    required(
      ['metadata', 'annotations', 'api-approved.kubernetes.io'],
      'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    ),
  ];
}

function nameProblems(names: JsonObject): readonly FieldProblem[] {
  const path = ['spec', 'names'];
  const plain = ['plural', 'singular'].flatMap((field) => label([...path, field], textAt(names, field)));
  const mixed = ['kind', 'listKind'].flatMap((field) => {
    const name = textAt(names, field);
    if (name === '') return [required([...path, field])];
    const broken = checkDns1035(name.toLowerCase());
    if (broken.length === 0) return [];
    const rule = `may have mixed case, but should otherwise match: ${broken.join(',')}`;
    return [invalid([...path, field], name, rule)];
  });
  const twins =
    names.kind === names.listKind
      ? [invalid([...path, 'listKind'], names.listKind, 'kind and listKind may not be the same')]
      : [];
  const lists = ['shortNames', 'categories'].flatMap((field) =>
    listAt(names, field).flatMap((name, index) => label([...path, field, index], String(name))),
  );
  return [...plain, ...mixed, ...twins, ...lists];
}

function label(path: Path, name: string): readonly FieldProblem[] {
  if (name === '') return [required(path)];
  const broken = checkDns1035(name);
  return broken.length === 0 ? [] : [invalid(path, name, broken.join(','))];
}

function versionsProblems(spec: JsonObject): readonly FieldProblem[] {
  const versions = listAt(spec, 'versions');
  const path = ['spec', 'versions'];
  const names = versions.map((version) => textAt(version, 'name'));
  const stored = versions.filter((version) => at(version, 'storage') === true).length;
  return [
    ...(new Set(names).size === names.length
      ? []
      : [invalid(path, names, 'must contain unique version names')]),
    ...(stored === 1
      ? []
      : [invalid(path, names, 'must have exactly one version marked as storage version')]),
    ...versions.flatMap((version, index) =>
      isObject(version) ? versionProblems(version, [...path, index]) : [],
    ),
  ];
}

function versionProblems(version: JsonObject, path: Path): readonly FieldProblem[] {
  const schema = at(version, 'schema', 'openAPIV3Schema');
  const here = [...path, 'schema', 'openAPIV3Schema'];
  return [
    ...label([...path, 'name'], textAt(version, 'name')),
    ...(isObject(schema) ? schemaProblems(schema, here) : [required(here, 'schemas are required')]),
    ...columnProblems(listAt(version, 'additionalPrinterColumns'), [...path, 'additionalPrinterColumns']),
    ...listAt(version, 'selectableFields').flatMap((field, index) =>
      plainPath(
        textAt(field, 'jsonPath'),
        '.',
        [...path, 'selectableFields', index, 'jsonPath'],
        'is an invalid path',
      ),
    ),
    ...scaleProblems(at(version, 'subresources', 'scale'), [...path, 'subresources', 'scale']),
  ];
}

function columnProblems(columns: readonly Json[], path: Path): readonly FieldProblem[] {
  return columns.flatMap((column, index) => {
    const here = [...path, index];
    const type = textAt(column, 'type');
    const jsonPath = textAt(column, 'jsonPath');
    const choice = `must be one of ${columnTypes.join(',')}`;
    return [
      ...(textAt(column, 'name') === '' ? [required([...here, 'name'])] : []),
      ...(columnTypes.includes(type) ? [] : [invalid([...here, 'type'], type, choice)]),
      ...(jsonPath === '' ? [required([...here, 'jsonPath'])] : []),
      ...(jsonPath !== '' && parseJsonPath(jsonPath) === null
        ? [invalid([...here, 'jsonPath'], jsonPath, 'must be a simple json path with leading .')]
        : []),
    ];
  });
}

function scaleProblems(scale: Json | undefined, path: Path): readonly FieldProblem[] {
  if (!isObject(scale)) return [];
  const selector = textAt(scale, 'labelSelectorPath');
  const under = (field: string, parent: string): readonly FieldProblem[] =>
    plainPath(textAt(scale, field), parent, [...path, field], `should be a json path under ${parent}`);
  return [
    ...under('specReplicasPath', '.spec'),
    ...under('statusReplicasPath', '.status'),
    ...(selector === '' || selector.startsWith('.spec.') ? [] : under('labelSelectorPath', '.status')),
  ];
}

/** Fields alone lead there, from the parent on. */
function plainPath(text: string, parent: string, path: Path, rule: string): readonly FieldProblem[] {
  if (text === '') return [required(path)];
  const parsed = parseJsonPath(text);
  const fields = parsed === null ? null : fieldsOfPath(parsed);
  return fields !== null && text.startsWith(parent) ? [] : [invalid(path, text, rule)];
}

function conversionProblems(spec: JsonObject): readonly FieldProblem[] {
  const strategy = textAt(spec, 'conversion', 'strategy');
  const path = ['spec', 'conversion', 'strategy'];
  if (strategy === 'Webhook')
    return [
      forbidden(path, 'the lab API server calls no webhooks: only None, which changes apiVersion alone'),
    ];
  return strategy === 'None' ? [] : [unsupported(path, strategy, ['None', 'Webhook'])];
}

/** What an update may not take away: a version in which objects may be stored, and what the objects are. */
export function definitionUpdateProblems(old: JsonObject, next: JsonObject): readonly FieldProblem[] {
  const versions = listAt(next, 'spec', 'versions').map((version) => textAt(version, 'name'));
  const lost = listAt(old, 'status', 'storedVersions').flatMap((version, index) =>
    versions.includes(String(version))
      ? []
      : [
          invalid(
            ['status', 'storedVersions', index],
            version,
            `missing from spec.versions; ${String(version)} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${String(version)} and removes it from status.storedVersions`,
          ),
        ],
  );
  const fixed = [
    ['spec', 'group'],
    ['spec', 'scope'],
    ['spec', 'names', 'plural'],
    ['spec', 'names', 'kind'],
  ];
  const changed = fixed.filter((path) => at(old, ...path) !== at(next, ...path));
  return [...lost, ...changed.map((path) => invalid(path, at(next, ...path), 'field is immutable'))];
}
