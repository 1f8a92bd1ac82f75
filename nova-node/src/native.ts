// The native half, as the package sees it. A test holds these names against what the library really has.

import { createRequire } from "node:module";

export interface NativeBell {
  listen(call: () => void): void;
  rest(): void;
  answer(): number[];
}

export interface NativeOp {
  readonly token: number;
  done(): boolean;
  take(): unknown;
  cancel(): void;
}

export type NativeSound = [seq: number, atMs: number, turn: number, pcm: Buffer, rate: number, offsetMs: number];

export interface NativeReader {
  readonly token: number;
  readonly position: number | null;
  next(): string | Buffer | NativeSound | null | false;
  close(): void;
}

export interface NativeWish {
  id: number;
  name?: string;
  arguments?: string;
}

export interface NativeInbox {
  readonly token: number;
  take(): NativeWish[];
  answer(id: number, json: string, error?: string): void;
}

export interface NativeService {
  readonly connections: number;
  readonly region: string | null;
}

export interface NativeServiceOptions {
  region?: string | undefined;
  profile?: string | undefined;
  endpointUrl?: string | undefined;
  caBundle?: string | undefined;
  accessKeyId?: string | undefined;
  secretAccessKey?: string | undefined;
  sessionToken?: string | undefined;
}

export interface NativeCall {
  sendAudio(bell: NativeBell, pcm: Uint8Array): NativeOp | null;
  trySendAudio(pcm: Uint8Array): void;
  endAudio(bell: NativeBell): NativeOp;
  sendText(bell: NativeBell, text: string): NativeOp;
  greet(bell: NativeBell, text: string): NativeOp;
  answerTool(bell: NativeBell, id: string, json: string, error?: string): NativeOp;
  command(bell: NativeBell, json: string): NativeOp;
  frame(bell: NativeBell, frame: Uint8Array): NativeOp;
  interrupt(): void;
  played(turn: number, positionMs: number): void;
  finish(): void;
  snapshot(bell: NativeBell): NativeOp;
  park(bell: NativeBell): NativeOp;
  usage(bell: NativeBell): NativeOp;
  stats(bell: NativeBell): NativeOp;
  latestUsage(): string | null;
  close(bell: NativeBell, deadlineMs: number): NativeOp;
  closed(bell: NativeBell): NativeOp;
  drop(): void;
  readonly elapsedMs: number;
  readonly inputRate: number;
  readonly id: string | null;
  readonly owner: string | null;
  reader(bell: NativeBell, view: string, after?: number): NativeReader;
  sse(bell: NativeBell, view: string, lastEventId?: string): NativeReader;
}

export interface NativePoolSettings {
  conversations: number;
  perOwner?: number | undefined;
  idleMs: number;
  ownerBudget?: string | undefined;
  ownerPeriodMs?: number | undefined;
  store?: string | undefined;
  hint: string;
  leaseMs: number;
}

export interface NativePool {
  open(
    bell: NativeBell,
    service: NativeService,
    owner: string,
    options: string,
    tools: NativeInbox,
    record: string | undefined,
    recordInFull: boolean,
  ): NativeOp;
  openFrom(
    bell: NativeBell,
    service: NativeService,
    owner: string,
    snapshot: string,
    offers: string,
    tools: NativeInbox,
  ): NativeOp;
  get(id: string, owner: string): NativeCall;
  resume(
    bell: NativeBell,
    service: NativeService,
    id: string,
    owner: string,
    offers: string,
    tools: NativeInbox,
  ): NativeOp;
  locate(bell: NativeBell, id: string, owner: string): NativeOp;
  calls(owner: string): string[];
  stats(): { live: number; opening: number; limit: number; draining: boolean };
  drain(bell: NativeBell, deadlineMs: number): NativeOp;
  drop(): void;
}

export interface NativeRaw {
  readonly token: number;
  readonly requestId: string | null;
  send(bell: NativeBell, event: string): NativeOp;
  finish(): void;
  next(): string | null | false;
  drop(): void;
}

/** Status, names and values of headers in turns, body. */
export type NativeAnswer = [status: number, headers: string[], body: Buffer];

/** What a WebSocket is told of a failure: a message, the code that it closes with, the reason. */
export type NativeTold = [message: string, code: number, reason: string];

export interface NativeRoute {
  method: "GET" | "POST" | "DELETE";
  path: string;
  kind: "plain" | "events" | "socket";
  admission: "open" | "caller" | "listener";
}

export interface NativeRefusal {
  error: string;
  status?: number | undefined;
  authenticate?: string | undefined;
}

export interface NativeClient {
  owner?: string | undefined;
  refused?: NativeRefusal | undefined;
  authorization?: string | undefined;
  query?: string | undefined;
  address: string;
}

export interface NativeDeskOptions {
  defaults?: string | undefined;
  tokens?: Record<string, string> | undefined;
  ticketSecret?: string | undefined;
  ticketMs?: number | undefined;
  rate?: number | undefined;
  burst?: number | undefined;
  largestBody?: number | undefined;
  endpoint?: string | undefined;
  closeMs?: number | undefined;
}

export interface NativeDesk {
  readonly largestBody: number;
  tooLarge(): NativeAnswer;
  admit(route: number, session: string, client: NativeClient): string | NativeAnswer;
  answer(
    bell: NativeBell,
    route: number,
    owner: string,
    session: string,
    contentType: string | undefined,
    body: Uint8Array,
  ): NativeOp;
  events(
    bell: NativeBell,
    route: number,
    session: string,
    client: NativeClient,
    lastEventId: string | undefined,
  ): NativeOp;
  talk(bell: NativeBell, route: number, session: string, client: NativeClient, protocol: string | undefined): NativeOp;
  drain(bell: NativeBell, deadlineMs: number): NativeOp;
  drop(): void;
}

export interface NativeTalk {
  readonly token: number;
  next(): string | Buffer | null | false;
  say(bell: NativeBell, json: Uint8Array): NativeOp;
  sayFrame(bell: NativeBell, frame: Uint8Array): NativeOp;
  close(): void;
}

export interface NativeSettings {
  readonly host: string;
  readonly port: number;
  readonly endpoint: string;
  readonly emulated: boolean;
  readonly scenario: string;
  readonly pace: number;
  readonly pool: NativePoolSettings;
  readonly drainMs: number;
  readonly corsOrigins: string[];
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

export interface Native {
  readonly VERSION: string;
  Bell: new () => NativeBell;
  Inbox: new (bell: NativeBell) => NativeInbox;
  Service: new (options: NativeServiceOptions, provider?: NativeInbox) => NativeService;
  Call: new () => NativeCall;
  Pool: new () => NativePool;
  Raw: new () => NativeRaw;
  connect(
    bell: NativeBell,
    service: NativeService,
    options: string,
    tools: NativeInbox,
    record: string | undefined,
    recordInFull: boolean,
  ): NativeOp;
  resume(bell: NativeBell, service: NativeService, snapshot: string, offers: string, tools: NativeInbox): NativeOp;
  startPool(bell: NativeBell, settings: NativePoolSettings): NativeOp;
  startRaw(
    bell: NativeBell,
    service: NativeService,
    model: string | undefined,
    opening: string[],
    region: string | undefined,
    ordered: boolean,
  ): NativeOp;
  startDesk(
    bell: NativeBell,
    pool: NativePool,
    service: NativeService,
    tools: NativeInbox,
    offers: string,
    options: NativeDeskOptions,
    settings?: NativeSettings,
  ): NativeOp;
  Settings: { read(variables: Record<string, string>): NativeSettings };
  routes(): NativeRoute[];
  streamHeaders(): string[];
  protocols(): string[];
  pagePaths(): string[];
  page(method: string, path: string, ifNoneMatch: string | undefined): NativeAnswer;
  noSuchRoute(method: string, path: string): NativeAnswer;
  refuse(refusal: NativeRefusal): [answer: NativeAnswer, ...told: NativeTold];
  metrics(): string;
  models(): string;
  kinds(): string[];
  history(snapshot: string): string;
  plainSchema(schema: string): string;
  status(kind: string, code: string): number;
}

export const native: Native = createRequire(import.meta.url)("../native.cjs");
