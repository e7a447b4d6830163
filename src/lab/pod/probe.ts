import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { ProbeOutcome, ProbeRequest, ProbeResult } from './messages.ts';

/** Says how the probe ended, with a word about it. Only the first call counts. */
type Settle = (outcome: ProbeOutcome, detail: string) => void;

/** Starts one probe; returns what stops it. `late` says what running out of time means. */
type Start = (
  request: ProbeRequest,
  settle: Settle,
) => { stop: () => void; late: () => [ProbeOutcome, string] };

const PAYLOAD = Buffer.from('policyd-lab');

/** One real connection. Never rejects; never retries: that is for whoever asks. */
export function probe(request: ProbeRequest): Promise<ProbeResult> {
  const start = starter(request);
  return new Promise((resolve) => {
    const began = performance.now();
    let done = false;
    const settle: Settle = (outcome, detail) => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      stop();
      resolve({ outcome, milliseconds: Math.round((performance.now() - began) * 10) / 10, detail });
    };
    // When this process was starved of the processor, the answer may be waiting in the socket: the
    // immediate runs after the event loop has looked there once more.
    const timer = setTimeout(() => setImmediate(() => settle(...late())), request.timeoutMs);
    const { stop, late } = start(request, (outcome, detail) => setImmediate(settle, outcome, detail));
  });
}

function starter(request: ProbeRequest): Start {
  switch (request.protocol) {
    case 'TCP':
      return tcp;
    case 'UDP':
      return udp;
    case 'SCTP':
      return (_request, settle) => {
        settle('error', 'the lab has no SCTP sockets: Node offers none');
        return { stop: () => undefined, late: () => ['error', 'no SCTP sockets'] };
      };
  }
}

const tcp: Start = ({ address, port }, settle) => {
  let connected = false;
  const socket = connect({ host: address, port, noDelay: true });
  socket.once('connect', () => {
    connected = true;
    socket.write(PAYLOAD);
  });
  socket.on('data', (data) => {
    settle(
      'connected',
      data.equals(PAYLOAD) ? 'handshake and echo' : 'handshake and an answer that is no echo',
    );
  });
  socket.once('end', () => settle('connected', 'handshake, then closed by the other side'));
  socket.once('error', (error) => {
    if (connected) settle('connected', `handshake, then ${error.message}`);
    else settle(isRefusal(error) ? 'refused' : 'error', error.message);
  });
  return {
    // A reset frees the port at once instead of leaving thousands in TIME_WAIT.
    stop: () => socket.resetAndDestroy(),
    late: () => (connected ? ['connected', 'handshake, no echo'] : ['blocked', 'no answer to SYN']),
  };
};

const udp: Start = ({ address, port }, settle) => {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  let open = true;
  // Only a connected socket is told of ICMP port unreachable.
  socket.connect(port, address, (error?: Error) => {
    if (error) settle('error', error.message);
    else if (open) socket.send(PAYLOAD, (failed) => failed && settle(udpFailure(failed), failed.message));
  });
  socket.on('message', (data) => {
    settle('connected', data.equals(PAYLOAD) ? 'echo' : 'an answer that is no echo');
  });
  socket.on('error', (error) => settle(udpFailure(error), error.message));
  return {
    stop: () => {
      open = false;
      socket.close();
    },
    late: () => ['blocked', 'no echo and no ICMP port unreachable'],
  };
};

function udpFailure(error: Error): ProbeOutcome {
  return isRefusal(error) ? 'refused' : 'error';
}

function isRefusal(error: Error): boolean {
  return 'code' in error && error.code === 'ECONNREFUSED';
}
