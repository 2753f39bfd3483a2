import { createHash } from "node:crypto";
import {
  ConfidentialClientApplication,
  PublicClientApplication,
  type AuthenticationResult,
  type AuthCodeFlowRequest,
  type ClientApplication,
  type INetworkModule,
  type NodeAuthOptions,
} from "@tessera/node";
import { SignJWT } from "jose";
import { jwk, keys } from "./fake-provider.js";
import { createTestClock, type TestClock } from "./test-clock.js";

/** How a provider of the wild deviates from the standards. */
export interface Quirks {
  /** Without it, there is no discovery document. */
  readonly document?: Readonly<Record<string, unknown>>;
  /** Where the endpoints are, if no document says. */
  readonly endpoints?: { readonly token: string; readonly device?: string };
  /** The scopes that the client may ask for; others end the sign-in. */
  readonly scopes?: readonly string[];
  /** How the client is registered. */
  readonly method?: "client_secret_basic" | "client_secret_post" | "none";
  /** Refuses a code verifier, and gives ID tokens without nonce. */
  readonly isOld?: boolean;
  /** Makes the answer of the token endpoint from a good one. */
  readonly answer?: (good: Readonly<Record<string, unknown>>, form: URLSearchParams) => unknown;
  /** The answer of the token endpoint to anything. */
  readonly refusal?: {
    readonly status: number;
    readonly body: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  };
  readonly idTokens?: boolean;
  readonly answersForms?: boolean;
  /** What the user info endpoint says, if there is one. */
  readonly user?: { readonly url: string; readonly body: unknown };
}

export interface WildRequest {
  readonly url: string;
  readonly form: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
}

/** A provider in this process, at the hosts that it really has. */
export interface WildProvider {
  readonly clock: TestClock;
  readonly networkClient: INetworkModule;
  readonly requests: WildRequest[];
  confidential(auth?: Partial<NodeAuthOptions>): ConfidentialClientApplication;
  publicClient(auth?: Partial<NodeAuthOptions>): PublicClientApplication;
  /** Signs a user in: what the authorization endpoint refuses ends in an error response. */
  signIn(app: ClientApplication, request: Partial<AuthCodeFlowRequest>): Promise<AuthenticationResult>;
  /** Query of the last authorization request. */
  asked(): Readonly<Record<string, string>>;
  tokenRequests(): readonly WildRequest[];
}

const clientId = "the-client";
const clientSecret = "the-secret-of-the-client-0123456789";
const redirectUri = "https://app.example/signed-in";

export function wildProvider(quirks: Quirks): WildProvider {
  const { document, method = "client_secret_post", idTokens = true } = quirks;
  const clock = createTestClock();
  const requests: WildRequest[] = [];
  let asked: Readonly<Record<string, string>> = {};
  const at = (member: string): string => String(document?.[member]);
  const tokenEndpoint = quirks.endpoints?.token ?? at("token_endpoint");
  const deviceEndpoint = quirks.endpoints?.device ?? at("device_authorization_endpoint");
  const isUnknown = (scope: string | null): boolean =>
    (scope ?? "").split(" ").some((name) => name !== "" && quirks.scopes?.includes(name) === false);

  const refusalOf = (form: URLSearchParams, authorization: string | undefined): object | undefined => {
    const used = authorization
      ? "client_secret_basic"
      : form.get("client_secret")
        ? "client_secret_post"
        : "none";
    if (used !== method) return { error: "invalid_client" };
    if (used === "client_secret_basic" && form.has("client_id"))
      return { error: "invalid_client", error_description: "multiple client credentials" };
    if (quirks.isOld && form.has("code_verifier")) return { error: "invalid_client" };
    if (isUnknown(form.get("scope"))) return { error: "invalid_scope" };
    const [verifier, challenge] = [form.get("code_verifier"), asked["code_challenge"]];
    const isProven =
      createHash("sha256")
        .update(verifier ?? "")
        .digest("base64url") === challenge;
    if (form.get("grant_type") === "authorization_code" && !quirks.isOld && !isProven)
      return { error: "invalid_grant" };
    return undefined;
  };

  const tokens = async (form: URLSearchParams): Promise<unknown> => {
    const now = Math.floor(clock.now() / 1000);
    const nonce = quirks.isOld ? {} : { nonce: asked["nonce"] };
    const isApp = form.get("grant_type") === "client_credentials";
    const scope = form.get("scope") ?? asked["scope"];
    const good = {
      access_token: `access-${requests.length}`,
      token_type: "Bearer",
      expires_in: 3600,
      ...(scope === undefined || form.get("grant_type") === "refresh_token" ? {} : { scope }),
      ...(isApp || !idTokens
        ? {}
        : {
            id_token: await new SignJWT({ ...nonce, email: "ada@example.org" })
              .setProtectedHeader({ alg: "RS256", kid: "one" })
              .setIssuer(at("issuer"))
              .setSubject("user-1")
              .setAudience(clientId)
              .setIssuedAt(now)
              .setExpirationTime(now + 3600)
              .sign(keys.one.privateKey),
          }),
    };
    return quirks.answer ? quirks.answer(good, form) : good;
  };

  const answer = (status: number, body: unknown, headers = {}) => ({ status, headers, body }) as never;
  const networkClient: INetworkModule = {
    sendGetRequestAsync: async (url) => {
      if (document && url.endsWith("/.well-known/openid-configuration")) return answer(200, document);
      if (document && url === at("jwks_uri"))
        return answer(200, { keys: [jwk(keys.one, { kid: "one", alg: "RS256" })] });
      if (url === quirks.user?.url) return answer(200, quirks.user.body);
      return answer(404, "nothing here");
    },
    sendPostRequestAsync: async (url, options) => {
      const form = new URLSearchParams(options?.body);
      const authorization = options?.headers?.["authorization"];
      requests.push({ url, form: Object.fromEntries(form), authorization });
      if (url === deviceEndpoint) {
        asked = Object.fromEntries(form);
        if (isUnknown(form.get("scope"))) return answer(400, { error: "invalid_scope" });
        const device = { device_code: "a-device-code", user_code: "ABCD", expires_in: "900", interval: 1 };
        return answer(200, { ...device, verification_url: "https://app.example/device" });
      }
      if (url !== tokenEndpoint) return answer(404, "nothing here");
      if (quirks.refusal) return answer(quirks.refusal.status, quirks.refusal.body, quirks.refusal.headers);
      const refused = refusalOf(form, authorization);
      const headers = quirks.answersForms ? { "content-type": "application/x-www-form-urlencoded" } : {};
      return refused ? answer(400, refused) : answer(200, await tokens(form), headers);
    },
  };

  const system = { networkClient, clock };
  const auth = document ? { oidcAuthority: String(document["issuer"]) } : {};
  return {
    clock,
    networkClient,
    requests,
    confidential: (over) =>
      new ConfidentialClientApplication({ auth: { clientId, clientSecret, ...auth, ...over }, system }),
    publicClient: (over) => new PublicClientApplication({ auth: { clientId, ...auth, ...over }, system }),
    signIn: async (app, request) => {
      const flow = await app.initiateAuthCodeFlow({ scopes: [], redirectUri, ...request });
      asked = Object.fromEntries(new URL(flow.authUrl).searchParams);
      const { state = "", scope = "" } = asked;
      const response = isUnknown(scope) ? { error: "invalid_scope", state } : { code: "a-code", state };
      return app.acquireTokenByAuthCodeFlow(flow, response);
    },
    asked: () => asked,
    tokenRequests: () => requests.filter(({ url }) => url === tokenEndpoint),
  };
}

/** The documents of providers as they publish them, shortened. */
export const documents = {
  google: {
    issuer: "https://accounts.google.com",
    authorization_endpoint: "https://accounts.google.com/o/oauth2/v2/auth",
    device_authorization_endpoint: "https://oauth2.googleapis.com/device/code",
    token_endpoint: "https://oauth2.googleapis.com/token",
    userinfo_endpoint: "https://openidconnect.googleapis.com/v1/userinfo",
    revocation_endpoint: "https://oauth2.googleapis.com/revoke",
    jwks_uri: "https://www.googleapis.com/oauth2/v3/certs",
    response_types_supported: ["code", "token", "id_token", "code token", "code id_token", "none"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: ["openid", "email", "profile"],
    token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic"],
    code_challenge_methods_supported: ["plain", "S256"],
  },
  okta: {
    issuer: "https://contoso.okta.com/oauth2/default",
    authorization_endpoint: "https://contoso.okta.com/oauth2/default/v1/authorize",
    device_authorization_endpoint: "https://contoso.okta.com/oauth2/default/v1/device/authorize",
    token_endpoint: "https://contoso.okta.com/oauth2/default/v1/token",
    jwks_uri: "https://contoso.okta.com/oauth2/default/v1/keys",
    response_types_supported: ["code", "id_token", "code id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: ["openid", "profile", "email", "address", "phone", "offline_access"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
  },
  auth0: {
    issuer: "https://contoso.eu.auth0.com/",
    authorization_endpoint: "https://contoso.eu.auth0.com/authorize",
    device_authorization_endpoint: "https://contoso.eu.auth0.com/oauth/device/code",
    token_endpoint: "https://contoso.eu.auth0.com/oauth/token",
    jwks_uri: "https://contoso.eu.auth0.com/.well-known/jwks.json",
    end_session_endpoint: "https://contoso.eu.auth0.com/oidc/logout",
    response_types_supported: ["code", "token", "id_token", "code id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["HS256", "RS256", "PS256"],
    scopes_supported: ["openid", "profile", "offline_access", "email"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
  },
  cognito: {
    issuer: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc123",
    authorization_endpoint: "https://contoso.auth.eu-west-1.amazoncognito.com/oauth2/authorize",
    token_endpoint: "https://contoso.auth.eu-west-1.amazoncognito.com/oauth2/token",
    jwks_uri: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc123/.well-known/jwks.json",
    response_types_supported: ["code", "token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: ["openid", "email", "phone", "profile"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
  },
  /** Lists no scopes. */
  discord: {
    issuer: "https://discord.com",
    authorization_endpoint: "https://discord.com/oauth2/authorize",
    token_endpoint: "https://discord.com/api/oauth2/token",
    jwks_uri: "https://discord.com/api/oauth2/keys",
    response_types_supported: ["code", "token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
  },
  linkedin: {
    issuer: "https://www.linkedin.com/oauth",
    authorization_endpoint: "https://www.linkedin.com/oauth/v2/authorization",
    token_endpoint: "https://www.linkedin.com/oauth/v2/accessToken",
    jwks_uri: "https://www.linkedin.com/oauth/openid/jwks",
    response_types_supported: ["code"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: ["openid", "profile", "email"],
  },
  twitch: {
    issuer: "https://id.twitch.tv/oauth2",
    authorization_endpoint: "https://id.twitch.tv/oauth2/authorize",
    token_endpoint: "https://id.twitch.tv/oauth2/token",
    jwks_uri: "https://id.twitch.tv/oauth2/keys",
    response_types_supported: ["id_token", "code", "token", "code id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: ["openid"],
    token_endpoint_auth_methods_supported: ["client_secret_post"],
  },
} as const;
