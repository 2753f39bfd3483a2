import {
  constants,
  createHmac,
  generateKeyPairSync,
  sign as createSignature,
  type KeyObject,
} from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import {
  ConfidentialClientApplication,
  PublicClientApplication,
  type AuthenticationResult,
  type CacheOptions,
  type ClientApplication,
  type Configuration,
  type NodeAuthOptions,
  type NodeSystemOptions,
  type NodeTelemetryOptions,
} from "@tessera/node";
import { rsaKeyPair } from "./rsa-keys.mjs";
import { createTestClock, type TestClock } from "./test-clock.js";

/** What to answer. A body that is not a text is sent as JSON. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** End the connection without an answer. */
  readonly reset?: true;
  /** Takes the connection, in place of an answer. */
  readonly raw?: (socket: Socket) => void;
}

/** A request as it came in. */
export interface FakeRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
  /** The body as it came, such as the JSON of a registration. */
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The client's port: one for each connection. */
  readonly port: number | undefined;
  /** Settles when the connection has ended, answered or not. */
  readonly ended: Promise<unknown>;
}

export type Respond = (request: FakeRequest) => Answer | Promise<Answer>;

export interface IdTokenOptions {
  /** Laid over the claims of a good ID token; `undefined` takes one away. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Laid over `{ alg: "RS256", kid: "one" }`. */
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: KeyObject | Uint8Array;
}

export interface Over {
  readonly cache?: CacheOptions;
  readonly auth?: Partial<NodeAuthOptions>;
  readonly system?: NodeSystemOptions;
  readonly telemetry?: NodeTelemetryOptions;
}

/** An OpenID Provider that does what the test says, good or bad. */
export interface FakeProvider {
  readonly url: string;
  readonly clock: TestClock;
  readonly requests: readonly FakeRequest[];
  /** How each endpoint answers; {@link reset} puts the good answers back. */
  answers: Record<Endpoint, Respond>;
  /** The good discovery document, with changes. It names no endpoint but those for a sign-in. */
  metadata(over?: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  /** A good token response with an ID token, with changes. */
  tokens(over?: Readonly<Record<string, unknown>>, idToken?: IdTokenOptions): object;
  idToken(options?: IdTokenOptions): string;
  confidential(over?: Over): ConfidentialClientApplication;
  publicClient(over?: Over): PublicClientApplication;
  /** Requests to an endpoint so far. */
  count(endpoint: Endpoint): number;
  reset(): void;
  close(): Promise<void>;
}

export const clientId = "the-client";
export const clientSecret = "the-secret-of-the-client-0123456789";
export const nonce = "the-nonce";
export const code = "the-code";
export const codeVerifier = "the-verifier-of-the-client-0123456789-0123456789";
export const scopes = ["openid", "api:read"];

/** Keys for signatures; `one` is the one that the provider publishes. */
export const keys = {
  one: rsaKeyPair("one"),
  two: rsaKeyPair("two"),
  three: rsaKeyPair("three"),
  elliptic: generateKeyPairSync("ec", { namedCurve: "P-256" }),
};

/** A public key as it stands in a JSON Web Key Set. */
export function jwk({ publicKey }: { readonly publicKey: KeyObject }, over: object = {}): object {
  return { ...publicKey.export({ format: "jwk" }), use: "sig", ...over };
}

const paths = {
  "/.well-known/openid-configuration": "discovery",
  "/token": "token",
  "/keys": "keys",
  "/userinfo": "userinfo",
  "/introspect": "introspection",
  "/revoke": "revocation",
  "/par": "par",
  "/register": "registration",
  "/backchannel": "backchannel",
  "/device": "device",
  "/.well-known/oauth-protected-resource/api": "resource",
  /** An API that takes the provider's tokens. */
  "/api": "api",
} as const;

/** Where requests go. */
export type Endpoint = (typeof paths)[keyof typeof paths];

/** What must never show up in an error or a log line. */
export const secrets = [clientSecret, code, codeVerifier, "an-access-token", "a-refresh-token", "eyJ"];

/** What a test may say otherwise when it redeems a code; `nonce: undefined`: no nonce was sent. */
export type Redemption = Partial<Parameters<ClientApplication["acquireTokenByCode"]>[0]>;

/** Redeems the code that a sign-in would have brought, together with what else came to the redirect URI. */
export function redeem(
  app: ClientApplication,
  over: Redemption = {},
  response?: Parameters<ClientApplication["acquireTokenByCode"]>[1],
): Promise<AuthenticationResult> {
  const redirectUri = "http://localhost/signed-in";
  return app.acquireTokenByCode({ scopes, redirectUri, code, codeVerifier, nonce, ...over }, response);
}

export async function startFakeProvider(path = ""): Promise<FakeProvider> {
  const clock = createTestClock();
  const requests: FakeRequest[] = [];
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, "localhost");
  await once(server, "listening");
  const url = `http://localhost:${(server.address() as AddressInfo).port}${path}`;

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const ended = once(response, "close");
    const at = incoming.url?.split("?", 1)[0] ?? "";
    let body = "";
    for await (const chunk of incoming) body += String(chunk);
    const form = Object.fromEntries(new URLSearchParams(body));
    const query = Object.fromEntries(new URL(incoming.url ?? "/", url).searchParams);
    const { method = "", headers } = incoming;
    const { remotePort: port } = incoming.socket;
    const request = { method, path: at, query, form, text: body, headers, port, ended };
    requests.push(request);
    const endpoint = paths[at.slice(path.length) as keyof typeof paths];
    const answer: Answer = endpoint
      ? await provider.answers[endpoint](request)
      : { status: 404, body: "nothing here" };
    if (answer.raw) {
      answer.raw(incoming.socket);
      return;
    }
    if (answer.reset) return void incoming.socket.destroy();
    const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
    response
      .writeHead(answer.status ?? 200, {
        "content-type": "application/json",
        date: new Date(clock.now()).toUTCString(),
        ...answer.headers,
      })
      .end(text);
  };

  const goodAnswers = (): FakeProvider["answers"] => ({
    discovery: () => ({ body: provider.metadata() }),
    token: () => ({ body: provider.tokens() }),
    keys: () => ({ body: { keys: [jwk(keys.one, { kid: "one", alg: "RS256" })] } }),
    userinfo: () => ({ body: { sub: "user-1", name: "User One" } }),
    introspection: () => ({ body: { active: true, sub: "user-1" } }),
    revocation: () => ({ body: "" }),
    par: () => ({ status: 201, body: { request_uri: "urn:example:pushed", expires_in: 60 } }),
    registration: () => ({ status: 201, body: { client_id: clientId } }),
    backchannel: () => ({ body: { auth_req_id: "an-auth-req-id", expires_in: 120 } }),
    device: () => ({
      body: { device_code: "d", user_code: "u", verification_uri: "https://d.example", expires_in: 120 },
    }),
    resource: () => ({ body: { resource: `${url}/api`, authorization_servers: [url] } }),
    api: () => ({ body: { answer: 42 } }),
  });
  const configuration = ({ auth, cache, system, telemetry }: Over, secret: object): Configuration => ({
    ...(cache ? { cache } : {}),
    ...(telemetry ? { telemetry } : {}),
    auth: { clientId, oidcAuthority: url, ...secret, ...auth },
    system: { clock, proxy: false, ...system },
  });

  const provider: FakeProvider = {
    url,
    clock,
    requests,
    answers: goodAnswers(),
    metadata: (over) => ({
      issuer: url,
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: `${url}/token`,
      jwks_uri: `${url}/keys`,
      token_endpoint_auth_methods_supported: ["client_secret_post", "none"],
      id_token_signing_alg_values_supported: ["RS256"],
      ...over,
    }),
    tokens: (over, idToken) => ({
      access_token: "an-access-token",
      refresh_token: "a-refresh-token",
      id_token: provider.idToken(idToken),
      token_type: "Bearer",
      expires_in: 3600,
      ...over,
    }),
    idToken: ({ claims, header, key = keys.one.privateKey } = {}) => {
      const now = Math.floor(clock.now() / 1000);
      const all = { iss: url, sub: "user-1", aud: clientId, iat: now, exp: now + 3600, nonce, ...claims };
      return sign(all, { alg: "RS256", kid: "one", ...header }, key);
    },
    confidential: (over = {}) => new ConfidentialClientApplication(configuration(over, { clientSecret })),
    publicClient: (over = {}) => new PublicClientApplication(configuration(over, {})),
    count: (endpoint) =>
      requests.filter((request) => paths[request.path.slice(path.length) as keyof typeof paths] === endpoint)
        .length,
    reset: () => {
      requests.length = 0;
      provider.answers = goodAnswers();
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return provider;
}

/** Signs with whatever the key is made for: the header may lie about it, except about the padding of PS256. */
export function sign(
  claims: object,
  header: Readonly<Record<string, unknown>>,
  key: KeyObject | Uint8Array = keys.one.privateKey,
): string {
  const input = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature =
    key instanceof Uint8Array
      ? createHmac("sha256", key).update(input).digest()
      : createSignature("sha256", Buffer.from(input), {
          key,
          dsaEncoding: "ieee-p1363",
          ...(header["alg"] === "PS256" ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {}),
        });
  return `${input}.${signature.toString("base64url")}`;
}
