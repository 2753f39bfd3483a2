// A client proves itself with a token of somebody else: a cluster, a pipeline, any issuer the server trusts (RFC 7523 §2.2).
// proves: node/src/credential/federated-token.ts
import { rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { federatedTokenFile, githubActionsToken, type NodeAuthOptions } from "@tessera/node";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from "jose";
import { makeCertificate } from "../support/certificates.js";
import { startEntra, type Entra } from "../support/entra.js";
import { expectNoSecretIn } from "../support/nothing-kept.js";

const scopes = ["https://graph.microsoft.com/.default"];
const own = makeCertificate({ subject: "daemon" });

let entra: Entra;
let issuerKey: CryptoKey;
let job: Server;
let jobAnswer: { status: number; body: string };
const jobAsked: string[] = [];
const tokenFile = join(tmpdir(), `tessera-federated-${process.pid}.jwt`);

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
  job = createServer((request, response) => {
    jobAsked.push(`${request.headers.authorization ?? ""} ${request.url ?? ""}`);
    response.writeHead(jobAnswer.status, { "content-type": "application/json" }).end(jobAnswer.body);
  }).listen(0, "localhost");
  await once(job, "listening");
});
afterAll(async () => {
  job.close();
  await entra.close();
  await rm(tokenFile, { force: true });
});
beforeEach(() => {
  entra.authority.clearRequests();
  jobAsked.length = 0;
});
const environment = { ...process.env };
afterEach(() => {
  process.env = { ...environment };
});

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
    expect(fetchAssertion.mock.calls).toEqual([[{ clientId: "workload", tokenEndpoint }]]);
    await client.acquireTokenByClientCredential({ scopes, fmiPath: "agents/one" });
    await client.acquireTokenByClientCredential({ scopes, fmiPath: "agents/one" });
    expect(fetchAssertion.mock.calls.slice(1)).toEqual([
      [{ clientId: "workload", tokenEndpoint, fmiPath: "agents/one" }],
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

  it("is read from the token file again when a request is sent", async () => {
    const tokens = await Promise.all(["first", "second", "third"].map(workloadToken));
    await writeFile(tokenFile, `${tokens[0]}\n`);
    process.env["AZURE_FEDERATED_TOKEN_FILE"] = tokenFile;
    const client = app("workload", { clientAssertion: federatedTokenFile() });
    process.env["AZURE_FEDERATED_TOKEN_FILE"] = "";
    await client.acquireTokenByClientCredential({ scopes });
    await writeFile(tokenFile, tokens[1] ?? "");
    await client.acquireTokenByClientCredential({ scopes, skipCache: true });
    await writeFile(tokenFile, tokens[2] ?? "");
    await client.acquireTokenByClientCredential({ scopes });
    expect(forms().map((form) => form["client_assertion"])).toEqual(tokens.slice(0, 2));
    await rm(tokenFile);
    await expect(client.acquireTokenByClientCredential({ scopes, skipCache: true })).rejects.toMatchObject({
      errorCode: "invalid_assertion",
      message: expect.stringContaining(tokenFile),
    });
  });

  it.each([
    ["federatedTokenFile", () => federatedTokenFile(), "AZURE_FEDERATED_TOKEN_FILE"],
    ["githubActionsToken", () => githubActionsToken(), "id-token: write"],
  ])("%s without its environment says what is missing", (_, make, missing) => {
    for (const name of Object.keys(process.env))
      if (/^AZURE_FED|^ACTIONS_/.test(name)) delete process.env[name];
    expect(make).toThrow(expect.objectContaining({ errorCode: "invalid_option" }));
    expect(make).toThrow(missing);
  });

  it("is fetched from GitHub Actions with the job's own token", async () => {
    const url = `http://localhost:${(job.address() as AddressInfo).port}/token?api-version=2.0`;
    process.env["ACTIONS_ID_TOKEN_REQUEST_URL"] = url;
    process.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "the-job-token";
    const client = app("workload", { clientAssertion: githubActionsToken() });
    jobAnswer = { status: 200, body: JSON.stringify({ value: await workloadToken("github") }) };
    await client.acquireTokenByClientCredential({ scopes });
    expect(jobAsked).toEqual([
      "Bearer the-job-token /token?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange",
    ]);
    jobAnswer = { status: 403, body: "{}" };
    const refused = client.acquireTokenByClientCredential({ scopes, skipCache: true });
    const error: unknown = await refused.catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      errorCode: "invalid_assertion",
      message: expect.stringContaining("HTTP 403"),
    });
    expectNoSecretIn(error, ["the-job-token"]);
    expect(forms()).toHaveLength(1);
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
