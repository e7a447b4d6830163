import { expect, test } from 'vitest';
import { hostPort } from './host-port.ts';

test.each([
  ['10.0.0.1', '10.0.0.1:80'],
  ['fd00::1', '[fd00::1]:80'],
  ['shop/web', 'shop/web:80'],
])('a port of %s is written %s', (host, text) => {
  expect(hostPort(host, 80)).toBe(text);
});
