/**
 * What a resident process (`lab-pod`) and its kubelet say to each other: JSON lines on stdin and stdout.
 * Types only, so that the resident process carries no dependency.
 */

export interface ResidentOptions {
  /** For its log lines only. */
  readonly name: string;
  /** Ports on which TCP and UDP are echoed. */
  readonly ports: readonly number[];
  /** Where UDP is echoed; null: everywhere. A host of several addresses answers only by the one it was asked at. */
  readonly udpAddresses: readonly string[] | null;
}

export type ProbeProtocol = 'TCP' | 'UDP' | 'SCTP';

export interface ProbeTarget {
  readonly address: string;
  readonly port: number;
  readonly protocol: ProbeProtocol;
}

export interface ProbeRequest extends ProbeTarget {
  readonly id: number;
  readonly timeoutMs: number;
}

/**
 * connected: TCP handshake done, UDP answered. refused: reached, nothing listens (RST, ICMP port
 * unreachable). blocked: no answer in time. error: the probe itself could not be made.
 */
export type ProbeOutcome = 'connected' | 'blocked' | 'refused' | 'error';

export interface ProbeResult {
  readonly outcome: ProbeOutcome;
  readonly milliseconds: number;
  readonly detail: string;
}

export interface ListenFailure {
  readonly port: number;
  readonly protocol: ProbeProtocol;
  readonly message: string;
}

export type ResidentMessage =
  | { readonly kind: 'ready'; readonly failures: readonly ListenFailure[] }
  | ({ readonly kind: 'result'; readonly id: number } & ProbeResult);
