// Requests and answers, as Fastify has them.

import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { hub } from "../hub.js";
import { type NativeAnswer, type NativeDesk, type NativeReader, native } from "../native.js";
import { asItIs, Reading } from "../reader.js";
import { type Access, type Place, sessionOf } from "./access.js";
import { malformed, Refused, send } from "./failures.js";

/** A body comes in the time of a slow network, or not at all. */
const BODY_MS = 60_000;
/**
 * What a client is still sending when it is refused is read and dropped, for so long and so many times the largest body:
 * else its connection breaks before it has the answer.
 */
const REFUSED = { ms: 5_000, times: 4 };
const NOTHING = Buffer.alloc(0);
const STREAM_HEADERS = Object.fromEntries(pairs(native.streamHeaders()));

/** Whose requests are that were let in. */
export type Owners = WeakMap<FastifyRequest, string>;

/** Answers a request at once. */
export async function answer(
  desk: NativeDesk,
  { number }: Place,
  owner: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const body = Buffer.isBuffer(request.body) ? request.body : NOTHING;
  const type = request.headers["content-type"];
  const session = sessionOf(request);
  return send(reply, await hub.run<NativeAnswer>(() => desk.answer(hub.bell, number, owner, session, type, body)));
}

/** Answers with a stream of events, as fast as the client reads. */
export async function events(
  desk: NativeDesk,
  access: Access,
  place: Place,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const client = await access.client(place, request);
  const last = request.headers["last-event-id"];
  const begun = await hub.run<NativeReader | NativeAnswer>(() =>
    desk.events(hub.bell, place.number, sessionOf(request), client, Array.isArray(last) ? last[0] : last),
  );
  if (Array.isArray(begun)) return send(reply, begun);
  const reading = new Reading<Buffer>(begun, asItIs, desk);
  const body = Readable.from(reading, { objectMode: false });
  // The client has gone, or the last event was told.
  body.once("close", () => reading.close());
  return reply.headers(STREAM_HEADERS).send(body);
}

/** Reads a body, in memory no more of it than it may have. */
export async function read(desk: NativeDesk, request: FastifyRequest, payload: Readable): Promise<Buffer> {
  const most = desk.largestBody;
  const pieces: Buffer[] = [];
  let room = Number(request.headers["content-length"]) > most ? 0 : most;
  // What goes wrong when nobody reads any more is nobody's.
  payload.on("error", () => {});
  const stop = await readWhile(payload, BODY_MS, (piece) => {
    room -= piece.length;
    return room >= 0 && pieces.push(piece) > 0;
  });
  switch (stop) {
    case "end":
      return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
    case "off":
      throw malformed("The body broke off.");
    case "late":
      throw malformed("The body did not come in time.");
    case "enough":
      await dropRest(payload, REFUSED.times * most);
      throw new Refused(desk.tooLarge());
  }
}

async function dropRest(payload: Readable, most: number): Promise<void> {
  let dropped = 0;
  await readWhile(payload, REFUSED.ms, (piece) => {
    dropped += piece.length;
    return dropped <= most;
  });
}

/** Reads to the end, or as long as there is time and more is wanted; says why it stopped. */
function readWhile(
  payload: Readable,
  ms: number,
  wanted: (piece: Buffer) => boolean,
): Promise<"end" | "enough" | "late" | "off"> {
  return new Promise((resolve) => {
    const stop = (why: "end" | "enough" | "late" | "off") => {
      clearTimeout(timer);
      payload.pause().off("data", take).off("end", end).off("error", off).off("close", off);
      resolve(why);
    };
    const take = (piece: Buffer) => {
      if (!wanted(piece)) stop("enough");
    };
    const end = () => stop("end");
    const off = () => stop("off");
    const timer = setTimeout(() => stop("late"), ms);
    payload.on("data", take).on("end", end).on("error", off).on("close", off).resume();
  });
}

function* pairs(flat: string[]): Generator<[string, string]> {
  for (let at = 0; at + 1 < flat.length; at += 2) yield [flat[at] ?? "", flat[at + 1] ?? ""];
}
