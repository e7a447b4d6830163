/** The ports of a pod's containers that named ports are resolved on (semantics F4 to F7). */
import { z } from 'zod';
import type { ContainerPort } from '../../model/cluster.ts';
import type { Path } from '../../model/labels.ts';
import type { Report } from './decoded.ts';
import { readProtocol, SERVED_PROTOCOLS } from './port.ts';
import { duplicate, invalid, required } from './problem.ts';
import { integer, part, readList, readObject, text } from './read.ts';
import { checkPortName, checkPortNumber } from './syntax.ts';

const schema = z.object({
  name: text,
  containerPort: integer,
  protocol: text,
  hostPort: integer,
  hostIP: part,
});

/** A broken port is left out: a name then has no number here, and matches nothing. */
export function readContainerPorts(raw: unknown, path: Path, report: Report): readonly ContainerPort[] {
  const names = new Set<string>();
  return (readList(raw, path, report) ?? []).flatMap((entry, index) => {
    const before = report.problems.length;
    const port = readContainerPort(entry, [...path, index], names, report);
    return port !== null && report.problems.length === before ? [port] : [];
  });
}

function readContainerPort(
  raw: unknown,
  path: Path,
  names: Set<string>,
  report: Report,
): ContainerPort | null {
  const fields = readObject(schema, raw, path, report);
  if (fields === null) return null;
  const { problems } = report;
  const name = fields.name || null;
  if (name !== null) {
    for (const message of checkPortName(name)) problems.push(invalid([...path, 'name'], name, message));
    if (names.has(name) && report.unknownFields === 'reject')
      problems.push(duplicate([...path, 'name'], name));
    names.add(name);
  }
  const port = fields.containerPort ?? 0;
  if (port === 0) problems.push(required([...path, 'containerPort']));
  else
    for (const message of checkPortNumber(port))
      problems.push(invalid([...path, 'containerPort'], port, message));
  const protocol = readProtocol(fields.protocol || null, [...path, 'protocol'], SERVED_PROTOCOLS, report);
  return protocol && { name, protocol, port };
}
