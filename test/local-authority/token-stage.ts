import { afterAll, beforeAll } from "@jest/globals";
import {
  startLocalAuthority,
  type App,
  type LocalAuthority,
  type Tenant,
  type User,
} from "@tessera/local-authority";
import { createHash } from "node:crypto";
import { signIn } from "../support/sign-in.js";
import { post } from "./requests.js";

export const redirectUri = "http://localhost:3000/auth/callback";
export const verifier = "correct-horse-battery-staple-correct-horse-battery";
const challenge = createHash("sha256").update(verifier).digest("base64url");
export const scope = "openid profile offline_access User.Read";

/** The authority of the test file, and what it knows. */
export let authority: LocalAuthority;
export let tenant: Tenant;
export let web: App;
export let desktop: App;
export let alice: User;
export let tokenPath: string;

beforeAll(async () => {
  authority = await startLocalAuthority({
    resources: ["https://vault.example"],
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          { clientId: "strict", redirectUris: ["http://localhost/*"], refreshTokenRotation: "strict" },
          { clientId: "family-one", redirectUris: ["http://localhost/*"], familyId: "1" },
          { clientId: "family-two", redirectUris: ["http://localhost/*"], familyId: "1" },
          { clientId: "retired", clientSecret: "secret", disabled: true },
          { clientId: "api", identifierUri: "api://orders", scopes: ["Orders.Read"] },
        ],
      },
    ],
  });
  [tenant] = authority.config.tenants as [Tenant];
  [web, desktop] = tenant.apps as [App, App];
  [alice] = tenant.users as [User];
  tokenPath = `/${tenant.id}/oauth2/v2.0/token`;
});
afterAll(() => authority.close());

/** An app of the tenant. */
export function appNamed(clientId: string): App {
  const app = tenant.apps.find((candidate) => candidate.clientId === clientId);
  if (app === undefined) throw new Error(`no app ${clientId}`);
  return app;
}

/** Signs a user in, and returns the code. */
export async function getCode(
  app: App,
  parameters: Record<string, string> = {},
  user = alice,
): Promise<string> {
  const query = new URLSearchParams({
    client_id: app.clientId,
    response_type: "code",
    redirect_uri: redirectUri,
    scope,
    code_challenge: challenge,
    code_challenge_method: "S256",
    ...parameters,
  });
  const url = `${authority.authorityUrl()}/oauth2/v2.0/authorize?${query.toString()}`;
  const answer = await signIn(url, { ...user, ca: authority.caPem });
  return answer.searchParams.get("code") ?? "";
}

/** Redeems a code. */
export function redeem(app: App, code: string, fields: Record<string, string | undefined> = {}) {
  return post(authority, tokenPath, {
    grant_type: "authorization_code",
    client_id: app.clientId,
    client_secret: app.clientSecret,
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    scope,
    ...fields,
  });
}

/** Redeems a refresh token. */
export function refresh(
  app: App,
  refreshToken: unknown,
  fields: Record<string, string | undefined> = {},
  path = tokenPath,
) {
  return post(authority, path, {
    grant_type: "refresh_token",
    client_id: app.clientId,
    client_secret: app.clientSecret,
    refresh_token: String(refreshToken),
    scope,
    ...fields,
  });
}
