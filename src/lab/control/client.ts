import { request } from 'node:http';
import type { z } from 'zod';
import type { Channel, Internet, NodeListing, NodeStatus, SyncReport } from '../../channel/channel.ts';
import type { Environment } from '../../channel/open.ts';
import type { ProbeQuery, ProbeReport } from '../../channel/probe.ts';
import { Failure } from '../../model/failure.ts';
import { largest } from '../../model/largest.ts';
import { type LabStateReport, labStateSchema } from './lab-state.ts';
import {
  LAB_SOCKET_VARIABLE,
  MOST_PROBES,
  probeReportSchema,
  probesReportSchema,
  rulesetReportSchema,
  syncReportSchema,
} from './protocol.ts';

/** null outside of a lab. */
export function openLab(env: Environment): LabClient | null {
  const socket = env[LAB_SOCKET_VARIABLE];
  return socket === undefined || socket === '' ? null : new LabClient(socket);
}

/** How many of one source the lab makes at a time. Measured: 12 gave no false timeout, 40 did. */
const AT_ONCE = 12;
/** Less than the lab waits for the turn of a probe. */
const PATIENCE_MS = 45_000;

/** The lab, seen by a program that runs inside it. Every method rejects with a Failure; LAB_ABSENT: it has ended. */
export class LabClient implements Channel {
  readonly probesAtOnce: number = AT_ONCE;
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  /** Nodes, pods, addresses, and how each policyd is: more than any channel knows. */
  state(): Promise<LabStateReport> {
    return this.#call('GET', '/v1/state', null, labStateSchema);
  }

  async status(): Promise<readonly NodeStatus[]> {
    const { nodes } = await this.state();
    return nodes.map(({ name, policyd }) => ({ node: name, agent: policyd?.status ?? null }));
  }

  async listing(node: string): Promise<NodeListing> {
    const path = `/v1/nodes/${encodeURIComponent(node)}/ruleset`;
    const { inSync, tables } = await this.#call('GET', path, null, rulesetReportSchema);
    return { node, inSync, listing: { nftables: tables.flatMap(({ nftables }) => nftables) } };
  }

  probe(query: ProbeQuery): Promise<ProbeReport> {
    return this.#call('POST', '/v1/probe', query, probeReportSchema);
  }

  /** As many in one call as get their turn in time, whatever their source. */
  async probes(queries: readonly ProbeQuery[]): Promise<readonly ProbeReport[]> {
    const longest = largest(
      queries.map(({ timeoutMs }) => timeoutMs),
      1,
    );
    const turns = Math.max(1, Math.floor(PATIENCE_MS / longest));
    const size = Math.min(MOST_PROBES, turns * AT_ONCE);
    const all: ProbeReport[] = [];
    for (let start = 0; start < queries.length; start += size) {
      const some = queries.slice(start, start + size);
      const { reports } = await this.#call('POST', '/v1/probes', { queries: some }, probesReportSchema);
      for (const report of reports) all.push(report);
    }
    return all;
  }

  /** Every scheduled pod runs by then, and Services are forwarded. */
  sync(timeoutMs: number): Promise<SyncReport> {
    return this.#call('POST', '/v1/sync', { timeoutMs }, syncReportSchema);
  }

  async internet(): Promise<Internet> {
    const { external } = await this.state();
    return external;
  }

  async #call<T>(method: string, path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
    const { status, text } = await exchange(this.#socket, method, path, body);
    const answer: unknown = JSON.parse(text);
    if (status === 200) return schema.parse(answer);
    const message =
      typeof answer === 'object' && answer !== null && 'message' in answer ? String(answer.message) : text;
    throw new Failure(
      status === 404 ? 'NAME_UNKNOWN' : status < 500 ? 'INPUT_INVALID' : 'LAB_FAILED',
      message,
    );
  }
}

function exchange(
  socketPath: string,
  method: string,
  path: string,
  body: unknown,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const absent = (cause: Error): void =>
      reject(
        new Failure('LAB_ABSENT', `the lab at ${socketPath} does not answer: ${cause.message}`, {
          hint: 'it has ended, or this shell is not inside it',
          cause,
        }),
      );
    const call = request(
      // A connection kept open may be closed by the lab just when it is used again.
      { socketPath, method, path, headers: { 'content-type': 'application/json' }, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('error', absent);
        response.once('end', () => resolve({ status: response.statusCode ?? 500, text }));
      },
    );
    call.once('error', absent);
    call.end(body === null ? undefined : JSON.stringify(body));
  });
}
