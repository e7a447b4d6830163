import { describe, expect, test } from 'vitest';
import type { JsonObject, KubeObject } from './json.ts';
import { builtIn } from './resources.ts';
import { fieldMatch, labelMatch, selectorObjectMatch } from './selectors.ts';

function pod(labels: JsonObject, rest: JsonObject = {}): KubeObject {
  const metadata = {
    name: 'p',
    namespace: 'n',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '',
    labels,
  };
  return { ...rest, apiVersion: 'v1', kind: 'Pod', metadata };
}

describe('label selectors', () => {
  const cases: readonly (readonly [string, JsonObject, boolean])[] = [
    ['', {}, true],
    ['a=1', { a: '1' }, true],
    ['a==1', { a: '2' }, false],
    ['a!=1', {}, true],
    ['a!=1', { a: '1' }, false],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['a=', { a: '' }, true],
    ['a=', {}, false],
    ['a in (1, 2),b notin (3)', { a: '2' }, true],
    ['a in (1,2)', {}, false],
    ['a notin (1)', {}, true],
    ['x.y/z-1=v_1', { 'x.y/z-1': 'v_1' }, true],
    ['constructor', {}, false],
  ];

  test.each(cases)('%j of %j is %s', (text, labels, expected) => {
    expect(labelMatch(text)(pod(labels))).toBe(expected);
  });

  test.each(['a in', 'a in (', '=b', 'a=b=c', 'a,,b', 'a b', 'a=ä'])('%j is refused', (text) => {
    expect(() => labelMatch(text)).toThrow('unable to parse requirement');
  });
});

describe('field selectors', () => {
  const running = pod({}, { spec: { nodeName: 'a' }, status: { phase: 'Running' } });

  test('compare names, nodes and phases, absent fields as empty', () => {
    expect(fieldMatch(builtIn('pods'), 'metadata.name=p,spec.nodeName=a')(running)).toBe(true);
    expect(fieldMatch(builtIn('pods'), 'status.phase!=Succeeded,status.phase!=Failed')(running)).toBe(true);
    expect(fieldMatch(builtIn('pods'), 'spec.nodeName=')(pod({}))).toBe(true);
    expect(fieldMatch(builtIn('pods'), 'spec.hostNetwork=false')(running)).toBe(true);
    expect(fieldMatch(builtIn('pods'), 'spec.nodeName=b')(running)).toBe(false);
  });

  test('know only the fields of their resource', () => {
    expect(() => fieldMatch(builtIn('configmaps'), 'spec.nodeName=a')).toThrow(
      'field label not supported: spec.nodeName',
    );
  });
});

describe('selector objects', () => {
  test.each([
    [{ matchLabels: { a: '1' } }, { a: '1', b: '2' }, true],
    [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['1'] }] }, {}, false],
    [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['1'] }] }, {}, true],
    [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }, { a: '' }, true],
    [{ matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }, { a: '' }, false],
    [{ matchExpressions: [{ key: 'a', operator: 'Near' }] }, { a: '' }, false],
  ])('%j of %j is %s', (selector, labels, expected) => {
    expect(selectorObjectMatch(selector)(labels)).toBe(expected);
  });
});
