import { connect, createServer, type Server } from 'node:net';
import { Failure } from '../../model/failure.ts';
import { hostPort } from '../../net/host-port.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** The API server's door to the machine: the only thing of a lab that may appear on the host's network. */
export interface ApiProxy {
  readonly url: string;
  close(): Promise<void>;
}

/** Loopback only: the lab's API server asks nobody who they are. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:(127(?:\.\d{1,3}){3})|\[(::1)\]|(localhost)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? (match?.[3] === undefined ? undefined : '127.0.0.1');
  const port = Number(match?.[4]);
  if (host === undefined || port > 65_535 || host.split('.').some((part) => Number(part) > 255)) {
    throw new Failure('USAGE', `--listen: got ${JSON.stringify(text)}, want 127.0.0.1:PORT or [::1]:PORT`, {
      hint: "Only loopback addresses: whoever reaches the lab's API server may do everything there. Port 0 takes a free one.",
    });
  }
  return { host, port };
}

/** Passes TCP connections on to the API server's unix socket, which both sides can see. */
export async function listenForApi(address: ListenAddress, socketPath: string): Promise<ApiProxy> {
  const open = new Set<() => void>();
  const server = createServer({ allowHalfOpen: true }, (outside) => {
    const inside = connect({ path: socketPath, allowHalfOpen: true });
    const end = (): void => {
      outside.destroy();
      inside.destroy();
      open.delete(end);
    };
    open.add(end);
    outside.on('error', end).on('close', end).pipe(inside);
    inside.on('error', end).on('close', end).pipe(outside);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new Failure(
          'LAB_FAILED',
          `cannot listen on ${hostPort(address.host, address.port)}: ${cause.message}`,
          {
            cause,
          },
        ),
      ),
    );
    server.listen(address.port, address.host, resolve);
  });
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const end of [...open]) end();
    await closed;
  };
  return { url: urlOf(server), close };
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not a TCP listener');
  return `http://${hostPort(address.address, address.port)}`;
}

/** A kubeconfig for kubectl outside the lab. */
export function hostKubeconfig(name: string, url: string): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url } }],
    users: [{ name, user: {} }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
