import { CryptoProvider, type AuthenticationResult, type ClientApplication } from "@tessera/node";
import type { Entra } from "./entra.js";
import { signIn } from "./sign-in.js";

const redirectUri = "http://localhost:3000/redirect";

/** Signs a user of the local authority in with an application: authorization code, PKCE, state and nonce. */
export async function signInWithCode(
  entra: Entra,
  app: ClientApplication,
  scopes: string[],
  username = "alice@contoso.example",
): Promise<AuthenticationResult> {
  const crypto = new CryptoProvider();
  const { verifier, challenge } = await crypto.generatePkceCodes();
  const state = crypto.createNewGuid();
  const nonce = crypto.createNewGuid();
  const pkce = { codeChallenge: challenge, codeChallengeMethod: "S256" };
  const url = await app.getAuthCodeUrl({ scopes, redirectUri, state, nonce, ...pkce });
  const user = entra.authority.config.tenants
    .flatMap(({ users }) => users)
    .find((one) => one.username === username);
  if (!user) throw new Error(`the local authority has no user ${username}`);
  const callback = await signIn(url, { username, password: user.password, ca: entra.authority.caPem });
  const response = Object.fromEntries(callback.searchParams);
  const code = response["code"] ?? "";
  return app.acquireTokenByCode(
    { scopes, redirectUri, code, codeVerifier: verifier, state, nonce },
    { ...response, code },
  );
}
