import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { ListenFailure } from './messages.ts';

/** Both families on one socket; a kernel without IPv6 refuses the first and gets the second. */
const EVERYWHERE = ['::', '0.0.0.0'] as const;

/**
 * Opens a TCP and a UDP echo on every port. Resolves once each listens or has failed; never rejects. A UDP
 * socket that is bound to no address answers from the one nearest to the client, which need not be the one
 * the client asked: hosts of several addresses have a socket for each.
 */
export async function listenAll(
  ports: readonly number[],
  udpAddresses: readonly string[] | null = null,
): Promise<readonly ListenFailure[]> {
  const datagrams = udpAddresses?.map((address) => [address]) ?? [EVERYWHERE];
  const attempts = ports.flatMap((port) => [
    attempt(port, 'TCP', EVERYWHERE, (address) => echoTcp(port, address)),
    ...datagrams.map((addresses) => attempt(port, 'UDP', addresses, (address) => echoUdp(port, address))),
  ]);
  return (await Promise.all(attempts)).filter((failure) => failure !== null);
}

async function attempt(
  port: number,
  protocol: 'TCP' | 'UDP',
  addresses: readonly string[],
  listen: (address: string) => Promise<void>,
): Promise<ListenFailure | null> {
  let message = '';
  for (const address of addresses) {
    try {
      await listen(address);
      return null;
    } catch (error) {
      message = error instanceof Error ? error.message : String(error);
      if (!/EAFNOSUPPORT|EADDRNOTAVAIL/.test(message)) break;
    }
  }
  return { port, protocol, message };
}

function echoTcp(port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.setNoDelay(true);
      socket.pipe(socket);
    });
    server.once('error', reject);
    server.listen({ port, host: address, backlog: 511 }, () => {
      server.off('error', reject);
      server.on('error', () => undefined);
      resolve();
    });
  });
}

function echoUdp(port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4' });
    socket.once('error', reject);
    socket.bind({ port, address }, () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      socket.on('message', (message, from) => socket.send(message, from.port, from.address, () => undefined));
      resolve();
    });
  });
}
