import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ClientMetadata, Configuration, KoaContextWithOIDC, Provider } from "oidc-provider";
import { rsaKeyPair } from "./rsa-keys.mjs";

/** A registration: what the application's configuration says of it. */
export interface ProviderClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** A request as it came in; secrets are kept. */
export interface ProviderRequest {
  readonly method: string;
  /** Without the query, below the issuer's path. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Fields of a form. */
  readonly form: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly status: number;
}

/** `oidc-provider`, the certified OpenID Provider, on localhost. */
export interface OpenIdProvider {
  /** The issuer. */
  readonly url: string;
  readonly clients: {
    /** No secret, PKCE. */
    readonly publicClient: Pick<ProviderClient, "clientId">;
    /** `client_secret_basic`. */
    readonly basic: ProviderClient;
    /** `client_secret_post`. */
    readonly post: ProviderClient;
    /** ID tokens signed with HS256 and the secret. */
    readonly hs256: ProviderClient;
    /** Client credentials only; may ask for the scopes `reports:read` and `reports:write`. */
    readonly daemon: ProviderClient;
  };
  /** Where every client but the daemon may be sent back to. */
  readonly redirectUri: string;
  readonly requests: readonly ProviderRequest[];
  clearRequests(): void;
  /** Requests to the token endpoint so far. */
  tokenRequests(): readonly ProviderRequest[];
  close(): Promise<void>;
}

export interface OpenIdProviderOptions {
  /** Path of the issuer, such as `/realms/Main`. */
  readonly path?: string;
  /** Lists and accepts HTTP Basic only; then {@link OpenIdProvider.clients}`.post` proves itself with it, too. */
  readonly basicOnly?: boolean;
  /** Changes the configuration: further clients and features. */
  readonly configure?: (own: Configuration) => Configuration;
  /** Seconds between two polls for a device code. The provider itself says nothing, which means five. */
  readonly pollSeconds?: number;
  /** Prepares the provider before it serves: grants of its own. */
  readonly prepare?: (provider: Provider) => void;
}

/** Seconds that access tokens live. */
export const ACCESS_TOKEN_LIFETIME = 600;

/** Its clock is the machine's: only that of the application can be moved. Any account name and password will do. */
export async function startOpenIdProvider(options: OpenIdProviderOptions = {}): Promise<OpenIdProvider> {
  const { path = "", basicOnly = false, configure = (own) => own, pollSeconds, prepare } = options;
  const server = createServer();
  server.listen(0, "localhost");
  await once(server, "listening");
  const url = `http://localhost:${(server.address() as AddressInfo).port}${path}`;
  const redirectUri = "http://localhost/signed-in";
  const secret = (clientId: string): ProviderClient => ({
    clientId,
    clientSecret: `${randomUUID()}:+/ ${randomUUID()}`,
  });
  const clients = {
    publicClient: { clientId: "desktop" },
    basic: secret("web app: basic"),
    post: secret("web-post"),
    hs256: secret("web-hs256"),
    daemon: secret("daemon"),
  };
  const web = (
    { clientId, clientSecret }: ProviderClient,
    over: Partial<ClientMetadata>,
  ): ClientMetadata => ({
    client_id: clientId,
    client_secret: clientSecret,
    application_type: "native",
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: [redirectUri],
    ...over,
  });
  const basic = "client_secret_basic";
  const configuration: Configuration = {
    jwks: { keys: [signingKey()] },
    cookies: { keys: [randomUUID()] },
    clients: [
      {
        client_id: clients.publicClient.clientId,
        application_type: "native",
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        redirect_uris: [redirectUri, "http://localhost", "http://127.0.0.1/back"],
        post_logout_redirect_uris: ["http://localhost/signed-out"],
      },
      web(clients.basic, { token_endpoint_auth_method: basic }),
      web(clients.post, { token_endpoint_auth_method: basicOnly ? basic : "client_secret_post" }),
      web(clients.hs256, { token_endpoint_auth_method: basic, id_token_signed_response_alg: "HS256" }),
      {
        client_id: clients.daemon.clientId,
        client_secret: clients.daemon.clientSecret,
        token_endpoint_auth_method: basicOnly ? basic : "client_secret_post",
        grant_types: ["client_credentials"],
        response_types: [],
        redirect_uris: [],
        scope: "reports:read reports:write",
      },
    ],
    scopes: ["openid", "profile", "offline_access", "reports:read", "reports:write", "reports:erase"],
    claims: { profile: ["name", "preferred_username"] },
    // The profile may stand in the ID token, too.
    conformIdTokenClaims: false,
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "HS256"] },
    features: { clientCredentials: { enabled: true }, deviceFlow: { enabled: true } },
    clientAuthMethods: basicOnly ? ["none", basic] : ["none", basic, "client_secret_post"],
    rotateRefreshToken: true,
    ttl: {
      AccessToken: ACCESS_TOKEN_LIFETIME,
      ClientCredentials: ACCESS_TOKEN_LIFETIME,
      IdToken: 3600,
      RefreshToken: 86_400,
      Grant: 86_400,
      Session: 86_400,
      Interaction: 600,
    },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: `User ${sub}`, preferred_username: sub }),
    }),
  };

  keepQuiet();
  keepPlain();
  const { Provider } = await import("oidc-provider");
  const provider = new Provider(url, configure(configuration));
  prepare?.(provider);
  const requests: ProviderRequest[] = [];
  provider.use(async (context: KoaContextWithOIDC, next) => {
    await next();
    const { method, path: at, headers, status } = context;
    if (pollSeconds !== undefined && at === "/device/auth" && status === 200)
      context.body = { ...(context.body as object), interval: pollSeconds };
    const query = Object.fromEntries(context.URL.searchParams);
    const form = (context.oidc?.body ?? {}) as ProviderRequest["form"];
    requests.push({ method, path: at, query, form: { ...form }, headers, status });
  });
  const handle = provider.callback();
  server.on("request", (request, response) => {
    // What Express does for `app.use(path, …)`.
    Object.assign(request, { originalUrl: request.url });
    if (!request.url?.startsWith(`${path}/`)) return void response.writeHead(404).end();
    request.url = request.url.slice(path.length);
    void handle(request, response);
  });
  return {
    url,
    clients,
    redirectUri,
    requests,
    clearRequests: () => void (requests.length = 0),
    tokenRequests: () => requests.filter((request) => request.path === "/token"),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function signingKey(): { readonly kid: string } {
  const { privateKey } = rsaKeyPair("one");
  return { ...privateKey.export({ format: "jwk" }), kid: "one", alg: "RS256", use: "sig" } as { kid: string };
}

/** Jest has a realm of its own, and the provider wants the key sets that it copies to be plain objects of that realm. */
function keepPlain(): void {
  globalThis.structuredClone = <T>(value: T): T =>
    value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

/** The provider tells whoever starts it what to change before it serves real users. */
function keepQuiet(): void {
  for (const level of ["info", "warn"] as const) {
    const write = console[level];
    console[level] = (...words: unknown[]) => {
      if (!String(words[0]).includes("oidc-provider ")) write(...words);
    };
  }
}
