// Sends a datagram to every address given, again and again, from one source port, until it is killed.
// node flood.mjs PORT ADDRESS...
import { createSocket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';

const [port, ...addresses] = process.argv.slice(2);
const SOURCE_PORT = 7000;
const PAUSE_MS = 2;
const LONGEST_MS = 3_600_000;

const sockets = { 4: createSocket('udp4'), 6: createSocket({ type: 'udp6', ipv6Only: true }) };
for (const socket of Object.values(sockets)) {
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.bind(SOURCE_PORT, resolve));
}
process.stdout.write('flooding\n');
const end = performance.now() + LONGEST_MS;
while (performance.now() < end) {
  for (const address of addresses) {
    sockets[address.includes(':') ? 6 : 4].send('datagram', Number(port), address, () => undefined);
  }
  await delay(PAUSE_MS);
}
process.exit(0);
