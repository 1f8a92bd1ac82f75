// The way to the service: region, endpoint, credentials, and connections that calls share.

import { Invalid } from "./errors.js";
import { hub } from "./hub.js";
import { type NativeInbox, type NativeService, native } from "./native.js";
import { anything, check, type Kinds, shape, text } from "./shape.js";

/** Keys to sign with, as the AWS SDK has them; those of a role have a session token, and an end. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly expiration?: Date | undefined;
}

/**
 * A function that gives credentials, as those of `@aws-sdk/credential-providers` do. It is called on the loop's thread when
 * a session needs keys that last for it, has four seconds, and its answer is used until shortly before it expires.
 */
export type CredentialsProvider = () => Promise<Credentials>;

/** What differs from AWS's usual ways; everything may be left out. */
export interface BedrockOptions {
  /** The region, `us-east-1` for instance. */
  region?: string | undefined;
  /** The profile of the AWS config and credentials files. */
  profile?: string | undefined;
  /** Another place than Amazon Bedrock: `https://localhost:8443`. */
  endpointUrl?: string | undefined;
  /** A PEM file whose root certificates are believed instead of the system's. */
  caBundle?: string | undefined;
  /** Keys, or a function that gives them. The environment's chain, which renews them by itself, without it. */
  credentials?: Credentials | CredentialsProvider | undefined;
}

const ENDPOINTS = ["BEDROCK_NOVA_ENDPOINT", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"];

/**
 * Connections to Amazon Bedrock, or to a local one, and the credentials that sign for them.
 *
 * Share one among calls. Without options it is what AWS's own tools find in the environment; `BEDROCK_NOVA_ENDPOINT` and
 * `AWS_CA_BUNDLE` are honoured. Nothing is opened before the first call needs it.
 */
export class Bedrock {
  /** @internal */
  readonly native: NativeService;
  readonly #endpointUrl: string | undefined;

  constructor(options: BedrockOptions = {}) {
    check("A service", OPTIONS, options);
    const { region, profile, endpointUrl, caBundle, credentials } = options;
    const keys = keysOf(credentials);
    const provider = typeof credentials === "function" ? asked(credentials) : undefined;
    this.#endpointUrl = endpointUrl;
    this.native = new native.Service({ region, profile, endpointUrl, caBundle, ...keys }, provider);
    if (provider !== undefined) forgotten.register(this, provider.token);
  }

  /** Where calls go, given or in the environment; `undefined` for Amazon Bedrock itself. */
  get endpointUrl(): string | undefined {
    return this.#endpointUrl ?? ENDPOINTS.map((name) => process.env[name]).find((url) => url);
  }

  /** How many HTTP/2 connections are open and take streams. */
  get connections(): number {
    return this.native.connections;
  }

  /** The region, once the first call has needed it. */
  get region(): string | undefined {
    return this.native.region ?? undefined;
  }
}

const OPTIONS: Kinds<BedrockOptions> = {
  region: text,
  profile: text,
  endpointUrl: text,
  caBundle: text,
  // Looked at where they are taken apart: none of them belongs into a sentence.
  credentials: anything,
};

/** A way to the service, and nothing that looks like one. */
export const aService = shape(
  "a Bedrock",
  (value) => value instanceof Bedrock,
  "Make one with new Bedrock({ region }), or leave it out for the environment's.",
);

/** Providers of services that nobody holds any more. */
const forgotten = new FinalizationRegistry<number>((token) => hub.forget(token));

function keysOf(credentials: BedrockOptions["credentials"]) {
  if (credentials == null || typeof credentials === "function") return {};
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  if (typeof accessKeyId !== "string" || typeof secretAccessKey !== "string") {
    throw new Invalid("credentials has no accessKeyId and secretAccessKey.", {
      code: "credentials",
      hint: "Give both, or a provider function of the AWS SDK, or leave credentials out for AWS's own chain.",
    });
  }
  return { accessKeyId, secretAccessKey, sessionToken };
}

function asked(provider: CredentialsProvider): NativeInbox {
  const inbox = new native.Inbox(hub.bell);
  hub.stand(inbox.token, () => {
    for (const { id, name } of inbox.take()) {
      if (name !== undefined) void answer(inbox, id, provider);
    }
  });
  return inbox;
}

async function answer(inbox: NativeInbox, id: number, provider: CredentialsProvider): Promise<void> {
  try {
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = await provider();
    const expiresMs = expiration?.getTime();
    inbox.answer(id, JSON.stringify({ accessKeyId, secretAccessKey, sessionToken, expiresMs }));
  } catch (error) {
    inbox.answer(id, "null", error instanceof Error ? error.message : String(error));
  }
}
