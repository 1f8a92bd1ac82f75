/**
 * Amazon Nova Sonic for Node: speech in, speech out, as a conversation that cannot get the protocol wrong.
 *
 * Unofficial, and never yet run against Amazon's service.
 *
 * @packageDocumentation
 */

import { native } from "./native.js";

export type {
  Abortable,
  ConnectOptions,
  Pcm,
  PlayOptions,
  ReadOptions,
  ResumeOptions,
  Stats,
  Usage,
} from "./conversation.js";
export { Conversation } from "./conversation.js";
export type { ErrorFields, ErrorKind } from "./errors.js";
export {
  Bug,
  CallClosed,
  Denied,
  Filtered,
  Invalid,
  LimitReached,
  Misuse,
  ModelRetired,
  NovaError,
  NovaTimeout,
  ProtocolError,
  Throttled,
  TransportError,
  Unavailable,
  WireError,
} from "./errors.js";
export type * from "./events.js";
export type { Model, Voice } from "./models.js";
export { models, voices } from "./models.js";
export type { Bounds, Budget, Message, Options, Rate } from "./options.js";
export type { Drained, PoolOptions, PoolStats, Whereabouts } from "./pool.js";
export { ConversationPool, PooledConversation } from "./pool.js";
export type { RawEvent, RawOptions } from "./raw.js";
export { RawSession } from "./raw.js";
export type { Events, Messages, Reading, ServerSentEvents } from "./reader.js";
export type { JsonSchema, OutputOf, StandardIssue, StandardResult, StandardSchema } from "./schema.js";
export type { BedrockOptions, Credentials, CredentialsProvider } from "./service.js";
export { Bedrock } from "./service.js";
export { Snapshot } from "./snapshot.js";
export type { OfferedTool, Tool, ToolContext, ToolContract, ToolOptions, Tools } from "./tools.js";
export { tool } from "./tools.js";

/** The version of the package, which is that of the library. */
export const version: string = native.VERSION;

/** The numbers of all pools of this process, in the text form of Prometheus; nothing before the first. */
export function metrics(): string {
  return native.metrics();
}
