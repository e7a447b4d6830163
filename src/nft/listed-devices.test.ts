import { expect, test } from 'vitest';
import { withDevices } from './listed-devices.ts';

const TEXT = `table netdev policyd {
	chain one {
		comment "for one"
		type filter hook ingress device "va" priority filter - 5; policy accept;
		counter packets 0 bytes 0 drop comment "chain two {"
	}

	chain several {
		type filter hook ingress devices = { va, "vb" } priority filter; policy accept;
	}

	chain none {
		type filter hook ingress priority filter; policy accept;
	}

	chain plain {
	}
}
`;

const chain = (name: string, more: object = {}): object => ({ chain: { family: 'netdev', name, ...more } });

test('chains get the devices that the text has, and keep those they have', () => {
  const table = { table: { family: 'netdev', name: 'policyd' } };
  const json = {
    nftables: [
      table,
      chain('one'),
      chain('several'),
      chain('none'),
      chain('plain'),
      chain('x', { dev: 'y' }),
    ],
  };
  expect(withDevices(json, TEXT)).toEqual({
    nftables: [
      table,
      chain('one', { dev: 'va' }),
      chain('several', { dev: ['va', 'vb'] }),
      chain('none'),
      chain('plain'),
      chain('x', { dev: 'y' }),
    ],
  });
});

test('what is no listing stays as it is', () => {
  for (const json of [null, [], 'x', { nftables: 1 }]) expect(withDevices(json, TEXT)).toEqual(json);
});
