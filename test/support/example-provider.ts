import { ConfidentialClientApplication, type Clock, type INetworkModule } from "@tessera/node";
import { sign } from "./fake-provider.js";
import { rsaKeyPair } from "./rsa-keys.mjs";

/** An OpenID Provider without a server: what examples of the endpoints around the tokens talk to. */
export interface ExampleProvider {
  readonly app: ConfidentialClientApplication;
  /** What the provider posts to the app when a user signs out there. */
  readonly logoutToken: string;
}

const issuer = "https://provider.example";
const clientId = "the-orders-app";
const key = rsaKeyPair("example");

export function exampleProvider(clock: Clock): ExampleProvider {
  const answers: Readonly<Record<string, unknown>> = {
    "/token": { access_token: "a-token", token_type: "Bearer", expires_in: 3600 },
    "/introspect": { active: true, scope: "orders", sub: "alice" },
    "/revoke": {},
    "/keys": { keys: [{ ...key.publicKey.export({ format: "jwk" }), kid: "one", use: "sig" }] },
  };
  const answer = async (url: string) => ({
    status: 200,
    headers: { "content-type": "application/json" },
    body: answers[new URL(url).pathname] as never,
  });
  const networkClient: INetworkModule = {
    sendGetRequestAsync: answer,
    sendPostRequestAsync: async (url, options) => {
      const answered = await answer(url);
      const isBound = options?.headers?.["DPoP"] !== undefined && url.endsWith("/token");
      return isBound
        ? { ...answered, body: { ...(answered.body as object), token_type: "DPoP" } as never }
        : answered;
    },
  };
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    introspection_endpoint: `${issuer}/introspect`,
    revocation_endpoint: `${issuer}/revoke`,
  };
  const now = Math.floor(clock.now() / 1000);
  const event = { "http://schemas.openid.net/event/backchannel-logout": {} };
  const claims = {
    iss: issuer,
    aud: clientId,
    iat: now,
    exp: now + 120,
    jti: "1",
    sub: "alice",
    events: event,
  };
  return {
    app: new ConfidentialClientApplication({
      auth: {
        clientId,
        oidcAuthority: issuer,
        clientSecret: "a secret from the environment",
        authorityMetadata: JSON.stringify(metadata),
      },
      system: { networkClient, clock },
    }),
    logoutToken: sign(claims, { alg: "RS256", kid: "one", typ: "logout+jwt" }, key.privateKey),
  };
}
