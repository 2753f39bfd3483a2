// The FAPI 2.0 security profile and message signing, at the certified provider: the configuration of docs/high-security.md.
// proves: core/src/flows/authorization-request.ts, core/src/dpop/proof.ts
import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, it } from "@jest/globals";
import { ConfidentialClientApplication } from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { scopes } from "../support/oidc-applications.js";
import type { OpenIdProvider } from "../support/oidc-provider.js";
import { startSecuredProvider } from "../support/secured-provider.js";
import { signIn } from "../support/sign-in.js";
import { createTestClock } from "../support/test-clock.js";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = { privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(), kid: "one" };
const bound = { authenticationScheme: "DPoP" } as const;

let provider: OpenIdProvider;
beforeAll(async () => {
  provider = await startSecuredProvider({
    requiresPushed: true,
    requiresSigned: true,
    requiresNonce: true,
    isFapi2: true,
    keys: [{ ...publicKey.export({ format: "jwk" }), kid: "one", use: "sig", alg: "ES256" }],
    confidential: {
      token_endpoint_auth_method: "private_key_jwt",
      token_endpoint_auth_signing_alg: "ES256",
      dpop_bound_access_tokens: true,
    },
  });
});
afterAll(() => provider.close());
beforeEach(() => provider.clearRequests());

it("a user signs in with a pushed and signed request, a signed assertion and a bound token, which is renewed", async () => {
  const { clientId } = provider.clients.post;
  const app = new ConfidentialClientApplication({
    auth: {
      clientId,
      oidcAuthority: provider.url,
      clientCertificate: key,
      requestObjectKey: key,
      clientMetadata: {
        token_endpoint_auth_method: "private_key_jwt",
        id_token_signed_response_alg: "RS256",
      },
    },
    system: { clock: createTestClock() },
  });
  const flow = await app.initiateAuthCodeFlow({
    scopes,
    redirectUri: provider.redirectUri,
    prompt: "consent",
    ...bound,
  });
  expect([...new URL(flow.authUrl).searchParams.keys()].sort()).toEqual(["client_id", "request_uri"]);
  const callback = await signIn(flow.authUrl, { username: "olga@example.org", password: "any" });
  expect(callback.searchParams.get("iss")).toBe(provider.url);
  const result = await app.acquireTokenByAuthCodeFlow(flow, callback);
  expect(result).toMatchObject({ tokenType: "DPoP", account: { username: "olga@example.org" } });
  const account = accountOf(result);
  expect(await app.userInfo({ account, ...bound })).toMatchObject({ sub: "olga@example.org" });
  const renewed = await app.acquireTokenSilent({ scopes, account, forceRefresh: true, ...bound });
  expect(renewed).toMatchObject({ fromCache: false, tokenType: "DPoP" });
  const assertions = provider.requests.flatMap(({ form }) => form["client_assertion"] ?? []);
  expect(new Set(assertions).size).toBe(assertions.length);
});
