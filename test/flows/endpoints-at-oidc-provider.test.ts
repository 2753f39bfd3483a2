// The endpoints around the tokens at `oidc-provider`, a certified OpenID Provider: user info, introspection, revocation,
// each in plain JSON, signed and encrypted.
// proves: core/src/endpoints/user-info.ts, core/src/endpoints/introspection.ts, core/src/endpoints/revocation.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  ConfidentialClientApplication,
  type ClientApplication,
  type ClientMetadata,
  type NodeAuthOptions,
} from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { decryptionKeys, startEndpointsProvider } from "../support/endpoints-provider.js";
import { applicationAt, scopes, signInAt } from "../support/oidc-applications.js";
import type { OpenIdProvider } from "../support/oidc-provider.js";
import { createTestClock } from "../support/test-clock.js";

const signed: ClientMetadata = {
  userinfo_signed_response_alg: "RS256",
  introspection_signed_response_alg: "RS256",
};
const encrypted: ClientMetadata = {
  ...signed,
  id_token_encrypted_response_alg: "RSA-OAEP-256",
  id_token_encrypted_response_enc: "A128CBC-HS256",
  userinfo_encrypted_response_alg: "RSA-OAEP-256",
  userinfo_encrypted_response_enc: "A256GCM",
  introspection_encrypted_response_alg: "RSA-OAEP-256",
  introspection_encrypted_response_enc: "A128CBC-HS256",
};

describe.each<{ title: string; metadata: ClientMetadata; auth: Partial<NodeAuthOptions> }>([
  { title: "in plain JSON", metadata: {}, auth: {} },
  { title: "signed", metadata: signed, auth: { clientMetadata: signed } },
  { title: "encrypted", metadata: encrypted, auth: { clientMetadata: encrypted, decryptionKeys } },
])("$title", ({ metadata, auth }) => {
  let provider: OpenIdProvider;
  beforeAll(async () => {
    provider = await startEndpointsProvider(metadata);
  });
  afterAll(() => provider.close());
  const applications = [
    ["a public client", () => applicationAt(provider, createTestClock(), "publicClient", auth)],
    ["a confidential client", () => applicationAt(provider, createTestClock(), "post", auth)],
  ] as const;

  it.each(applications)("%s gets its user's claims", async (_, make) => {
    const app = make();
    const result = await signInAt(provider, app);
    const account = accountOf(result);
    const claims = { sub: "olga@example.org", name: "User olga@example.org" };
    expect(await app.userInfo({ account })).toMatchObject(claims);
    expect(await app.userInfo({ accessToken: result.accessToken, account })).toMatchObject(claims);
  });

  it("a confidential client learns what a token is worth, before and after it is revoked", async () => {
    const app = confidential(applicationAt(provider, createTestClock(), "post", auth));
    const { accessToken, account } = await signInAt(provider, app);
    expect(await app.introspect({ token: accessToken, tokenTypeHint: "access_token" })).toMatchObject({
      active: true,
      client_id: "web-post",
      sub: account?.homeAccountId,
      scope: expect.stringContaining("openid"),
    });
    await app.revoke({ token: accessToken });
    expect(await app.introspect({ token: accessToken })).toEqual({ active: false });
    expect(await app.introspect({ token: "unknown" })).toEqual({ active: false });
  });

  it.each(applications)(
    "%s revokes a user's refresh token, and has no token of the user",
    async (_, make) => {
      const app = make();
      const account = accountOf(await signInAt(provider, app));
      await app.revoke({ account });
      const silent = app.acquireTokenSilent({ scopes, account });
      await expect(silent).rejects.toMatchObject({ errorCode: "no_tokens_found" });
      expect(await app.getAllAccounts()).toHaveLength(1);
    },
  );

  it.each(applications)("%s is told of a token that is no longer good for claims", async (_, make) => {
    const app = make();
    const { accessToken, account } = await signInAt(provider, app);
    await app.revoke({ token: accessToken });
    await expect(app.userInfo({ accessToken, account: account ?? undefined })).rejects.toMatchObject({
      name: "ServerError",
      errorCode: "invalid_token",
      status: 401,
    });
  });
});

function confidential(app: ClientApplication): ConfidentialClientApplication {
  if (app instanceof ConfidentialClientApplication) return app;
  throw new Error("not a confidential client");
}
