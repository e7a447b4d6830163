import { describe, expect, test } from 'vitest';
import { conform } from './conform.ts';

describe('what decoding leaves of an object', () => {
  test('nulls and empty lists are absent, empty objects that mean something stay', () => {
    const { object } = conform('NetworkPolicy', {
      metadata: { name: 'p', labels: {}, creationTimestamp: null },
      spec: { podSelector: {}, ingress: [], egress: [{ to: [], ports: null }] },
    });
    expect(object).toEqual({ metadata: { name: 'p' }, spec: { podSelector: {}, egress: [{}] } });
  });

  test('unknown fields are dropped and named by their place', () => {
    const { object, unknownFields } = conform('NetworkPolicy', {
      spec: { podSelector: {}, ingress: [{}, { form: [{}], from: [{ ipblock: {} }] }] },
    });
    expect(unknownFields).toEqual(['spec.ingress[1].form', 'spec.ingress[1].from[0].ipblock']);
    expect(object).toEqual({ spec: { podSelector: {}, ingress: [{}, { from: [{}] }] } });
  });

  test('quantities may be numbers and become text', () => {
    const { object, mismatch } = conform('ResourceRequirements', { limits: { cpu: 1, memory: '64Mi' } });
    expect(mismatch).toBeNull();
    expect(object).toEqual({ limits: { cpu: '1', memory: '64Mi' } });
  });

  const wrong: readonly (readonly [string, object, string])[] = [
    [
      'Pod',
      { spec: { containers: {} } },
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      'Pod',
      { metadata: { labels: { a: 1 } } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      'Pod',
      { spec: { hostNetwork: 'yes' } },
      'json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool',
    ],
    [
      'ContainerPort',
      { containerPort: 80.5 },
      'json: cannot unmarshal number 80.5 into Go struct field ContainerPort.containerPort of type int32',
    ],
    [
      'ResourceRequirements',
      { limits: { cpu: 'much' } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    ['Secret', { data: { a: 'no base64!' } }, 'illegal base64 data'],
    [
      'ObjectMeta',
      { creationTimestamp: 'yesterday' },
      'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
    ],
  ];

  test.each(wrong)('%s %j', (type, object, message) => {
    expect(conform(type, JSON.parse(JSON.stringify(object))).mismatch).toBe(message);
  });
});
