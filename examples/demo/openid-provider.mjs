// @ts-check
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { once } from "node:events";

const HOUR = 3600;

/** What the provider's paths are for, as far as a client library asks for them. */
const PURPOSES = { "/.well-known/openid-configuration": "discovery", "/token": "token", "/jwks": "keys" };

/**
 * `oidc-provider` from npm, certified by the OpenID Foundation, on a free port of this machine. It has never heard of
 * Microsoft: no tenants, no `client_info`, opaque access tokens, scopes of its own.
 *
 * @returns {Promise<import("./demo.mjs").Provider>}
 */
export async function startOpenIdProvider() {
  keepQuiet();
  const { Provider } = await import("oidc-provider");

  const server = createServer().listen(0, "localhost");
  await once(server, "listening");
  const address = server.address();
  const url = `http://localhost:${typeof address === "object" ? address?.port : ""}`;
  const daemon = { clientId: "demo-daemon", clientSecret: randomUUID() };
  const desktop = { clientId: "demo-desktop" };
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

  const provider = new Provider(url, {
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "demo", alg: "RS256", use: "sig" }] },
    cookies: { keys: [randomUUID()] },
    clients: [
      {
        client_id: daemon.clientId,
        client_secret: daemon.clientSecret,
        grant_types: ["client_credentials"],
        response_types: [],
        redirect_uris: [],
        scope: "reports:read reports:write",
      },
      {
        client_id: desktop.clientId,
        application_type: "native",
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code", "refresh_token"],
        redirect_uris: ["http://localhost/signed-in"],
      },
    ],
    scopes: ["openid", "profile", "offline_access", "reports:read", "reports:write"],
    claims: { profile: ["name", "preferred_username"] },
    // Standard providers put the profile behind the userinfo endpoint; this one may put it into the ID token, too.
    conformIdTokenClaims: false,
    features: { clientCredentials: { enabled: true } },
    pkce: { required: () => true },
    // Only the application's clock passes the hour: this provider always tells the machine's.
    ttl: {
      AccessToken: HOUR,
      ClientCredentials: HOUR,
      IdToken: 24 * HOUR,
      RefreshToken: 24 * HOUR,
      Grant: 24 * HOUR,
      Session: 24 * HOUR,
      Interaction: HOUR,
    },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: "Olga Oidc", preferred_username: sub }),
    }),
  });

  /** @type {string[]} */
  const requests = [];
  server.on("request", (request) => {
    const purpose = Object.entries(PURPOSES).find(([path]) => request.url?.split("?")[0] === path)?.[1];
    if (purpose) requests.push(purpose);
  });
  server.on("request", provider.callback());

  return {
    name: "oidc-provider, a certified OpenID Provider",
    url,
    daemon: {
      auth: { ...daemon, oidcAuthority: url },
      scopes: ["reports:read"],
      otherScopes: ["reports:write"],
    },
    // Standard providers give a refresh token only to whoever asks the user for it (OpenID Connect Core §11).
    desktop: { auth: { ...desktop, oidcAuthority: url }, scopes: ["openid", "profile"], prompt: "consent" },
    user: { username: "olga@example.org", password: "any password will do" },
    requests,
    advanceClock: () => undefined,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The provider tells whoever starts it what to change before it serves real users. In a demo it may stay as it is. */
function keepQuiet() {
  for (const level of /** @type {const} */ (["info", "warn"])) {
    const write = console[level];
    console[level] = (/** @type {unknown[]} */ ...words) => {
      if (!String(words[0]).includes("oidc-provider ")) write(...words);
    };
  }
}
