import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import type { SyncReport } from '../../channel/channel.ts';
import type { ProbeQuery, ProbeReport } from '../../channel/probe.ts';
import { Failure } from '../../model/failure.ts';
import type { LabStateReport } from './lab-state.ts';
import { probeQuerySchema, probesQuerySchema, type RulesetReport, syncQuerySchema } from './protocol.ts';

/** What the control channel offers, whoever does it. A Failure NAME_UNKNOWN becomes 404. */
export interface LabControl {
  state(): Promise<LabStateReport>;
  sync(timeoutMs: number): Promise<SyncReport>;
  probe(query: ProbeQuery): Promise<ProbeReport>;
  ruleset(node: string): Promise<RulesetReport>;
}

const BODY_LIMIT = 1_000_000;
const rulesetPath = /^\/v1\/nodes\/([^/]+)\/ruleset$/;

/** Listens on a unix socket, whose directory must be for its user only: there is no other protection. */
export async function serveControl(control: LabControl, socket: string): Promise<void> {
  const server = createServer((request, response) => {
    answer(control, request).then(
      (body) => send(response, 200, body),
      (error: unknown) => send(response, statusOf(error), { message: textOf(error) }),
    );
  });
  // A sync may take minutes.
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
}

async function answer(control: LabControl, request: IncomingMessage): Promise<unknown> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  switch (`${request.method} ${path}`) {
    case 'GET /v1/state':
      return await control.state();
    case 'POST /v1/sync':
      return await control.sync(syncQuerySchema.parse(await bodyOf(request)).timeoutMs);
    case 'POST /v1/probe':
      return await control.probe(probeQuerySchema.parse(await bodyOf(request)));
    case 'POST /v1/probes': {
      const { queries } = probesQuerySchema.parse(await bodyOf(request));
      return { reports: await Promise.all(queries.map((query) => control.probe(query))) };
    }
  }
  const node = request.method === 'GET' ? rulesetPath.exec(path)?.[1] : undefined;
  if (node !== undefined) return await control.ruleset(decodeURIComponent(node));
  throw new Failure('NAME_UNKNOWN', `the lab has no ${request.method} ${path}`);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > BODY_LIMIT) throw new Failure('INPUT_INVALID', 'the request is too long');
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Failure('INPUT_INVALID', `the request is no JSON: ${textOf(cause)}`, { cause });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function statusOf(error: unknown): number {
  if (error instanceof z.ZodError) return 400;
  if (!(error instanceof Failure)) return 500;
  if (error.code === 'NAME_UNKNOWN') return 404;
  return error.code === 'INPUT_INVALID' ? 400 : 500;
}

function textOf(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? error.message : String(error);
}
