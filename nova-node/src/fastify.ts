/**
 * The voice API over HTTP as a Fastify plugin: sessions, audio and text, events as server-sent events and over a WebSocket,
 * tickets for browsers, health and metrics.
 *
 * ```js
 * import Fastify from "fastify";
 * import { ConversationPool } from "bedrock-nova";
 * import { drainOnSigterm, voice } from "bedrock-nova/fastify";
 *
 * const app = Fastify();
 * const pool = await ConversationPool.start({ conversations: 100 });
 * await app.register(voice, { pool });
 * drainOnSigterm(app, pool);
 * await app.listen({ port: 8000 });
 * ```
 *
 * Needs `fastify` 5 and `@fastify/websocket` 11 beside this package. What the routes take and answer is decided in the
 * library, the same for every language; this moves bytes.
 *
 * | file | concern |
 * |---|---|
 * | `plugin` | what the plugin is to be, and its routes |
 * | `access` | whose a request is |
 * | `http` | bodies and answers |
 * | `socket` | a WebSocket, from its first message to its goodbye |
 * | `failures` | failures, in one form |
 * | `settings` | everything from the environment |
 * | `end` | the end of the process |
 *
 * @packageDocumentation
 */

export type { OwnerOf } from "./fastify/access.js";
export { drainOnSigterm } from "./fastify/end.js";
export type { RefusalFields } from "./fastify/failures.js";
export { answerError, noSuchRoute, Refusal } from "./fastify/failures.js";
export type { VoiceOptions } from "./fastify/plugin.js";
export { voice, webSockets } from "./fastify/plugin.js";
export { Settings } from "./fastify/settings.js";
