import { expect, test } from 'vitest';
import type { Table } from './commands.ts';
import { type Heard, MonitorReader } from './monitor.ts';

const INET: Table = { family: 'inet', name: 'policyd' };
const BRIDGE: Table = { family: 'bridge', name: 'policyd' };
const REVISION = '1001:2002:3003:4004:5005:6006:7007:8008';
const MARK = `add element inet policyd_revision revision { ${REVISION} timeout 1s expires 1s }`;

function heard(text: string): readonly Heard[] {
  const reader = new MonitorReader([INET, BRIDGE]);
  return text.split('\n').flatMap((line) => reader.read(line.trim()));
}

test('a transaction is its lines, who committed it, and which of our tables and chains it touched', () => {
  const events = heard(`delete rule inet policyd in_x handle 5
    add element inet policyd in_4 { 1.2.3.4 : goto in_x }
    add rule bridge policyd frames_hook counter packets 0 bytes 0 drop
    # new generation 7 by process 12 (python3.11)
    add chain ip other c
    # new generation 8 by process 13 (a (b))`);
  expect(events).toEqual([
    {
      kind: 'transaction',
      by: 'python3.11 (process 12)',
      touched: [
        { table: INET, chains: new Set(['in_x']), gone: false },
        { table: BRIDGE, chains: new Set(['frames_hook']), gone: false },
      ],
      elsewhere: false,
      revision: null,
    },
    { kind: 'transaction', by: 'a (b) (process 13)', touched: [], elsewhere: true, revision: null },
  ]);
});

test('the revision is that of our own set, and of its own transaction alone', () => {
  const events = heard(`add element inet policyd s { 1.2.3.4 }
    ${MARK}
    # new generation 7 by process 12 (nft)
    add element inet policyd_x revision { ::1 timeout 1s expires 1s }
    # new generation 8 by process 12 (nft)`);
  expect(events).toMatchObject([{ revision: REVISION }, { revision: null }]);
});

test('tables are told apart by family and by the whole name', () => {
  const [event] = heard(`delete table ip policyd
    delete table inet policyd_other
    delete table inet policyd
    # new generation 3 by process 12 (nft)`);
  expect(event).toMatchObject({ touched: [{ table: INET, chains: new Set(), gone: true }] });
});

test('a table that is deleted and made again is not gone', () => {
  const [event] = heard(`delete table inet policyd
    add table inet policyd
    # new generation 3 by process 12 (nft)`);
  expect(event).toMatchObject({ touched: [{ table: INET, gone: false }] });
});

test('a generation that is missing, and what nft says it lost, mean that anything may have happened', () => {
  expect(
    heard(`# new generation 3 by process 1 (nft)
    # new generation 5 by process 1 (nft)`),
  ).toMatchObject([{ kind: 'transaction' }, { kind: 'lost' }, { kind: 'transaction' }]);
  expect(heard('# ERROR: We lost some netlink events!')).toMatchObject([{ kind: 'lost' }]);
});

test('a line that is not understood is somebody else’s unless the transaction is ours', () => {
  expect(
    heard(`W: Received event for an unknown set.
    # new generation 3 by process 1 (nft)`),
  ).toMatchObject([
    { kind: 'lost', reason: expect.stringContaining('unknown set') },
    { kind: 'transaction' },
  ]);
  expect(
    heard(`W: Received event for an unknown set.
    ${MARK}
    # new generation 3 by process 1 (nft)`),
  ).toMatchObject([{ kind: 'transaction', revision: REVISION }]);
});

test('more chains than can be named are all of them', () => {
  const rules = Array.from({ length: 2_000 }, (_, index) => `add rule inet policyd c${index} accept`);
  const [event] = heard([...rules, '# new generation 3 by process 1 (nft)'].join('\n'));
  expect(event).toMatchObject({ touched: [{ table: INET, chains: 'all' }] });
});
