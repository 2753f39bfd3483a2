import type { AuthCodeFlowRequest, NodeAuthOptions } from "@tessera/node";
import { clientId, clientSecret, jwk, keys, sign } from "./fake-provider.js";
import type { TestClock } from "./test-clock.js";

/** Fields of a form or of a query. */
export type Fields = Readonly<Record<string, string>>;

/** A provider as it is: what its document says, and where it leaves the standards. */
export interface Quirky {
  readonly name: string;
  readonly issuer: string;
  /** What the app says beside the issuer, the client id and the secret. */
  readonly auth?: Partial<NodeAuthOptions>;
  /** What a sign-in says beside its scopes. */
  readonly request?: Partial<AuthCodeFlowRequest>;
  /** The document, laid over one with its endpoints below the issuer; `undefined` takes a member away. */
  readonly document?: Readonly<Record<string, unknown>>;
  /** Where the document is published, if not below the issuer; nowhere if undefined. */
  readonly documentAt?: string | undefined;
  /** What the user info endpoint answers. */
  readonly user?: object;
  /** The scopes that this client may ask for; any other is `invalid_scope`. Default: anything. */
  readonly scopes?: readonly string[];
  /** How the client must prove itself; anything else is refused. */
  readonly method: "client_secret_basic" | "client_secret_post";
  /** Laid over a token response, which has everything that a request asked for. */
  readonly tokens?: (form: Fields) => Readonly<Record<string, unknown>>;
  /** Laid over the claims of an ID token. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly idToken?: "RS256" | "HS256" | "none";
  /** The key set, when it is not one RSA key for signatures. */
  readonly keys?: unknown;
  /** Parameters that a token request must not have. */
  readonly refuses?: readonly string[];
  /** Parameters that each token request must have, with these values. */
  readonly needs?: Fields;
  /** Parameters that the user's browser must bring. */
  readonly needsInBrowser?: Fields;
  /** Whether an app may have tokens of its own; with these scopes. */
  readonly daemon?: { readonly scopes: readonly string[] };
  /** Whether a refresh token can be had. Default: yes. */
  readonly renews?: false;
  /** The scopes that a sign-in of this app asks for, beside those that are added. Default: none. */
  readonly api?: readonly string[];
  /** Sent with the code. */
  readonly response?: Fields;
}

/** What a provider received, oldest first. */
export interface ReceivedForm {
  readonly form: Fields;
  readonly headers: Fields;
}

interface Answer<T> {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: T;
}

/** A scripted provider on a network of its own, at its real addresses. */
export interface QuirkyProvider {
  readonly networkClient: {
    sendGetRequestAsync<T>(url: string): Promise<Answer<T>>;
    sendPostRequestAsync<T>(
      url: string,
      options?: { readonly body?: string; readonly headers?: Record<string, string> },
    ): Promise<Answer<T>>;
  };
  /** Token requests. */
  readonly received: readonly ReceivedForm[];
  /** What the user's browser brings back. */
  authorize(url: string): URLSearchParams;
}

export function quirkyProvider(quirky: Quirky, clock: TestClock): QuirkyProvider {
  const base = quirky.issuer.replace(/\/$/, "");
  const document: Record<string, unknown> = {
    issuer: quirky.issuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    jwks_uri: `${base}/keys`,
    scopes_supported: ["openid", "profile", "email", "offline_access"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    id_token_signing_alg_values_supported: ["RS256"],
    ...quirky.document,
  };
  const published = quirky.keys ?? { keys: [jwk(keys.one, { kid: "one", alg: "RS256" })] };
  const received: ReceivedForm[] = [];
  let nonce: string | undefined;
  let challenge: string | undefined;
  let refreshToken = "";
  let issued = 0;

  const idToken = (): string | undefined => {
    if (quirky.idToken === "none") return undefined;
    const now = Math.floor(clock.now() / 1000);
    const isHs256 = quirky.idToken === "HS256";
    const claims = { sub: "user-1", aud: clientId, iat: now, exp: now + 3600, nonce };
    const header = isHs256 ? { alg: "HS256" } : { alg: "RS256", kid: "one" };
    const key = isHs256 ? new TextEncoder().encode(clientSecret) : keys.one.privateKey;
    return sign({ iss: quirky.issuer, ...claims, ...quirky.claims }, header, key);
  };

  const refusal = (form: Fields, headers: Fields): object | undefined => {
    const basic = headers["authorization"]?.startsWith("Basic ");
    const isPosted = form["client_secret"] !== undefined;
    const right = quirky.method === "client_secret_basic" ? basic && !isPosted : !basic && isPosted;
    if (basic && form["client_id"] !== undefined)
      return { error: "invalid_client", error_description: "multiple client credentials" };
    if (!right) return { error: "invalid_client" };
    const asked = form["scope"]?.split(" ") ?? [];
    if (quirky.scopes && !asked.every((scope) => quirky.scopes?.includes(scope)))
      return { error: "invalid_scope", error_description: asked.join(" ") };
    if (quirky.refuses?.some((name) => name in form)) return { error: "invalid_request" };
    if (lacks(form, quirky.needs)) return { error: "invalid_request" };
    const { grant_type: grant } = form;
    if (grant === "authorization_code" && challenge && !form["code_verifier"])
      return { error: "invalid_grant", error_description: "code_verifier is missing" };
    if (grant === "refresh_token" && form["refresh_token"] !== refreshToken)
      return { error: "invalid_grant" };
    return undefined;
  };

  const token = (form: Fields, headers: Fields): Answer<object> => {
    received.push({ form, headers });
    const refused = refusal(form, headers);
    if (refused) return json(400, refused);
    const isUser = form["grant_type"] !== "client_credentials";
    const over = quirky.tokens?.(form) ?? {};
    issued += 1;
    // Without a new one the last one stays good.
    const isRotated = !("refresh_token" in over) && quirky.renews !== false;
    if (isUser && isRotated) refreshToken = `a-refresh-token-${issued}`;
    return json(200, {
      access_token: `an-access-token-${issued}`,
      token_type: "Bearer",
      expires_in: 3600,
      ...(isUser ? { id_token: idToken() } : {}),
      ...(isUser && quirky.renews !== false ? { refresh_token: refreshToken } : {}),
      ...over,
    });
  };

  const send = <T>(method: string, url: string, form: Fields, headers: Fields): Answer<T> => {
    const at = url.split("?", 1)[0];
    const documentAt =
      "documentAt" in quirky ? quirky.documentAt : `${base}/.well-known/openid-configuration`;
    const gets: Readonly<Record<string, unknown>> = {
      [String(documentAt)]: document,
      [String(document["jwks_uri"])]: published,
      [String(document["userinfo_endpoint"])]: quirky.user,
    };
    const got = method === "GET" ? gets[at ?? ""] : undefined;
    if (got !== undefined) return json(200, got) as Answer<T>;
    if (method === "POST" && at === document["token_endpoint"]) return token(form, headers) as Answer<T>;
    return json(404, { message: "nothing here" }) as Answer<T>;
  };

  return {
    received,
    networkClient: {
      sendGetRequestAsync: async (url) => send("GET", url, {}, {}),
      sendPostRequestAsync: async (url, { body = "", headers = {} } = {}) =>
        send("POST", url, Object.fromEntries(new URLSearchParams(body)), lowerCase(headers)),
    },
    authorize: (url) => {
      const { origin, pathname, searchParams } = new URL(url);
      if (`${origin}${pathname}` !== String(document["authorization_endpoint"]).split("?", 1)[0])
        throw new Error(`The user is sent to ${origin}${pathname}`);
      const scopes = searchParams.get("scope")?.split(" ") ?? [];
      const refused = quirky.scopes && scopes.filter((scope) => !quirky.scopes?.includes(scope));
      if (refused?.length) throw new Error(`invalid_scope: ${refused.join(" ")}`);
      if (lacks(Object.fromEntries(searchParams), quirky.needsInBrowser)) throw new Error(`lacks: ${url}`);
      nonce = searchParams.get("nonce") ?? undefined;
      challenge = searchParams.get("code_challenge") ?? undefined;
      const state = searchParams.get("state") ?? "";
      return new URLSearchParams({ code: "the-code", state, ...quirky.response });
    },
  };
}

function lacks(sent: Fields, needed: Fields = {}): boolean {
  return Object.entries(needed).some(([name, value]) => sent[name] !== value);
}

function json(status: number, body: unknown): Answer<object> {
  // A copy: what the library does to a body must not come back.
  const copy = JSON.parse(JSON.stringify(body)) as object;
  return { status, headers: { "content-type": "application/json" }, body: copy };
}

function lowerCase(headers: Fields): Fields {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
