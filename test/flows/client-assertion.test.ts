// A client proves itself with a token of somebody else: a cluster, a pipeline, any issuer the server trusts (RFC 7523 §2.2).
// proves: core/src/credential/assertion-source.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { NodeAuthOptions } from "@tessera/node";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from "jose";
import { makeCertificate } from "../support/certificates.js";
import { startEntra, type Entra } from "../support/entra.js";

const scopes = ["https://graph.microsoft.com/.default"];
const own = makeCertificate({ subject: "daemon" });

let entra: Entra;
let issuerKey: CryptoKey;

beforeAll(async () => {
  const pair = await generateKeyPair("RS256");
  issuerKey = pair.privateKey;
  const jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: "k1" }] };
  const federatedCredentials = [{ issuer: "https://cluster.example", subject: "workload", jwks }];
  entra = await startEntra({
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          { clientId: "workload", federatedCredentials },
          {
            clientId: "all",
            clientSecret: "a secret+",
            certificates: [own.certificatePem],
            federatedCredentials,
          },
        ],
      },
    ],
  });
});
afterAll(() => entra.close());
beforeEach(() => entra.authority.clearRequests());

const app = (clientId: string, auth: Partial<NodeAuthOptions>) =>
  entra.confidential({ auth: { clientId, clientSecret: undefined, ...auth } });
const forms = () =>
  entra.authority.requests.filter(({ endpoint }) => endpoint === "token").map(({ form }) => form);
/** A token as a Kubernetes cluster gives it to a workload. */
const workloadToken = (jti: string) =>
  new SignJWT({ iss: "https://cluster.example", sub: "workload", aud: "api://AzureADTokenExchange", jti })
    .setProtectedHeader({ alg: "RS256", kid: "k1" })
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(issuerKey);

describe("an assertion of another issuer", () => {
  it("given as a string is sent as it is", async () => {
    const clientAssertion = await workloadToken("a");
    await app("workload", { clientAssertion }).acquireTokenByClientCredential({ scopes });
    expect(forms()[0]).toMatchObject({
      client_assertion: clientAssertion,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    });
  });

  it("is fetched with its context, for each request and never for a token from the cache", async () => {
    const fetchAssertion = jest.fn((_: object) => workloadToken("b"));
    const client = app("workload", { clientAssertion: fetchAssertion });
    const tokenEndpoint = `${entra.authority.authorityUrl()}/oauth2/v2.0/token`;
    await client.acquireTokenByClientCredential({ scopes });
    for (const _ of Array(5)) await client.acquireTokenByClientCredential({ scopes });
    const signal: unknown = expect.any(AbortSignal);
    expect(fetchAssertion.mock.calls).toEqual([[{ clientId: "workload", tokenEndpoint, signal }]]);
    await client.acquireTokenByClientCredential({ scopes, fmiPath: "agents/one" });
    await client.acquireTokenByClientCredential({ scopes, fmiPath: "agents/one" });
    expect(fetchAssertion.mock.calls.slice(1)).toEqual([
      [{ clientId: "workload", tokenEndpoint, fmiPath: "agents/one", signal }],
    ]);
    await client.acquireTokenByClientCredential({ scopes, skipCache: true });
    expect(fetchAssertion).toHaveBeenCalledTimes(3);
  });

  it.each([
    ["is empty", async () => "", { errorCode: "invalid_assertion" }],
    [
      "cannot be fetched",
      () => Promise.reject(new Error("the vault is shut")),
      { message: "the vault is shut" },
    ],
  ])("that %s fails the call, and nothing is sent", async (_, clientAssertion, error) => {
    const client = app("workload", { clientAssertion });
    await expect(client.acquireTokenByClientCredential({ scopes })).rejects.toMatchObject(error);
    expect(forms()).toEqual([]);
  });

  it.each<[string, Partial<NodeAuthOptions>]>([
    ["secret", { clientSecret: "a secret+" }],
    [
      "certificate",
      { clientCertificate: { privateKey: own.privateKeyPem, publicCertificate: own.certificatePem } },
    ],
    ["assertion", { clientAssertion: "not.a.token" }],
  ])("of the request stands in for the configured %s: one credential is sent", async (_, auth) => {
    const clientAssertion = await workloadToken("request");
    for (const source of [clientAssertion, async () => clientAssertion]) {
      const request = { scopes, clientAssertion: source, skipCache: true };
      await app("all", auth).acquireTokenByClientCredential(request);
    }
    for (const form of forms()) {
      expect(form["client_assertion"]).toBe(clientAssertion);
      expect(form["client_secret"]).toBeUndefined();
    }
    expect(forms()).toHaveLength(2);
  });
});
