// Failures, in the one form that every server of the voice API has.

import type { FastifyReply, FastifyRequest } from "fastify";
import { type ErrorFields, type ErrorKind, NovaError } from "../errors.js";
import { type NativeAnswer, type NativeRefusal, type NativeTold, native } from "../native.js";

/** What a refusal says beside its status and its sentence. */
export interface RefusalFields extends Pick<ErrorFields, "code" | "retryable" | "hint" | "cause"> {
  /** Whose move it is; `denied` without it. */
  kind?: ErrorKind;
  /** The header `WWW-Authenticate`. */
  authenticate?: string;
}

/** What an application refuses by itself: thrown by its `owner` function, for a stranger. */
export class Refusal extends NovaError {
  /** The header `WWW-Authenticate`. */
  readonly authenticate: string | undefined;
  readonly #status: number;

  constructor(status: number, message: string, fields: RefusalFields = {}) {
    const { kind = "denied", authenticate, ...others } = fields;
    super(kind, message, others);
    this.#status = status;
    this.authenticate = authenticate;
  }

  override get status(): number {
    return this.#status;
  }
}

/** A request that was refused, and how: thrown where Fastify wants an error. */
export class Refused extends Error {
  readonly answer: NativeAnswer;

  constructor(answer: NativeAnswer) {
    super("The request was refused.");
    this.answer = answer;
  }
}

/** What the server itself says of a request. */
export function malformed(message: string): Refusal {
  return new Refusal(400, message, { kind: "invalid", code: "request" });
}

/** Puts any failure into the one form; what nobody expected is a bug, and logged as one. */
export function refusalOf(error: unknown, log: FastifyRequest["log"]): NativeRefusal {
  const known = knownAs(error, log);
  if (!(known instanceof Refusal)) return { error: JSON.stringify(known) };
  const { status, authenticate } = known;
  return { error: JSON.stringify(known), status, authenticate };
}

/** What a request is answered. */
export function answerOf(error: unknown, log: FastifyRequest["log"]): NativeAnswer {
  return error instanceof Refused ? error.answer : native.refuse(refusalOf(error, log))[0];
}

/** What a WebSocket is told. */
export function toldOf(error: unknown, log: FastifyRequest["log"]): NativeTold {
  const [, ...told] = native.refuse(refusalOf(error, log));
  return told;
}

/** Gives an answer. */
export function send(reply: FastifyReply, [status, headers, body]: NativeAnswer): FastifyReply {
  reply.code(status);
  for (let at = 0; at + 1 < headers.length; at += 2) reply.header(headers[at] ?? "", headers[at + 1]);
  return reply.send(body);
}

/**
 * Answers a failure in the form of the voice API: for `app.setErrorHandler` and Fastify's option `frameworkErrors`, where
 * an application wants it for all of its routes.
 */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  send(reply, answerOf(error, request.log));
}

/** Refuses a path that is not there in the form of the voice API: for `app.setNotFoundHandler`. */
export function noSuchRoute(request: FastifyRequest, reply: FastifyReply): void {
  const [path = ""] = request.url.split("?");
  send(reply, native.noSuchRoute(request.method, path));
}

function knownAs(error: unknown, log: FastifyRequest["log"]): NovaError {
  if (error instanceof NovaError) return error;
  const { statusCode: status, message } = Object(error) as { statusCode?: unknown; message?: unknown };
  if (status === 401 || status === 403) return new Refusal(status, String(message), { code: "owner" });
  // Fastify's own statuses for a malformed request, 414 and 415 for instance, are none of the API's.
  if (typeof status === "number" && status >= 400 && status < 500) return malformed(String(message));
  log.error({ err: error }, "A request failed in a way that nobody expected.");
  const hint = "Its log says how; please report it.";
  return new Refusal(500, "The server failed.", { kind: "bug", code: "bug", hint });
}
