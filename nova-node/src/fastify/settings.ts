// Everything that a server takes from the environment: the last chapter of the voice API.

import { lifted } from "../errors.js";
import { type NativeSettings, native } from "../native.js";
import type { PoolOptions } from "../pool.js";

/**
 * The settings of a server of the voice API, from the environment, as every such server reads them.
 *
 * ```js
 * const settings = Settings.fromEnvironment();
 * const pool = await ConversationPool.start({ ...settings.pool, tools });
 * await app.register(voice, { pool, settings });
 * await app.listen(settings.listen);
 * ```
 *
 * `VoiceOptions` go before them.
 */
export class Settings {
  /** @internal */
  readonly native: NativeSettings;

  private constructor(settings: NativeSettings) {
    this.native = settings;
  }

  /** Reads the environment; `Invalid`, code `configuration`, names the variable that cannot be read. */
  static fromEnvironment(variables: Readonly<Record<string, string | undefined>> = process.env): Settings {
    const given = Object.entries(variables).filter((each): each is [string, string] => each[1] !== undefined);
    return new Settings(lifted(() => native.Settings.read(Object.fromEntries(given))));
  }

  /** `HOST` and `PORT`, for `app.listen`. */
  get listen(): { host: string; port: number } {
    const { host, port } = this.native;
    return { host, port };
  }

  /** What the log and `/health` call the service: `aws`, `emulator`, or an address. */
  get endpoint(): string {
    return this.native.endpoint;
  }

  /** What the server's own emulator is to be, for `startEmulator`; none where calls go elsewhere. */
  get emulator(): { scenario: string; pace: number } | undefined {
    const { emulated, scenario, pace } = this.native;
    return emulated ? { scenario, pace } : undefined;
  }

  /** For `ConversationPool.start`: `MAX_SESSIONS`, `SESSION_TIMEOUT`, `SESSION_STORE` and so on. */
  get pool(): PoolOptions {
    const { conversations, perOwner, idleMs, store, hint, leaseMs } = this.native.pool;
    return {
      conversations,
      ...(perOwner !== undefined && { perOwner }),
      idle: idleMs,
      ...(store !== undefined && { store }),
      hint,
      lease: leaseMs,
    };
  }

  /** `DRAIN_SECONDS`, in milliseconds, for `drainOnSigterm`. */
  get drain(): number {
    return this.native.drainMs;
  }

  /** `CORS_ORIGINS`, as `@fastify/cors` takes them; none where no page of another origin may call. */
  get cors():
    | { origin: "*" | string[]; methods: string[]; allowedHeaders: string[]; exposedHeaders: string[] }
    | undefined {
    const origins = this.native.corsOrigins;
    if (origins.length === 0) return undefined;
    return {
      origin: origins.includes("*") ? "*" : origins,
      methods: ["GET", "POST", "DELETE"],
      allowedHeaders: ["authorization", "content-type", "last-event-id"],
      exposedHeaders: ["retry-after", "call-location"],
    };
  }

  /** `LOG_LEVEL`, as loggers of JavaScript call it. */
  get logLevel(): "debug" | "info" | "warn" | "error" {
    return this.native.logLevel;
  }
}
