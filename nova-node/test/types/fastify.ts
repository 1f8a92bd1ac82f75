// What the plugin's types promise; nothing here runs.

import type { ConversationPool } from "bedrock-nova";
import { answerError, drainOnSigterm, noSuchRoute, Refusal, Settings, voice, webSockets } from "bedrock-nova/fastify";
import Fastify from "fastify";

export async function plugin(pool: ConversationPool): Promise<void> {
  const settings = Settings.fromEnvironment();
  const app = Fastify({ logger: { level: settings.logLevel }, frameworkErrors: answerError });
  await app.register(voice, { pool, settings, prefix: "/voice" });
  await app.register(voice, {
    pool,
    prefix: "/other",
    defaults: { system: "Answer shortly.", voice: "tiffany" },
    tokens: { secret: "ann" },
    rate: { perSecond: 5, burst: 50 },
    tickets: { secret: "a secret", life: 30_000 },
    owner: async (request) => {
      const owner = request.headers["x-who"];
      if (typeof owner !== "string") throw new Refusal(401, "Who are you?", { code: "who", authenticate: "Own" });
      return owner;
    },
  });
  // @ts-expect-error: a pool is needed
  await app.register(voice, {});
  // @ts-expect-error: an owner is a name
  await app.register(voice, { pool, owner: () => 7 });
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(noSuchRoute);
  const { handleProtocols } = webSockets().options;
  handleProtocols(new Set(["bedrock-nova.v1"])) satisfies string | false;
  drainOnSigterm(app, pool, { deadline: settings.drain });
  await app.listen(settings.listen);
}
