import {
  ConfidentialClientApplication,
  CryptoProvider,
  PublicClientApplication,
  type AuthenticationResult,
  type ClientApplication,
  type Clock,
  type NodeAuthOptions,
} from "@tessera/node";
import type { OpenIdProvider } from "./oidc-provider.js";
import { signIn } from "./sign-in.js";

/** Scopes that every user of {@link OpenIdProvider} can consent to. */
export const scopes = ["openid", "profile", "reports:read"];

export type ClientName = Exclude<keyof OpenIdProvider["clients"], "daemon">;

/** An application for one of the provider's clients that users sign in to. */
export function applicationAt(
  provider: OpenIdProvider,
  clock: Clock,
  name: ClientName,
  over: Partial<NodeAuthOptions> = {},
): ClientApplication {
  const auth = { oidcAuthority: provider.url, ...provider.clients[name], ...over };
  const configuration = { auth, system: { clock } };
  return name === "publicClient"
    ? new PublicClientApplication(configuration)
    : new ConfidentialClientApplication(configuration);
}

/** An application for the provider's client without users. */
export function daemonAt(
  provider: OpenIdProvider,
  clock: Clock,
  over: Partial<NodeAuthOptions> = {},
): ConfidentialClientApplication {
  const auth = { oidcAuthority: provider.url, ...provider.clients.daemon, ...over };
  return new ConfidentialClientApplication({ auth, system: { clock } });
}

/** A user's visit: what comes to the redirect URI, and the request to redeem it with. */
export async function visit(
  { redirectUri }: OpenIdProvider,
  app: ClientApplication,
  consent: "accept" | "cancel" = "accept",
) {
  const crypto = new CryptoProvider();
  const { verifier: codeVerifier, challenge: codeChallenge } = await crypto.generatePkceCodes();
  const [state, nonce] = [crypto.createNewGuid(), crypto.createNewGuid()];
  // Standard providers give a refresh token only to whom the user consents to give one (OpenID Connect Core §11).
  const asked = {
    scopes,
    redirectUri,
    state,
    nonce,
    prompt: "consent",
    codeChallenge,
    codeChallengeMethod: "S256",
  };
  const url = await app.getAuthCodeUrl(asked);
  const callback = await signIn(url, { username: "olga@example.org", password: "any", consent });
  const response = { code: "", ...Object.fromEntries(callback.searchParams) };
  return { request: { scopes, redirectUri, state, nonce, codeVerifier, code: response.code }, response };
}

/** Signs a user in: authorization code, PKCE, state and nonce. */
export async function signInAt(
  provider: OpenIdProvider,
  app: ClientApplication,
): Promise<AuthenticationResult> {
  const { request, response } = await visit(provider, app);
  return app.acquireTokenByCode(request, response);
}
