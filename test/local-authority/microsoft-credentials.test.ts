import { ClientCertificateCredential, OnBehalfOfCredential } from "@azure/identity";
import {
  ConfidentialClientApplication,
  InteractionRequiredAuthError,
  PublicClientApplication,
  type Configuration,
} from "@azure/msal-node";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  startLocalAuthority,
  type App,
  type LocalAuthority,
  type Tenant,
  type User,
} from "@tessera/local-authority";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "../support/certificates.js";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { describeWithPythonMsal, runPython } from "../support/python-msal.js";
import { signIn } from "../support/sign-in.js";
import { azureIdentityClient } from "./azure-identity.js";

const redirectUri = "http://localhost:3000/auth/callback";
const graphDefault = "https://graph.microsoft.com/.default";
const graph = "https://graph.microsoft.com/User.Read";

const ca = makeCertificate({ subject: "Contoso CA", keyType: "ec" });
const intermediate = makeCertificate({
  subject: "Contoso Issuing CA",
  issuer: ca,
  authority: true,
  keyType: "ec",
});
const leaf = makeCertificate({ subject: "app.contoso.example", issuer: intermediate });
const own = makeCertificate({ subject: "daemon" });
const stranger = makeCertificate({ subject: "stranger" });
const chain = leaf.certificatePem + intermediate.certificatePem + ca.certificatePem;

let authority: LocalAuthority;
let network: PeerNetwork;
let tenant: Tenant;
let desktop: App;
let alice: User;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "local-authority-"));
  authority = await startLocalAuthority({
    caFile: join(folder, "ca.pem"),
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          { clientId: "certified", certificates: [own.certificatePem] },
          {
            clientId: "chained",
            subjectNameIssuer: { subject: "app.contoso.example", issuerCa: ca.certificatePem },
          },
          {
            clientId: "orders",
            identifierUri: "api://orders",
            clientSecret: "secret",
            certificates: [own.certificatePem],
          },
        ],
      },
    ],
    conditionalAccess: [{ resource: "https://vault.example" }],
  });
  network = peerNetwork(authority.caPem);
  [tenant] = authority.config.tenants as [Tenant];
  [, desktop] = tenant.apps as [App, App];
  [alice] = tenant.users as [User];
});
afterAll(async () => {
  await network.close();
  await authority.close();
  await rm(folder, { recursive: true });
});

const auth = (clientId: string) => ({
  clientId,
  authority: authority.authorityUrl(),
  knownAuthorities: [new URL(authority.url).host],
});

function confidential(clientId: string, credential: Partial<Configuration["auth"]>) {
  return new ConfidentialClientApplication({
    auth: { ...auth(clientId), ...credential },
    system: { networkClient: network },
  });
}

/** What a client calls the API with. */
async function userToken(claims?: string): Promise<string> {
  const client = new PublicClientApplication({
    auth: auth(desktop.clientId),
    system: { networkClient: network },
  });
  const scopes = ["api://orders/access"];
  const url = await client.getAuthCodeUrl({ scopes, redirectUri, claims });
  const answer = await signIn(url, { ...alice, ca: authority.caPem });
  const code = answer.searchParams.get("code") ?? "";
  return (await client.acquireTokenByCode({ scopes, redirectUri, code, claims })).accessToken;
}

/** The header of the newest client assertion. */
function lastHeader() {
  const assertion = authority.requests.findLast(({ form }) => form["client_assertion"] !== undefined);
  return decodeProtectedHeader(assertion?.form["client_assertion"] ?? "");
}

describe("msal-node with a certificate", () => {
  it.each([
    ["its SHA-256 thumbprint", "certified", { thumbprintSha256: own.thumbprintSha256Hex }, "PS256"],
    ["its SHA-1 thumbprint", "certified", { thumbprint: own.thumbprintSha1Hex }, "RS256"],
  ])("gets an app token by %s", async (_, clientId, thumbprint, alg) => {
    const clientCertificate = { privateKey: own.privateKeyPem, ...thumbprint };
    const client = confidential(clientId, { clientCertificate });
    const result = await client.acquireTokenByClientCredential({ scopes: [graphDefault] });
    expect(decodeJwt(result?.accessToken ?? "")).toMatchObject({ azp: clientId, azpacr: "2", idtyp: "app" });
    expect(lastHeader()).toMatchObject({ alg });
  });

  it("gets one with its chain, without being registered itself", async () => {
    const clientCertificate = {
      privateKey: leaf.privateKeyPem,
      thumbprintSha256: leaf.thumbprintSha256Hex,
      x5c: chain,
    };
    const result = await confidential("chained", { clientCertificate }).acquireTokenByClientCredential({
      scopes: [graphDefault],
    });
    expect(decodeJwt(result?.accessToken ?? "")).toMatchObject({ azp: "chained" });
    expect(lastHeader().x5c).toHaveLength(3);
  });

  it("sends one assertion with several requests, as Entra allows", async () => {
    const clientCertificate = { privateKey: own.privateKeyPem, thumbprintSha256: own.thumbprintSha256Hex };
    const client = confidential("certified", { clientCertificate });
    authority.clearRequests();
    for (const resource of ["https://a.example", "https://b.example"]) {
      await client.acquireTokenByClientCredential({ scopes: [`${resource}/.default`] });
    }
    const sent = authority.requests.flatMap(({ form }) => form["client_assertion"] ?? []);
    expect(sent).toHaveLength(2);
    expect(new Set(sent).size).toBe(1);
  });

  it("is told, as a ServerError with Entra's code, that its certificate is unknown", async () => {
    const clientCertificate = {
      privateKey: stranger.privateKeyPem,
      thumbprintSha256: stranger.thumbprintSha256Hex,
    };
    const client = confidential("certified", { clientCertificate });
    await expect(client.acquireTokenByClientCredential({ scopes: [graphDefault] })).rejects.toMatchObject({
      name: "ServerError",
      errorCode: "invalid_client",
      errorNo: 700027,
    });
  });

  it("acts on behalf of a user", async () => {
    const clientCertificate = { privateKey: own.privateKeyPem, thumbprintSha256: own.thumbprintSha256Hex };
    const client = confidential("orders", { clientCertificate });
    const result = await client.acquireTokenOnBehalfOf({ oboAssertion: await userToken(), scopes: [graph] });
    expect(decodeJwt(result?.accessToken ?? "")).toMatchObject({
      azp: "orders",
      azpacr: "2",
      oid: alice.oid,
    });
  });

  it("is refused with a secret and an assertion in one request, which it does send", async () => {
    const client = confidential("orders", { clientSecret: "secret" });
    const request = client.acquireTokenByClientCredential({
      scopes: [graphDefault],
      clientAssertion: "a.b.c",
    });
    await expect(request).rejects.toMatchObject({ errorCode: "invalid_request", errorNo: 9002313 });
  });
});

describe("@azure/identity", () => {
  const options = () => ({
    authorityHost: authority.url,
    disableInstanceDiscovery: true,
    httpClient: azureIdentityClient(authority.caPem),
  });

  it("gets an app token with ClientCertificateCredential, with and without the chain", async () => {
    const simple = new ClientCertificateCredential(
      tenant.id,
      "certified",
      { certificate: own.certificatePem + own.privateKeyPem },
      options(),
    );
    expect(decodeJwt((await simple.getToken(graphDefault)).token)).toMatchObject({ azp: "certified" });
    const chained = new ClientCertificateCredential(
      tenant.id,
      "chained",
      { certificate: chain + leaf.privateKeyPem },
      { ...options(), sendCertificateChain: true },
    );
    expect(decodeJwt((await chained.getToken(graphDefault)).token)).toMatchObject({ azp: "chained" });
  });

  it("acts on behalf of a user with OnBehalfOfCredential, by secret and by certificate", async () => {
    const certificatePath = join(folder, "orders.pem");
    await writeFile(certificatePath, own.certificatePem + own.privateKeyPem);
    const userAssertionToken = await userToken();
    const common = { tenantId: tenant.id, clientId: "orders", userAssertionToken, ...options() };
    for (const credential of [
      new OnBehalfOfCredential({ ...common, clientSecret: "secret" }),
      new OnBehalfOfCredential({ ...common, certificatePath }),
    ]) {
      expect(decodeJwt((await credential.getToken(graph)).token)).toMatchObject({
        azp: "orders",
        oid: alice.oid,
      });
    }
  });
});

describeWithPythonMsal(() => {
  const program = `
import json, msal, sys
order = json.loads(sys.argv[1])
app = msal.ConfidentialClientApplication(
    order["client_id"], client_credential=order["credential"], authority=order["authority"],
    instance_discovery=False)
if order.get("assertion"):
    result = app.acquire_token_on_behalf_of(order["assertion"], order["scopes"])
else:
    result = app.acquire_token_for_client(order["scopes"])
print(json.dumps(result))
`;
  const run = async (clientId: string, credential: unknown, request: object = { scopes: [graphDefault] }) => {
    const order = {
      client_id: clientId,
      credential,
      authority: authority.authorityUrl(),
      ...request,
    };
    const [result] = await runPython<Readonly<Record<string, unknown>>>(
      ["-c", program, JSON.stringify(order)],
      {
        caFile: join(folder, "ca.pem"),
      },
    );
    return result ?? {};
  };
  const certificate = { private_key: own.privateKeyPem, thumbprint: own.thumbprintSha1Hex };

  it.each([
    ["a secret", "orders", "secret", "1"],
    ["a certificate", "certified", certificate, "2"],
    [
      "the chain of a certificate",
      "chained",
      { private_key: leaf.privateKeyPem, thumbprint: leaf.thumbprintSha1Hex, public_certificate: chain },
      "2",
    ],
  ])("gets an app token with %s", async (_, clientId, credential, azpacr) => {
    const { access_token: token } = await run(clientId, credential);
    expect(decodeJwt(String(token))).toMatchObject({ azp: clientId, azpacr, idtyp: "app" });
  });

  it.each([
    ["a wrong secret", "orders", "wrong", 7000215],
    [
      "a certificate nobody registered",
      "certified",
      { private_key: stranger.privateKeyPem, thumbprint: stranger.thumbprintSha1Hex },
      700027,
    ],
  ])("is told that it came with %s", async (_, clientId, credential, code) => {
    expect(await run(clientId, credential)).toMatchObject({ error: "invalid_client", error_codes: [code] });
  });

  it("acts on behalf of a user, with a secret and with a certificate", async () => {
    const assertion = await userToken();
    for (const credential of ["secret", certificate]) {
      const result = await run("orders", credential, { assertion, scopes: [graph] });
      expect(decodeJwt(String(result["access_token"]))).toMatchObject({ azp: "orders", oid: alice.oid });
      expect(result).toMatchObject({ id_token_claims: { oid: alice.oid } });
    }
  });

  it("is given the challenge of conditional access", async () => {
    const result = await run("orders", "secret", {
      assertion: await userToken(),
      scopes: ["https://vault.example/x"],
    });
    expect(result).toMatchObject({
      error: "interaction_required",
      suberror: "basic_action",
      error_codes: [50076],
    });
    const assertion = await userToken(String(result["claims"]));
    const second = await run("orders", "secret", { assertion, scopes: ["https://vault.example/x"] });
    expect(decodeJwt(String(second["access_token"]))).toMatchObject({ aud: "https://vault.example" });
  });
});

it("hands msal-node the same challenge as an InteractionRequiredAuthError", async () => {
  const client = confidential("orders", { clientSecret: "secret" });
  const oboAssertion = await userToken();
  const request = client.acquireTokenOnBehalfOf({ oboAssertion, scopes: ["https://vault.example/x"] });
  await expect(request).rejects.toBeInstanceOf(InteractionRequiredAuthError);
  await expect(request).rejects.toMatchObject({ claims: expect.stringContaining("polids") });
});
