/** What went wrong, in words: the same six fields that the server has. */
export class VoiceError extends Error {
  override readonly name = "VoiceError";
  /** Whose move it is: `invalid`, `denied`, `limit`, `transport`, … */
  readonly kind: string;
  /** Finer, and stable: `no-such-call`, `microphone-denied`, … */
  readonly code: string;
  /** Whether the same thing can succeed later. */
  readonly retryable: boolean;
  /** The service's own id of the request, for a support case. */
  readonly requestId: string | null;
  /** What a person can do. */
  readonly hint: string | null;

  constructor(fields: ErrorFields) {
    super(fields.message);
    this.kind = fields.kind;
    this.code = fields.code;
    this.retryable = fields.retryable ?? false;
    this.requestId = fields.requestId ?? null;
    this.hint = fields.hint ?? null;
  }
}

/** The fields of an error. */
export interface ErrorFields {
  readonly kind: string;
  readonly code: string;
  readonly message: string;
  readonly retryable?: boolean;
  readonly requestId?: string | null;
  readonly hint?: string | null;
}

/** Reads an error of the server's, from an answer (`request_id`) or from an event (`requestId`); nothing if it is none. */
export function readError(json: unknown): VoiceError | undefined {
  const told = json as Record<string, unknown> | null;
  if (typeof told !== "object" || told === null) return undefined;
  if (typeof told["kind"] !== "string" || typeof told["message"] !== "string") return undefined;
  return new VoiceError({
    kind: told["kind"],
    code: String(told["code"] ?? told["kind"]),
    message: told["message"],
    retryable: told["retryable"] === true,
    requestId: (told["request_id"] ?? told["requestId"] ?? null) as string | null,
    hint: (told["hint"] ?? null) as string | null,
  });
}
