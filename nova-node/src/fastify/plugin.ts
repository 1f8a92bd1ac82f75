// The plugin: what it is to be, and its routes.

import type { Readable } from "node:stream";
import websocket from "@fastify/websocket";
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from "fastify";
import { Misuse } from "../errors.js";
import { hub } from "../hub.js";
import { type NativeDesk, type NativeDeskOptions, type NativeTalk, type NativeTold, native } from "../native.js";
import { encode, OPTIONS, type Options } from "../options.js";
import { ConversationPool } from "../pool.js";
import {
  act,
  anything,
  check,
  inside,
  isObject,
  type Kinds,
  needed,
  number,
  oneOf,
  shape,
  text,
  textsByName,
  time,
  whole,
} from "../shape.js";
import { named, Toolbox } from "../tools.js";
import { Access, type OwnerOf, type Place, sessionOf } from "./access.js";
import { desks } from "./end.js";
import { answerError, malformed, noSuchRoute, send, toldOf } from "./failures.js";
import { answer, events, type Owners, read } from "./http.js";
import { Settings } from "./settings.js";
import { serve } from "./socket.js";

/** What the plugin is to be. Everything but the pool may be left out; times are milliseconds. */
export interface VoiceOptions {
  /** The calls, with the way to the service and the tools that every call has. */
  pool: ConversationPool;
  /** What was read from the environment; what stands here goes first. */
  settings?: Settings;
  /** What a call is where a client says nothing. */
  defaults?: Omit<Options, "tools" | "record" | "recordInFull">;
  /** Bearer tokens, and whose they are: `{ "a-long-secret": "ann" }`. Without them, and without `owner`, everybody is one owner. */
  tokens?: Readonly<Record<string, string>>;
  /** Finds the owner of a request, where the application itself knows its people. Called in an `onRequest` hook. */
  owner?: OwnerOf;
  /** Requests a second that one client may make, and how many at once: two seconds' worth without that. */
  rate?: number | { perSecond: number; burst: number };
  /** With what tickets are signed, so that other servers take them, and how long they are good: a minute without it. */
  tickets?: { secret?: string; life?: number };
  /** Bytes that a body may have; 4 MiB without it. */
  largestBody?: number;
  /** What `/health` calls the service; `aws`, or the address of the pool's service, without it. */
  endpoint?: string;
  /** How long the orderly end of a call may take; ten seconds without it. */
  closing?: number;
  /** `root` serves the page to talk in at `/`, with the files of the element `<nova-voice>` beside it; `none` without it. */
  page?: "none" | "root";
}

const { tools: _, record: __, recordInFull: ___, ...DEFAULTS } = OPTIONS;
const bucket = inside({ perSecond: needed(number), burst: number });
const KINDS: Kinds<VoiceOptions & FromFastify> = {
  // A sentence of its own says that there is none.
  pool: shape("a pool", (value) => value instanceof ConversationPool, "Make one with ConversationPool.start({ … })."),
  settings: shape("Settings", (value) => value instanceof Settings, "Read them with Settings.fromEnvironment()."),
  defaults: inside(DEFAULTS),
  tokens: textsByName,
  owner: act,
  rate: (path, value) => (isObject(value) ? bucket : number)(path, value),
  tickets: inside({ secret: text, life: time }),
  largestBody: whole,
  endpoint: text,
  closing: time,
  page: oneOf("none", "root"),
  prefix: anything,
  logLevel: anything,
  logSerializers: anything,
};

/** Fastify's own are handed on to a plugin too. */
interface FromFastify {
  prefix?: string;
  logLevel?: string;
  logSerializers?: object;
}

/** Adds the routes of the voice API: `await app.register(voice, { pool, prefix: "/voice" })`. */
export const voice: FastifyPluginAsync<VoiceOptions> = async (app, options) => {
  const { desk, toolbox } = await open(options);
  desks.add(options.pool, desk);
  app.addHook("onClose", async () => {
    desks.delete(options.pool, desk);
    toolbox.close();
    desk.drop();
  });
  if (!app.hasDecorator("websocketServer")) await app.register(websocket, webSockets(desk));
  speakOneForm(app, desk);
  const access = new Access(desk, options.owner);
  const owners: Owners = new WeakMap();
  const places = native.routes().map((row, number): Place => ({ number, row }));
  for (const place of places) add(app, desk, access, owners, place);
  refuseOtherMethods(app, places);
  if (options.page === "root") servePage(app);
};

/**
 * What `@fastify/websocket` must be told: which subprotocol is agreed on, and how large a message may be. For an application
 * that registers it itself, for sockets of its own, before the plugin, which else does.
 */
export function webSockets({ largestBody = LARGEST_BODY }: { largestBody?: number } = {}) {
  const protocols = native.protocols();
  return {
    options: {
      handleProtocols: (offered: Set<string>) =>
        protocols.find((protocol) => offered.has(protocol)) ?? (false as const),
      maxPayload: largestBody,
    },
  };
}

async function open(options: VoiceOptions): Promise<{ desk: NativeDesk; toolbox: Toolbox }> {
  const { pool, settings } = options;
  check<VoiceOptions & FromFastify>("The voice plugin", KINDS, options);
  if (pool === undefined) throw new Misuse("The voice plugin needs a pool.", { code: "options" });
  const toolbox = new Toolbox(runHere(pool));
  const { service } = pool;
  try {
    const desk = await hub.run<NativeDesk>(() =>
      native.startDesk(
        hub.bell,
        pool.native,
        service.native,
        toolbox.inbox,
        toolbox.offers,
        described(options),
        settings?.native,
      ),
    );
    return { desk, toolbox };
  } catch (error) {
    toolbox.close();
    throw error;
  }
}

function described(options: VoiceOptions): NativeDeskOptions {
  const { pool, settings, defaults, tokens, rate, tickets, largestBody, endpoint, closing } = options;
  const { perSecond, burst } = typeof rate === "object" && rate !== null ? rate : { perSecond: rate, burst: undefined };
  return {
    defaults: defaults && encode(defaults, new Map()),
    tokens: tokens && { ...tokens },
    ticketSecret: tickets?.secret,
    ticketMs: tickets?.life,
    rate: perSecond,
    burst,
    largestBody,
    endpoint: endpoint ?? (settings ? undefined : pool.service.endpointUrl),
    closeMs: closing,
  };
}

/** A tool that nobody runs here would be offered to every client, and none would know it. */
function runHere(pool: ConversationPool) {
  const tools = named(pool.tools);
  for (const [name, tool] of tools) {
    if (!("run" in tool || "call" in tool)) {
      const hint = "A client brings the tools that it runs with POST /session/start.";
      throw new Misuse(`The pool's tool ${name} runs nowhere.`, { code: "tools", hint });
    }
  }
  return tools;
}

/** Bodies as they come, and failures in the one form; what lies beside the plugin keeps its own. */
function speakOneForm(app: FastifyInstance, desk: NativeDesk): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (request: FastifyRequest, payload: Readable) => read(desk, request, payload));
  app.setErrorHandler(answerError);
  // Without a prefix it would be the application's.
  if (app.prefix !== "") app.setNotFoundHandler(noSuchRoute);
}

function add(app: FastifyInstance, desk: NativeDesk, access: Access, owners: Owners, place: Place): void {
  const { method, kind, path } = place.row;
  const url = urlOf(path);
  switch (kind) {
    case "plain":
      return void app.route({
        method,
        url,
        exposeHeadRoute: method === "GET",
        onRequest: async (request) => void owners.set(request, await access.admit(place, request)),
        handler: (request, reply) => answer(desk, place, owners.get(request) ?? "", request, reply),
      });
    case "events":
      return void app.route({
        method,
        url,
        exposeHeadRoute: false,
        handler: (request, reply) => events(desk, access, place, request, reply),
      });
    case "socket":
      return void app.route({
        method: "GET",
        url,
        exposeHeadRoute: false,
        handler: async () => {
          throw malformed("This route is a WebSocket, and the request does not ask for one.");
        },
        wsHandler: async (socket, request) => {
          try {
            await serve(socket, () => talk(desk, access, place, request, socket.protocol));
          } catch (error) {
            request.log.error({ err: error }, "A WebSocket failed in a way that nobody expected.");
            socket.terminate();
          }
        },
      });
  }
}

/** They are no part of the API: files of the library's own, which say themselves what a browser may load with them. */
function servePage(app: FastifyInstance): void {
  for (const path of native.pagePaths()) {
    app.route({
      method: app.supportedMethods.filter((method) => method !== "OPTIONS"),
      url: path,
      // What it loads is named relative to it: at `/voice` without the slash it would look beside, not below.
      prefixTrailingSlash: "slash",
      handler: async (request, reply) =>
        send(reply, native.page(request.method, path, request.headers["if-none-match"])),
    });
  }
}

async function talk(
  desk: NativeDesk,
  access: Access,
  { number, row }: Place,
  request: FastifyRequest,
  protocol: string,
): Promise<NativeTalk | NativeTold> {
  try {
    const client = await access.client({ number, row }, request);
    return await hub.run(() => desk.talk(hub.bell, number, sessionOf(request), client, protocol));
  } catch (error) {
    return toldOf(error, request.log);
  }
}

/** Fastify would say that there is no such path. */
function refuseOtherMethods(app: FastifyInstance, places: Place[]): void {
  for (const path of new Set(places.map(({ row }) => row.path))) {
    const rows = places.map(({ row }) => row).filter((row) => row.path === path);
    const taken = rows.flatMap(({ method, kind }) =>
      method === "GET" && kind === "plain" ? [method, "HEAD"] : [method],
    );
    app.route({
      // Whoever lets pages of other origins in answers OPTIONS.
      method: app.supportedMethods.filter((method) => method !== "OPTIONS" && !taken.includes(method)),
      url: urlOf(path),
      handler: (request, reply) => send(reply, native.noSuchRoute(request.method, path)),
    });
  }
}

/** Fastify's way to write where the id of a call stands. */
function urlOf(path: string): string {
  return path.replace(/\{(\w+)\}/, ":$1");
}

/** As large as a body may be where nothing is said. */
const LARGEST_BODY = 4 << 20;
