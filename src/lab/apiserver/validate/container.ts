import type { Path } from '../../../model/labels.ts';
import type { FieldProblem } from '../../../model/policy.ts';
import { duplicate, invalid, required, unsupported } from '../../../policy/decode/problem.ts';
import { checkDnsLabel, checkPortName, checkPortNumber } from '../../../policy/decode/syntax.ts';
import { isObject, type Json, type JsonObject, listAt, numberAt, textAt } from '../json.ts';

export const protocols: readonly string[] = ['SCTP', 'TCP', 'UDP'];
const pullPolicies = ['Always', 'IfNotPresent', 'Never'];

/** `seen` collects names over containers and init containers, which share one space. */
export function containerProblems(
  containers: readonly Json[],
  path: Path,
  seen: Set<string>,
  volumes: ReadonlySet<string>,
): readonly FieldProblem[] {
  return containers.filter(isObject).flatMap((container, index) => {
    const here = [...path, index];
    const name = textAt(container, 'name');
    const repeated = name !== '' && seen.has(name) ? [duplicate([...here, 'name'], name)] : [];
    seen.add(name);
    return [
      ...nameOf(container, here),
      ...repeated,
      ...imageOf(container, here),
      ...portProblems(container, here),
      ...environmentProblems(container, here),
      ...mountProblems(container, here, volumes),
      ...choice(container, 'imagePullPolicy', pullPolicies, here),
    ];
  });
}

function nameOf(container: JsonObject, path: Path): readonly FieldProblem[] {
  const name = textAt(container, 'name');
  if (name === '') return [required([...path, 'name'])];
  return checkDnsLabel(name).map((rule) => invalid([...path, 'name'], name, rule));
}

function imageOf(container: JsonObject, path: Path): readonly FieldProblem[] {
  const image = textAt(container, 'image');
  if (image === '') return [required([...path, 'image'])];
  if (image === image.trim()) return [];
  return [invalid([...path, 'image'], image, 'must not have leading or trailing whitespace')];
}

function portProblems(container: JsonObject, path: Path): readonly FieldProblem[] {
  const names = new Set<string>();
  return listAt(container, 'ports')
    .filter(isObject)
    .flatMap((port, index) => {
      const here = [...path, 'ports', index];
      const name = textAt(port, 'name');
      const repeated = name !== '' && names.has(name) ? [duplicate([...here, 'name'], name)] : [];
      names.add(name);
      return [
        ...(name === '' ? [] : checkPortName(name).map((rule) => invalid([...here, 'name'], name, rule))),
        ...repeated,
        ...portNumber(port, 'containerPort', here, true),
        ...portNumber(port, 'hostPort', here, false),
        ...choice(port, 'protocol', protocols, here),
      ];
    });
}

/** A port from 1 to 65535; 0 and absent are the same, and wrong only when it is needed. */
export function portNumber(
  object: JsonObject,
  field: string,
  path: Path,
  needed: boolean,
): readonly FieldProblem[] {
  const value = numberAt(object, field) ?? 0;
  if (value === 0) return needed ? [required([...path, field])] : [];
  return checkPortNumber(value).map((rule) => invalid([...path, field], value, rule));
}

/** A field of few legal values; absent is legal. */
export function choice(
  object: JsonObject,
  field: string,
  values: readonly string[],
  path: Path,
): readonly FieldProblem[] {
  const value = object[field];
  if (value === undefined || (typeof value === 'string' && values.includes(value))) return [];
  return [unsupported([...path, field], value, values)];
}

function environmentProblems(container: JsonObject, path: Path): readonly FieldProblem[] {
  return listAt(container, 'env')
    .filter(isObject)
    .flatMap((variable, index) => {
      const name = textAt(variable, 'name');
      const here = [...path, 'env', index];
      if (name === '') return [required([...here, 'name'])];
      if (textAt(variable, 'value') === '' || variable.valueFrom === undefined) return [];
      return [invalid([...here, 'valueFrom'], '', 'may not be specified when `value` is not empty')];
    });
}

function mountProblems(
  container: JsonObject,
  path: Path,
  volumes: ReadonlySet<string>,
): readonly FieldProblem[] {
  return listAt(container, 'volumeMounts')
    .filter(isObject)
    .flatMap((mount, index) => {
      const here = [...path, 'volumeMounts', index];
      const name = textAt(mount, 'name');
      return [
        ...(name === '' ? [required([...here, 'name'])] : []),
        ...(name !== '' && !volumes.has(name)
          ? [invalid([...here, 'name'], name, 'no volume of the pod has this name')]
          : []),
        ...(textAt(mount, 'mountPath') === '' ? [required([...here, 'mountPath'])] : []),
      ];
    });
}
