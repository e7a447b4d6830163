// Runs inside a pod: sends numbered datagrams and opens connections at a steady pace (`send`), or counts what
// arrives (`receive`), until the file `stop` exists. One JSON argument in, one JSON line out; the file `ready`
// says that it has begun.
//
// A tick that comes late is not made up for: a starved machine sends less, never a burst.
import { createSocket } from 'node:dgram';
import { existsSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const [mode, argument = '{}'] = process.argv.slice(2);
const options = JSON.parse(argument);
const POLL_MS = 20;
const BUFFER = 4_000_000;
/** Far beyond any round trip here, and below the second after which a SYN is sent again. */
const CONNECT_MS = 400;
const CONNECTS_AT_ONCE = 64;

const stopped = () => existsSync(options.stop);

async function untilStopped() {
  while (!stopped()) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

async function receive() {
  const datagrams = new Map();
  const connections = new Map();
  const count = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);
  for (const port of options.ports) {
    const socket = createSocket({ type: 'udp6', recvBufferSize: BUFFER });
    await new Promise((resolve) => socket.bind(port, '::', resolve));
    socket.on('message', (message) => {
      const [flow] = message.toString().split(' ');
      count(datagrams, flow);
    });
    const server = createServer((connection) => {
      connection.on('error', () => undefined);
      count(connections, (connection.remoteAddress ?? 'gone').replace('::ffff:', ''));
      connection.write('!');
    });
    await new Promise((resolve) => server.listen({ port, host: '::', backlog: 511 }, resolve));
  }
  writeFileSync(options.ready, '');
  await untilStopped();
  // What is under way still arrives, and what has arrived is read, however late this process gets to it.
  const total = () => [...datagrams.values(), ...connections.values()].reduce((sum, each) => sum + each, 0);
  for (let before = -1; before < total(); ) {
    before = total();
    await new Promise((resolve) => setTimeout(() => setImmediate(resolve), options.lingerMs));
  }
  say({
    datagrams: Object.fromEntries(datagrams),
    connections: Object.fromEntries(connections),
  });
}

/** Each gives the number of tries so far that succeeded, as far as the sender can know. */
const KINDS = {
  /** One socket for all: an established flow. */
  steady({ name, address, port }) {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.on('error', () => undefined);
    return (counts) => {
      socket.send(`${name} ${counts.tried}`, port, address, (error) => {
        if (!error) counts.done += 1;
      });
    };
  },
  /** A new source port for each datagram. */
  fresh({ name, address, port }) {
    return (counts) => {
      const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
      socket.on('error', () => undefined);
      socket.send(`${name} ${counts.tried}`, port, address, (error) => {
        if (!error) counts.done += 1;
        socket.close();
      });
    };
  },
  /** A new connection each time, reset once the other side has said a word: then it knows who came. */
  connect({ address, port }) {
    let open = 0;
    return (counts) => {
      if (open >= CONNECTS_AT_ONCE) {
        counts.tried -= 1;
        return;
      }
      open += 1;
      const socket = connect({ host: address, port });
      // The immediate runs after the event loop has looked once more: a late timer is no late answer.
      const timer = setTimeout(() => setImmediate(() => socket.resetAndDestroy()), CONNECT_MS);
      socket.once('connect', () => {
        counts.done += 1;
      });
      socket.on('error', () => undefined);
      socket.once('data', () => socket.resetAndDestroy());
      socket.once('close', () => {
        clearTimeout(timer);
        open -= 1;
      });
    };
  },
};

async function send() {
  const flows = options.flows.map((flow) => ({
    every: flow.every ?? 1,
    counts: { tried: 0, done: 0 },
    start: KINDS[flow.kind](flow),
    name: flow.name,
  }));
  writeFileSync(options.ready, '');
  for (let tick = 0; tick < options.leastTicks || !stopped(); tick += 1) {
    for (const { every, counts, start } of flows) {
      if (tick % every !== 0) continue;
      counts.tried += 1;
      start(counts);
    }
    await new Promise((resolve) => setTimeout(resolve, options.tickMs));
  }
  await new Promise((resolve) => setTimeout(resolve, CONNECT_MS + 100));
  say(Object.fromEntries(flows.map(({ name, counts }) => [name, counts])));
}

function say(result) {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}

await (mode === 'receive' ? receive() : send());
