import type { FieldProblem, FieldProblemType } from '../../model/policy.ts';
import { formatPath, formatProblem } from '../../policy/decode/problem.ts';
import type { Json, JsonObject } from './json.ts';
import { qualifiedName, type Resource } from './resources.ts';

/** Every refusal of this server: carries the Status object that goes over the wire. */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: JsonObject | null;

  constructor(code: number, reason: string, message: string, details: JsonObject | null = null) {
    super(message);
    this.name = 'StatusError';
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  status(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details === null ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

function named(resource: Resource, name: string, more: JsonObject = {}): JsonObject {
  return {
    ...(name === '' ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.plural,
    ...more,
  };
}

/** 404 for an object that is not there. */
export function notFound(resource: Resource, name: string): StatusError {
  const message = `${qualifiedName(resource)} ${JSON.stringify(name)} not found`;
  return new StatusError(404, 'NotFound', message, named(resource, name));
}

/** 404 for a path that leads to no kind of object. */
export function noSuchPath(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** 409 for a name that is taken. */
export function alreadyExists(resource: Resource, name: string): StatusError {
  const message = `${qualifiedName(resource)} ${JSON.stringify(name)} already exists`;
  return new StatusError(409, 'AlreadyExists', message, named(resource, name));
}

/** 409 for an object that is not the one, or not in the state, that was meant. */
export function conflict(resource: Resource, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualifiedName(resource)} ${JSON.stringify(name)}: ${why}`;
  return new StatusError(409, 'Conflict', message, named(resource, name));
}

/** The text of optimistic concurrency, which clients look for before they retry. */
export const modifiedMeanwhile =
  'the object has been modified; please apply your changes to the latest version and try again';

/** 403 for what the state of other objects does not allow. */
export function forbidden(
  resource: Resource,
  name: string,
  why: string,
  causes: readonly Json[] = [],
): StatusError {
  const message = `${qualifiedName(resource)} ${JSON.stringify(name)} is forbidden: ${why}`;
  const more = causes.length === 0 ? {} : { causes };
  return new StatusError(403, 'Forbidden', message, named(resource, name, more));
}

/** 422 with every problem of the fields. */
export function invalid(resource: Resource, name: string, problems: readonly FieldProblem[]): StatusError {
  const texts = problems.map(formatProblem);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const kind = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
  const details: JsonObject = {
    ...(name === '' ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.kind,
    causes: problems.map((problem) => {
      const field = formatPath(problem.path);
      return {
        reason: reasons[problem.type],
        message: formatProblem(problem).slice(field.length + 2),
        field,
      };
    }),
  };
  return new StatusError(422, 'Invalid', `${kind} ${JSON.stringify(name)} is invalid: ${list}`, details);
}

const reasons: Readonly<Record<FieldProblemType, string>> = {
  'Required value': 'FieldValueRequired',
  'Invalid value': 'FieldValueInvalid',
  'Unsupported value': 'FieldValueNotSupported',
  Forbidden: 'FieldValueForbidden',
  'Too long': 'FieldValueTooLong',
  'Too many': 'FieldValueTooMany',
  'Duplicate value': 'FieldValueDuplicate',
  'unknown field': 'FieldValueInvalid',
};

/** 400, with no object to speak of. */
export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
}

/** 410: the history asked for is forgotten, and the client lists anew. */
export function expired(message: string): StatusError {
  return new StatusError(410, 'Expired', message);
}

/** 405; `why` is a clause for what would be allowed at other times. */
export function methodNotAllowed(resource: Resource, verb: string, why?: string): StatusError {
  const words = why === undefined ? 'is not supported' : `is not allowed ${why}`;
  const message = `${verb} ${words} on resources of kind "${qualifiedName(resource)}"`;
  return new StatusError(405, 'MethodNotAllowed', message, named(resource, ''));
}

/** 415 for a body in a format that is not understood there. */
export function unsupportedMediaType(message: string): StatusError {
  return new StatusError(415, 'UnsupportedMediaType', message, {});
}

/** 501 for what only a real cluster does. */
export function notImplemented(message: string): StatusError {
  return new StatusError(501, 'NotImplemented', message);
}
