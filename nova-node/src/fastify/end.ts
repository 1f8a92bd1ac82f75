// The end of the process: it drains while the server still serves.

import { constants } from "node:os";
import type { FastifyInstance } from "fastify";
import { millis } from "../errors.js";
import { hub } from "../hub.js";
import type { NativeDesk } from "../native.js";
import type { ConversationPool, Drained } from "../pool.js";

/** The desks of each pool: who drains one waits until those who listen at them were told. */
class Desks {
  readonly #of = new WeakMap<ConversationPool, Set<NativeDesk>>();

  add(pool: ConversationPool, desk: NativeDesk): void {
    const there = this.#of.get(pool) ?? new Set();
    this.#of.set(pool, there.add(desk));
  }

  delete(pool: ConversationPool, desk: NativeDesk): void {
    this.#of.get(pool)?.delete(desk);
  }

  /** Drains a pool, and has whoever listens told the end. */
  async drain(pool: ConversationPool, deadline: number): Promise<Drained> {
    const drained = await pool.drain({ deadline });
    const there = [...(this.#of.get(pool) ?? [])];
    await Promise.all(there.map((desk) => hub.run(() => desk.drain(hub.bell, 0))));
    return drained;
  }
}

/** @internal */
export const desks = new Desks();

/** How long connections may take to end when the calls have. */
const CONNECTIONS_MS = 10_000;
const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Ends the process in order when it is told to: `/health` says 503, no new call is taken, and calls may go on for `deadline`
 * milliseconds, 30 s without it; then those that are kept in a store are left there, the others are closed, streams end with
 * `done`, and the application is closed. At Ctrl-C calls have no time to go on: who sits before a terminal does not want to
 * wait. A second signal does not wait for anything.
 */
export function drainOnSigterm(
  app: FastifyInstance,
  pool: ConversationPool,
  { deadline = 30_000 }: { deadline?: number } = {},
): void {
  const wait = millis("The deadline", deadline);
  let ending = false;
  const told = (signal: (typeof SIGNALS)[number]) => {
    if (ending) process.exit(128 + constants.signals[signal]);
    ending = true;
    app.log.info(`${signal}: draining ${pool.stats().live} calls.`);
    end(app, pool, signal === "SIGTERM" ? wait : 0).catch((error: unknown) => {
      app.log.error({ err: error }, "The server did not end in order.");
      process.exit(1);
    });
  };
  for (const signal of SIGNALS) process.on(signal, told);
  app.addHook("onClose", async () => {
    for (const signal of SIGNALS) process.off(signal, told);
  });
}

async function end(app: FastifyInstance, pool: ConversationPool, deadline: number): Promise<void> {
  app.log.info({ drained: await desks.drain(pool, deadline) }, "Drained.");
  const cut = setTimeout(() => app.server.closeAllConnections(), CONNECTIONS_MS);
  await app.close();
  clearTimeout(cut);
}
