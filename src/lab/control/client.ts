import { request } from 'node:http';
import type { z } from 'zod';
import { Failure } from '../../model/failure.ts';
import {
  LAB_SOCKET_VARIABLE,
  type LabStateReport,
  labStateSchema,
  type ProbeQuery,
  type ProbeReport,
  type ProbesReport,
  probeReportSchema,
  probesReportSchema,
  type RulesetReport,
  rulesetReportSchema,
  type SyncReport,
  syncReportSchema,
} from './protocol.ts';

/** The lab, seen by a program that runs inside it. Every method rejects with a Failure. */
export class LabClient {
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  /** LAB_ABSENT outside of a lab. */
  static fromEnvironment(env: NodeJS.ProcessEnv): LabClient {
    const socket = env[LAB_SOCKET_VARIABLE];
    if (socket === undefined || socket === '') {
      throw new Failure('LAB_ABSENT', `not inside a lab: ${LAB_SOCKET_VARIABLE} is not set`, {
        hint: 'start one with: policyctl lab run -f FILE -- COMMAND, or enter one with: policyctl lab shell',
      });
    }
    return new LabClient(socket);
  }

  /** Nodes, pods, addresses, and how each policyd is. */
  state(): Promise<LabStateReport> {
    return this.#call('GET', '/v1/state', null, labStateSchema);
  }

  /**
   * Waits until every scheduled pod runs and every policyd has committed what the API server holds now.
   * Not reached in time: `synced` is false and `waitingFor` says why.
   */
  sync(timeoutMs: number): Promise<SyncReport> {
    return this.#call('POST', '/v1/sync', { timeoutMs }, syncReportSchema);
  }

  /** One real connection from inside the source; never repeated by itself. */
  probe(query: ProbeQuery): Promise<ProbeReport> {
    return this.#call('POST', '/v1/probe', query, probeReportSchema);
  }

  /** Many real connections, at most MOST_PROBES; the reports are in the order of the queries. */
  async probes(queries: readonly ProbeQuery[]): Promise<readonly ProbeReport[]> {
    const { reports }: ProbesReport = await this.#call('POST', '/v1/probes', { queries }, probesReportSchema);
    return reports;
  }

  /** The kernel's own listing of policyd's table on a node. */
  ruleset(node: string): Promise<RulesetReport> {
    return this.#call('GET', `/v1/nodes/${encodeURIComponent(node)}/ruleset`, null, rulesetReportSchema);
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
