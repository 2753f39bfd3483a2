// What an identity provider refuses, as the app sees it. Each of these stands in docs/errors.md, with what to do.
// proves: core/src/response/server-error.ts
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ClientCredentialRequest, NodeAuthOptions } from "@tessera/node";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from "jose";
import { makeCertificate } from "../support/certificates.js";
import { startEntra, type Entra } from "../support/entra.js";
import { expectNoSecretIn, expectNothingKept } from "../support/nothing-kept.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

const clientSecret = "the-secret-of-the-api";
const api = { clientId: "api", clientSecret };
const stranger = makeCertificate({ subject: "stranger" });

let entra: Entra;
let issuerKey: CryptoKey;
let documented: string;
beforeAll(async () => {
  const pair = await generateKeyPair("RS256");
  issuerKey = pair.privateKey;
  const jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: "k1" }] };
  entra = await startEntra({
    resources: [],
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          { ...api, identifierUri: "api://api", requiresConsent: true },
          { clientId: "disabled", clientSecret, disabled: true },
          { clientId: "certified", certificates: [makeCertificate({ subject: "own" }).certificatePem] },
          {
            clientId: "workload",
            federatedCredentials: [{ issuer: "https://cluster.example", subject: "workload", jwks }],
          },
        ],
      },
    ],
  });
  documented = await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8");
});
afterAll(() => entra.close());

/** A token of a cluster that expired an hour ago. */
const staleToken = () =>
  new SignJWT({ iss: "https://cluster.example", sub: "workload", aud: "api://AzureADTokenExchange" })
    .setProtectedHeader({ alg: "RS256", kid: "k1" })
    .setIssuedAt(Math.floor(entra.clock.now() / 1000) - 7200)
    .setExpirationTime(Math.floor(entra.clock.now() / 1000) - 3600)
    .sign(issuerKey);

/** `errorCode`, `errorNo`, and whether docs/errors.md names both in one row. */
function expectDocumented(error: unknown): void {
  const { errorCode, errorNo = "" } = error as { readonly errorCode: string; readonly errorNo?: number };
  const rows = documented.split("\n").filter((line) => line.startsWith(`| \`${errorCode}\``));
  expect(rows.some((row) => new RegExp(`\\b${errorNo}\\b`).test(row))).toBe(true);
}

describe("an app's own token: the server's answer to", () => {
  interface Case {
    readonly auth: Partial<NodeAuthOptions>;
    readonly request?: ClientCredentialRequest;
    readonly expected: { readonly errorCode: string; readonly errorNo: number; readonly status: number };
  }
  const cases: Readonly<Record<string, Case>> = {
    "a wrong secret": {
      auth: { ...api, clientSecret: "wrong" },
      expected: { errorCode: "invalid_client", errorNo: 7000215, status: 401 },
    },
    "a certificate that is not registered": {
      auth: {
        clientId: "certified",
        clientSecret: undefined,
        clientCertificate: {
          privateKey: stranger.privateKeyPem,
          publicCertificate: stranger.certificatePem,
        },
      },
      expected: { errorCode: "invalid_client", errorNo: 700027, status: 401 },
    },
    "an assertion that has expired": {
      auth: { clientId: "workload", clientSecret: undefined, clientAssertion: staleToken },
      expected: { errorCode: "invalid_client", errorNo: 700024, status: 401 },
    },
    "a scope that is not .default": {
      auth: api,
      request: { scopes: ["https://graph.microsoft.com/User.Read"] },
      expected: { errorCode: "invalid_scope", errorNo: 1002012, status: 400 },
    },
    "an unknown resource": {
      auth: api,
      request: { scopes: ["https://nowhere.example/.default"] },
      expected: { errorCode: "invalid_resource", errorNo: 500011, status: 400 },
    },
    "an unknown app": {
      auth: { ...api, clientId: "nobody" },
      expected: { errorCode: "unauthorized_client", errorNo: 700016, status: 400 },
    },
    "a disabled app": {
      auth: { clientId: "disabled", clientSecret },
      expected: { errorCode: "unauthorized_client", errorNo: 7000112, status: 400 },
    },
  };

  it.each(Object.entries(cases))("%s", async (_, { auth, request, expected }) => {
    const app = entra.confidential({ auth });
    const scopes = ["https://graph.microsoft.com/.default"];
    const call = app.acquireTokenByClientCredential({ scopes, correlationId: "c-42", ...request });
    const error: unknown = await call.catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      name: "ServerError",
      correlationId: "c-42",
      message: expect.stringContaining("AADSTS"),
      ...expected,
    });
    expectDocumented(error);
    expectNoSecretIn(error, [clientSecret, stranger.privateKeyPem.split("\n")[2] ?? ""]);
    await expectNothingKept(app);
  });
});

describe("on behalf of a user: the server's answer to", () => {
  it.each([
    [
      "an assertion that has expired",
      3700,
      { name: "ServerError", errorCode: "invalid_grant", errorNo: 500133 },
    ],
    [
      "consent that is missing",
      0,
      {
        name: "InteractionRequiredAuthError",
        errorCode: "invalid_grant",
        subError: "consent_required",
        errorNo: 65001,
      },
    ],
  ])("%s", async (_, seconds, expected) => {
    const caller = await signInWithCode(entra, entra.publicClient(), ["api://api/access"]);
    entra.clock.advance(seconds);
    const app = entra.confidential({ auth: api });
    const scopes = ["https://graph.microsoft.com/User.Read"];
    const call = app.acquireTokenOnBehalfOf({ scopes, oboAssertion: caller.accessToken });
    const error: unknown = await call.catch((reason: unknown) => reason);
    expect(error).toMatchObject(expected);
    expectDocumented(error);
    expectNoSecretIn(error, [clientSecret, caller.accessToken]);
    await expectNothingKept(app);
  });
});

describe("a refresh token", () => {
  it.each([
    ["that was never issued", 9002313],
    ["of another client", 70000],
  ])("%s is an invalid_grant", async (_, errorNo) => {
    const desktop = entra.publicClient();
    await signInWithCode(entra, desktop, ["User.Read"]);
    const { RefreshToken } = JSON.parse(desktop.getTokenCache().serialize()) as {
      readonly RefreshToken: Readonly<Record<string, { readonly secret: string }>>;
    };
    const [foreign] = Object.values(RefreshToken);
    const refreshToken = errorNo === 70000 ? (foreign?.secret ?? "") : "1.nothing";
    const call = entra.confidential().acquireTokenByRefreshToken({ scopes: ["User.Read"], refreshToken });
    await expect(call).rejects.toMatchObject({ name: "ServerError", errorCode: "invalid_grant", errorNo });
  });
});
