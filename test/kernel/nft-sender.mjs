// Runs inside a namespace: sends what it is told on standard input, prints one outcome each as JSON.
// A packet dropped in the output hook shows at once: UDP fails with EPERM, TCP never hears an answer.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

const TCP_WAIT_MS = 400;
const AT_ONCE = 24;

function udp({ source, destination, port }) {
  return new Promise((resolve) => {
    const socket = createSocket(source.includes(':') ? 'udp6' : 'udp4');
    const end = (outcome) => socket.close(() => resolve(outcome));
    socket.on('error', (error) => end(error.code));
    socket.bind(0, source, () => {
      socket.send('x', port, destination, (error) => end(error ? error.code : 'sent'));
    });
  });
}

function tcp({ source, destination, port }) {
  return new Promise((resolve) => {
    const socket = connect({ host: destination, port, localAddress: source, timeout: TCP_WAIT_MS });
    const end = (outcome) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.on('connect', () => end('connected'));
    // On loopback the answer is there before connect() returns; a starved process may not have looked yet.
    socket.on('timeout', () => setImmediate(() => end('timeout')));
    socket.on('error', (error) => end(error.code));
  });
}

const flows = JSON.parse(await text(process.stdin));
const outcomes = [];
for (let start = 0; start < flows.length; start += AT_ONCE) {
  const batch = flows.slice(start, start + AT_ONCE);
  outcomes.push(
    ...(await Promise.all(batch.map((flow) => (flow.protocol === 'UDP' ? udp(flow) : tcp(flow))))),
  );
}
process.stdout.write(JSON.stringify(outcomes));
