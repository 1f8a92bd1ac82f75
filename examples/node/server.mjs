// The voice backend: the API of `docs/API.md` on Amazon Nova Sonic, or on the local emulator.
//
// All of the work is the library's; this file says what the server is made of, and what it talks to.

import cors from "@fastify/cors";
import { Bedrock, ConversationPool } from "bedrock-nova";
import { answerError, drainOnSigterm, noSuchRoute, Settings, voice } from "bedrock-nova/fastify";
import { startEmulator } from "bedrock-nova/testing";
import Fastify, { LogController } from "fastify";
import { tools } from "./tools.mjs";

const BANNER = `
  ======================================================================
    EMULATOR: this server talks to a local emulator, not to AWS.
    What it "hears" and answers is scripted.
  ======================================================================`;

const settings = read();
const app = Fastify({
  logger: { level: settings.logLevel },
  logController: new LogController({ disableRequestLogging: true }),
  frameworkErrors: answerError,
});
const pool = await ConversationPool.start({ ...settings.pool, service: await service(), tools });
if (settings.cors) await app.register(cors, settings.cors);
await app.register(voice, { pool, settings, page: "root" });
app.setErrorHandler(answerError);
app.setNotFoundHandler(noSuchRoute);
app.addHook("onClose", () => pool.close());
drainOnSigterm(app, pool, { deadline: settings.drain });
await app.listen(settings.listen);
app.log.info(`Calls go to ${settings.endpoint}; there may be ${pool.stats().limit} of them.`);

function read() {
  try {
    return Settings.fromEnvironment();
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}

/** The way to Amazon Bedrock, or a local one that ends with the server. */
async function service() {
  if (!settings.emulator) return new Bedrock();
  const emulator = await startEmulator(settings.emulator);
  app.addHook("onClose", () => emulator.stop());
  console.error(BANNER);
  return emulator.service();
}
