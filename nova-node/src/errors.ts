// One tree of errors: what went wrong, whose move it is, and what a person can do about it.

import { native } from "./native.js";

/** Whose move it is, as it is spelled in every language. */
export type ErrorKind =
  | "misuse"
  | "wire"
  | "protocol"
  | "throttled"
  | "unavailable"
  | "denied"
  | "invalid"
  | "modelRetired"
  | "filtered"
  | "limit"
  | "transport"
  | "timeout"
  | "closed"
  | "bug";

/** What an error says beside its message. */
export interface ErrorFields {
  /** The stable code, finer than the kind: `no-credentials`, `pool-full`. The kind without it. */
  code?: string | undefined;
  /** Whether trying again can help. The kind's own answer without it. */
  retryable?: boolean | undefined;
  /** The service's request id, if it answered at all. */
  requestId?: string | null | undefined;
  /** What a person can do about it. */
  hint?: string | null | undefined;
  /** What lies under it. */
  cause?: unknown | undefined;
}

/** Any failure of this library. Catch it for all of them, or the class of one kind. */
export class NovaError extends Error {
  /** Whose move it is. */
  readonly kind: ErrorKind;
  /** The stable code, finer than the kind: `no-credentials`, `pool-full`. */
  readonly code: string;
  /** Whether trying again can help. */
  readonly retryable: boolean;
  /** The service's request id, if it answered at all. */
  readonly requestId: string | null;
  /** What a person can do about it. */
  readonly hint: string | null;

  constructor(kind: ErrorKind, message: string, fields: ErrorFields = {}) {
    super(message, "cause" in fields ? { cause: fields.cause } : undefined);
    this.kind = kind;
    this.code = fields.code ?? kind;
    this.retryable = fields.retryable ?? RETRYABLE.has(kind);
    this.requestId = fields.requestId ?? null;
    this.hint = fields.hint ?? null;
  }

  override get name(): string {
    return this.constructor.name;
  }

  /** The HTTP status with which a server tells its client of it. */
  get status(): number {
    return native.status(this.kind, this.code);
  }

  /** Returns the fields as they go into JSON. */
  toJSON(): Required<Omit<ErrorFields, "cause">> & { kind: ErrorKind; message: string } {
    const { kind, code, message, retryable, requestId, hint } = this;
    return { kind, code, message, retryable, requestId, hint };
  }
}

const RETRYABLE = new Set<ErrorKind>(["throttled", "unavailable", "transport", "timeout"]);

/** The caller did something that this state does not allow; nothing was changed. */
export class Misuse extends NovaError {
  constructor(message: string, fields?: ErrorFields) {
    super("misuse", message, fields);
  }
}

/** The peer sent bytes that cannot be read. */
export class WireError extends NovaError {
  constructor(message: string, fields?: ErrorFields) {
    super("wire", message, fields);
  }
}

/** The peer broke the protocol, or refused something of ours as breaking it. */
export class ProtocolError extends NovaError {
  constructor(message: string, fields?: ErrorFields) {
    super("protocol", message, fields);
  }
}

/** The service asks for fewer requests for now. */
export class Throttled extends NovaError {
  constructor(message: string, fields?: ErrorFields) {
    super("throttled", message, fields);
  }
}

/** The service, or a store, cannot answer for now. */
export class Unavailable extends NovaError {
  constructor(message: string, fields?: ErrorFields) {
    super("unavailable", message, fields);
  }
}

/** The service, or the credential chain, refuses the caller. */
export class Denied extends NovaError {
  constructor(message: string, fields?: ErrorFields) {
    super("denied", message, fields);
  }
}

/** A value is wrong, and will be wrong again. */
export class Invalid extends NovaError {
  constructor(message: string, fields?: ErrorFields) {
    super("invalid", message, fields);
  }
}

/** The model has reached its end of life; the hint names the one to use instead. */
export class ModelRetired extends NovaError {
  constructor(message: string, fields?: ErrorFields) {
    super("modelRetired", message, fields);
  }
}

/** A content filter or a guardrail refused the content. */
export class Filtered extends NovaError {
  constructor(message: string, fields?: ErrorFields) {
    super("filtered", message, fields);
  }
}

/** A limit of our own was reached: a full pool, a spent budget, a blocked way up. */
export class LimitReached extends NovaError {
  constructor(message: string, fields?: ErrorFields) {
    super("limit", message, fields);
  }
}

/** The road between here and the service broke. */
export class TransportError extends NovaError {
  constructor(message: string, fields?: ErrorFields) {
    super("transport", message, fields);
  }
}

/** An answer did not come within its deadline. */
export class NovaTimeout extends NovaError {
  constructor(message: string, fields?: ErrorFields) {
    super("timeout", message, fields);
  }
}

/** The call is over; not anybody's fault. */
export class CallClosed extends NovaError {
  constructor(message: string, fields?: ErrorFields) {
    super("closed", message, fields);
  }
}

/** A defect in this library; please report it. */
export class Bug extends NovaError {
  constructor(message: string, fields?: ErrorFields) {
    super("bug", message, fields);
  }
}

const CLASSES: Record<ErrorKind, new (message: string, fields?: ErrorFields) => NovaError> = {
  misuse: Misuse,
  wire: WireError,
  protocol: ProtocolError,
  throttled: Throttled,
  unavailable: Unavailable,
  denied: Denied,
  invalid: Invalid,
  modelRetired: ModelRetired,
  filtered: Filtered,
  limit: LimitReached,
  transport: TransportError,
  timeout: NovaTimeout,
  closed: CallClosed,
  bug: Bug,
};

/**
 * Makes the error of its fields, as events carry them.
 * @internal
 */
export function errorOf(fields: ErrorFields & { kind: ErrorKind; message: string }): NovaError {
  const made = CLASSES[fields.kind] ?? Bug;
  const { cause, ...others } = fields;
  return new made(fields.message, typeof cause === "string" ? { ...others, cause: new Error(cause) } : others);
}

/**
 * Calls into the native half; what it throws becomes one of these classes.
 * @internal
 */
export function lifted<T>(act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    throw lift(thrown);
  }
}

function lift(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof NovaError) return thrown;
  if (thrown.message.startsWith('{"')) {
    const fields = JSON.parse(thrown.message);
    // A place in JSON that was written here, of options that nobody else saw as JSON.
    if (fields.code === "options") fields.message = fields.message.replace(/ at line \d+ column \d+/, "");
    return errorOf(fields);
  }
  // Node-API's own words for an argument of another type.
  return new Invalid(thrown.message, { code: "argument", cause: thrown });
}

/**
 * Refuses what is no string, by the name of the argument.
 * @internal
 */
export function string(what: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new Invalid(`${what} is a string, not ${described(value)}.`, { code: "argument" });
}

/**
 * Refuses what is no time in milliseconds.
 * @internal
 */
export function millis(what: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new Invalid(`${what} is a time in milliseconds, not ${described(value)}.`, { code: "argument" });
}

/**
 * Refuses to construct of anything but what the native half made.
 * @internal
 */
export function made<T>(by: new () => T, given: unknown, instead: string): T {
  if (given instanceof by) return given;
  throw new Misuse(instead, { code: "constructor" });
}

/**
 * Says what a value is, in a sentence that refuses it.
 * @internal
 */
export function described(value: unknown): string {
  if (value === undefined || value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "string") return `the string ${JSON.stringify(shown(value))}`;
  if (typeof value !== "object") return `a ${typeof value}`;
  if (Array.isArray(value)) return "a list";
  const name = value.constructor?.name ?? "Object";
  if (name === "Object") return "an object";
  return /^[AEIO]/.test(name) ? `an ${name}` : `a ${name}`;
}

const shown = (text: string) => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

/** Characters of a string that a sentence repeats. */
const SHOWN = 40;
