/**
 * Sends bytes to an echoing server, reads as many back, and prints how many came: `transfer.mjs ADDRESS PORT
 * BYTES MILLISECONDS`. A path whose limit nobody tells the sender ends with few of them when the time is over.
 */
import { connect } from 'node:net';

const [address, port, bytes, milliseconds] = process.argv.slice(2);
const wanted = Number(bytes);
let received = 0;
const socket = connect({ host: address, port: Number(port) }, () => socket.write(Buffer.alloc(wanted, 'x')));
const end = () => {
  process.stdout.write(`${received}\n`);
  process.exit(0);
};
socket.on('data', (data) => {
  received += data.length;
  if (received >= wanted) end();
});
socket.on('error', end);
socket.on('close', end);
setTimeout(end, Number(milliseconds));
