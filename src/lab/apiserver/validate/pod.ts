import type { Path } from '../../../model/labels.ts';
import type { FieldProblem } from '../../../model/policy.ts';
import { duplicate, forbidden, invalid, required } from '../../../policy/decode/problem.ts';
import { checkDnsLabel, checkSubdomain } from '../../../policy/decode/syntax.ts';
import { isObject, type JsonObject, listAt, numberAt, objectAt, sameJson, textAt, withKey } from '../json.ts';
import { choice, containerProblems } from './container.ts';

const restartPolicies = ['Always', 'Never', 'OnFailure'];
const dnsPolicies = ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'];

/** Also the template of Deployments and ReplicaSets, with another path. */
export function podSpecProblems(spec: JsonObject, path: Path): readonly FieldProblem[] {
  const containers = listAt(spec, 'containers');
  const volumes = volumeNames(spec);
  const seen = new Set<string>();
  const grace = numberAt(spec, 'terminationGracePeriodSeconds');
  const node = textAt(spec, 'nodeName');
  return [
    ...volumeProblems(spec, path),
    ...(containers.length === 0 ? [required([...path, 'containers'])] : []),
    ...containerProblems(containers, [...path, 'containers'], seen, volumes),
    ...containerProblems(listAt(spec, 'initContainers'), [...path, 'initContainers'], seen, volumes),
    ...sidecarProblems(spec, path),
    ...hostPortProblems(spec, path),
    ...choice(spec, 'restartPolicy', restartPolicies, path),
    ...choice(spec, 'dnsPolicy', dnsPolicies, path),
    ...(grace !== null && grace < 0
      ? [invalid([...path, 'terminationGracePeriodSeconds'], grace, 'must be greater than or equal to 0')]
      : []),
    ...(node === '' ? [] : checkSubdomain(node).map((rule) => invalid([...path, 'nodeName'], node, rule))),
  ];
}

function volumeNames(spec: JsonObject): ReadonlySet<string> {
  return new Set(listAt(spec, 'volumes').map((volume) => textAt(volume, 'name')));
}

function volumeProblems(spec: JsonObject, path: Path): readonly FieldProblem[] {
  const seen = new Set<string>();
  return listAt(spec, 'volumes').flatMap((volume, index) => {
    const name = textAt(volume, 'name');
    const here = [...path, 'volumes', index, 'name'];
    const repeated = name !== '' && seen.has(name) ? [duplicate(here, name)] : [];
    seen.add(name);
    if (name === '') return [required(here)];
    return [...checkDnsLabel(name).map((rule) => invalid(here, name, rule)), ...repeated];
  });
}

function sidecarProblems(spec: JsonObject, path: Path): readonly FieldProblem[] {
  return listAt(spec, 'initContainers')
    .filter(isObject)
    .flatMap((container, index) =>
      choice(container, 'restartPolicy', ['Always'], [...path, 'initContainers', index]),
    );
}

function hostPortProblems(spec: JsonObject, path: Path): readonly FieldProblem[] {
  if (spec.hostNetwork !== true) return [];
  return listAt(spec, 'containers').flatMap((container, index) =>
    listAt(container, 'ports').flatMap((port, place) => {
      const host = numberAt(port, 'hostPort') ?? 0;
      if (host === 0 || host === numberAt(port, 'containerPort')) return [];
      const here = [...path, 'containers', index, 'ports', place, 'hostPort'];
      return [invalid(here, host, 'must match `containerPort` when `hostNetwork` is true')];
    }),
  );
}

const changeable =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** A running pod is what it is, but for its images, deadline and new tolerations. */
export function podUpdateProblems(old: JsonObject, next: JsonObject): readonly FieldProblem[] {
  if (sameJson(fixedPart(old), fixedPart(next)) && keepsTolerations(old, next)) return [];
  return [forbidden(['spec'], changeable)];
}

function fixedPart(spec: JsonObject): JsonObject {
  const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, ...rest } = spec;
  return ['containers', 'initContainers'].reduce((part: JsonObject, field) => {
    const containers = listAt(part, field);
    if (containers.length === 0) return part;
    return withKey(
      part,
      field,
      containers.map((item) => (isObject(item) ? withKey(item, 'image', undefined) : item)),
    );
  }, rest);
}

function keepsTolerations(old: JsonObject, next: JsonObject): boolean {
  const after = listAt(next, 'tolerations');
  return listAt(old, 'tolerations').every((toleration) => after.some((item) => sameJson(item, toleration)));
}

/** The labels that the pods of a template get. */
export function templateLabels(template: JsonObject): JsonObject {
  return objectAt(template, 'metadata', 'labels');
}
