// Whose a request is.

import type { FastifyRequest } from "fastify";
import type { NativeClient, NativeDesk, NativeRoute } from "../native.js";
import { Refused, refusalOf } from "./failures.js";

/** Finds the owner of a request, where the application itself knows its people; throws a `Refusal` for strangers. */
export type OwnerOf = (request: FastifyRequest) => string | Promise<string>;

/** A route, and its number at the desk. */
export interface Place {
  readonly number: number;
  readonly row: NativeRoute;
}

/** Who comes in. */
export class Access {
  readonly #desk: NativeDesk;
  readonly #owner: OwnerOf | undefined;

  constructor(desk: NativeDesk, owner: OwnerOf | undefined) {
    this.#desk = desk;
    this.#owner = owner;
  }

  /** Lets a request in: returns its owner, or throws the answer that refuses it. */
  async admit(place: Place, request: FastifyRequest): Promise<string> {
    const owner = this.#desk.admit(place.number, sessionOf(request), await this.client(place, request));
    if (typeof owner !== "string") throw new Refused(owner);
    return owner;
  }

  /** Returns what is known of whoever sent a request. */
  async client({ row }: Place, request: FastifyRequest): Promise<NativeClient> {
    const url = request.raw.url ?? "";
    const query = url.includes("?") ? url.slice(url.indexOf("?") + 1) : undefined;
    const client = { authorization: request.headers.authorization, query, address: request.ip };
    if (this.#owner === undefined || row.admission === "open") return client;
    // A browser that cannot say who it is has a ticket instead, which the desk knows.
    if (row.admission === "listener" && new URLSearchParams(query).has("ticket")) return client;
    try {
      return { ...client, owner: await this.#owner(request) };
    } catch (error) {
      return { ...client, refused: refusalOf(error, request.log) };
    }
  }
}

/** Returns the id of a call in the path; nothing where none is. */
export function sessionOf(request: FastifyRequest): string {
  return (request.params as { session_id?: string }).session_id ?? "";
}
