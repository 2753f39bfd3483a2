// proves: local-authority/src/client-authentication/federated-credential.ts,
// local-authority/src/client-authentication/get-json.ts,
// local-authority/src/client-authentication/issuer-keys.ts,
// local-authority/src/grants/user-federated-identity.ts
import { ClientAssertionCredential } from "@azure/identity";
import { ConfidentialClientApplication } from "@azure/msal-node";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  appObjectId,
  fmiSubject,
  startLocalAuthority,
  type App,
  type LocalAuthority,
  type Tenant,
  type User,
} from "@tessera/local-authority";
import { SignJWT, decodeJwt, exportJWK, generateKeyPair, type CryptoKey } from "jose";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { azureIdentityClient } from "./azure-identity.js";
import { post } from "./requests.js";

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const exchange = "api://AzureADTokenExchange";
const github = "https://token.actions.githubusercontent.com";
const cluster = "https://cluster.example/1";
const subject = "system:serviceaccount:shop:orders";
const tenantId = "c0c0c0c0-0000-4000-8000-000000000000";
const blueprintId = "c0c0c0c0-0000-4000-8000-0000000000a4";
const agentId = "c0c0c0c0-0000-4000-8000-0000000000a9";
const graph = "https://graph.microsoft.com/.default";

let key: CryptoKey;
let partner: LocalAuthority;
let keyServer: Server;
let keyServerUrl: string;
let authority: LocalAuthority;
let network: PeerNetwork;
let tenant: Tenant;
let partnerWeb: App;
let alice: User;
let tokenPath: string;

beforeAll(async () => {
  const pair = await generateKeyPair("RS256");
  key = pair.privateKey;
  const jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: "k1" }] };
  partner = await startLocalAuthority();
  keyServer = createServer((request, response) => {
    if (request.url === "/keys") response.end(JSON.stringify(jwks));
    else if (request.url === "/moved") response.writeHead(302, { location: "/keys" }).end();
    else if (request.url?.startsWith("/impostor/") === true) response.end(JSON.stringify({ issuer: github }));
    else response.writeHead(404).end();
  });
  keyServer.listen(0, "127.0.0.1");
  await once(keyServer, "listening");
  keyServerUrl = `http://localhost:${(keyServer.address() as AddressInfo).port}`;

  const [partnerTenant] = partner.config.tenants as [Tenant];
  [partnerWeb] = partnerTenant.apps as [App];
  const partnerSubject = appObjectId(partnerTenant.id, partnerWeb.clientId);
  authority = await startLocalAuthority({
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          {
            clientId: "workload",
            federatedCredentials: [
              { issuer: github, subject: "repo:shop/orders:ref:refs/heads/main", jwks },
              { issuer: cluster, subject, audience: "my-audience", jwks },
              { issuer: partner.issuer(), subject: partnerSubject, ca: partner.caPem },
              { issuer: "https://published.example", subject, jwksUri: `${keyServerUrl}/keys` },
              { issuer: "https://moved.example", subject, jwksUri: `${keyServerUrl}/moved` },
              { issuer: `${keyServerUrl}/impostor`, subject },
              { issuer: `${keyServerUrl}/nothing`, subject },
            ],
          },
          {
            clientId: "distrustful",
            federatedCredentials: [{ issuer: partner.issuer(), subject: partnerSubject }],
          },
          { clientId: "unfederated", clientSecret: "secret" },
          {
            clientId: agentId,
            name: "Agent",
            federatedCredentials: [{ subject: fmiSubject(tenantId, blueprintId, agentId) }],
          },
        ],
      },
    ],
  });
  network = peerNetwork(authority.caPem);
  [tenant] = authority.config.tenants as [Tenant];
  [alice] = tenant.users as [User];
  tokenPath = `/${tenant.id}/oauth2/v2.0/token`;
});
afterAll(async () => {
  keyServer.close();
  await network.close();
  await Promise.all([authority.close(), partner.close()]);
});

/** A token as GitHub Actions or a Kubernetes cluster gives it to a workload. */
function workloadToken(claims: Readonly<Record<string, unknown>> = {}, signer = key): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const defaults = { iss: github, sub: "repo:shop/orders:ref:refs/heads/main", aud: exchange };
  return new SignJWT({ ...defaults, iat: now, exp: now + 300, ...claims })
    .setProtectedHeader({ alg: "RS256", kid: "k1" })
    .sign(signer);
}

function ask(clientId: string, assertion: string) {
  return post(authority, tokenPath, {
    grant_type: "client_credentials",
    client_id: clientId,
    client_assertion: assertion,
    client_assertion_type: assertionType,
    scope: graph,
  });
}

async function partnerToken(): Promise<string> {
  const { json } = await post(partner, tokenPath, {
    grant_type: "client_credentials",
    client_id: partnerWeb.clientId,
    client_secret: partnerWeb.clientSecret,
    scope: `${exchange}/.default`,
  });
  return String(json["access_token"]);
}

describe("a federated credential", () => {
  it.each([
    ["GitHub", {}],
    ["a cluster, with an audience of its own", { iss: cluster, sub: subject, aud: ["other", "my-audience"] }],
    ["an issuer whose keys are on this machine", { iss: "https://published.example", sub: subject }],
  ])("trusts the token of %s", async (_, claims) => {
    const { status, json } = await ask("workload", await workloadToken(claims));
    expect(status).toBe(200);
    expect(decodeJwt(String(json["access_token"]))).toMatchObject({ azp: "workload", azpacr: "2" });
  });

  it("trusts an app of another authority, whose keys it fetches over TLS", async () => {
    partner.clearRequests();
    expect((await ask("workload", await partnerToken())).status).toBe(200);
    expect(partner.requests.map(({ endpoint }) => endpoint)).toEqual([
      "token",
      "openid-configuration",
      "keys",
    ]);
    expect((await ask("distrustful", await partnerToken())).json["error_codes"]).toEqual([501661]);
  });

  const seconds = () => Math.floor(Date.now() / 1000);
  const refusals: readonly [string, () => Record<string, unknown>, number][] = [
    ["another issuer", () => ({ iss: "https://gitlab.example" }), 700211],
    ["an issuer in other letters", () => ({ iss: `${github}/` }), 700211],
    ["another subject", () => ({ sub: "repo:shop/orders:pull_request" }), 700213],
    ["the subject of another credential", () => ({ sub: subject }), 700213],
    ["another audience", () => ({ aud: "api://elsewhere" }), 700212],
    ["no audience", () => ({ aud: undefined }), 700212],
    ["a token that has expired", () => ({ exp: seconds() - 1 }), 700024],
    ["a token without expiry", () => ({ exp: undefined }), 50027],
    ["keys that have moved", () => ({ iss: "https://moved.example", sub: subject }), 501661],
    [
      "an issuer that calls itself something else",
      () => ({ iss: `${keyServerUrl}/impostor`, sub: subject }),
      501661,
    ],
    ["an issuer that does not answer", () => ({ iss: `${keyServerUrl}/nothing`, sub: subject }), 501661],
  ];
  // parity: Apps | Federated credentials: issuer, subject and audience are compared exactly | entra same
  it.each(refusals)("refuses %s as Entra does", async (_, claims, code) => {
    expect((await ask("workload", await workloadToken(claims()))).json["error_codes"]).toEqual([code]);
  });

  it("refuses a token that somebody else signed, and every token where there is none", async () => {
    const { privateKey } = await generateKeyPair("RS256");
    const forged = await ask("workload", await workloadToken({}, privateKey));
    expect(forged.json).toMatchObject({ error: "invalid_client", error_codes: [700027] });
    const { json } = await ask("unfederated", await workloadToken());
    expect(json).toMatchObject({ error: "invalid_client", error_codes: [70021] });
    expect(json["error_description"]).toContain(`Assertion Issuer: '${github}'`);
  });

  it("is used by msal-node with an assertion callback and by ClientAssertionCredential", async () => {
    const client = new ConfidentialClientApplication({
      auth: {
        clientId: "workload",
        clientAssertion: () => workloadToken(),
        authority: authority.authorityUrl(),
        knownAuthorities: [new URL(authority.url).host],
      },
      system: { networkClient: network },
    });
    const result = await client.acquireTokenByClientCredential({ scopes: [graph] });
    expect(decodeJwt(result?.accessToken ?? "")).toMatchObject({ azp: "workload", azpacr: "2" });

    const credential = new ClientAssertionCredential(tenant.id, "workload", () => workloadToken(), {
      authorityHost: authority.url,
      disableInstanceDiscovery: true,
      httpClient: azureIdentityClient(authority.caPem),
    });
    expect(decodeJwt((await credential.getToken(graph)).token)).toMatchObject({ azp: "workload" });
  });

  const app = (credential: object): object => ({
    tenants: [{ domain: "contoso.example", apps: [{ clientId: "a", federatedCredentials: [credential] }] }],
  });
  it.each([
    ["subject", { issuer: github }],
    ["issuer", { issuer: github, subject }],
    ["jwksUri", { issuer: github, subject, jwksUri: "https://elsewhere.example/keys" }],
    ["jwks", { issuer: github, subject, jwks: {} }],
    ["ca", { issuer: github, subject, jwks: { keys: [{ kty: "RSA" }] }, ca: "no certificate" }],
    ["audiences", { issuer: github, subject, audiences: [exchange] }],
  ])("is refused in the configuration for its %s", async (field, credential) => {
    await expect(startLocalAuthority(app(credential))).rejects.toMatchObject({
      field: `tenants[0].apps[0].federatedCredentials[0].${field}`,
    });
  });
});

describe("an agent", () => {
  const configure = (clientId: string, credential: object) =>
    new ConfidentialClientApplication({
      auth: {
        clientId,
        ...credential,
        authority: authority.authorityUrl(),
        knownAuthorities: [new URL(authority.url).host],
      },
      system: { networkClient: network },
    });
  const blueprint = () => configure(blueprintId, { clientSecret: "contoso-daemon-secret" });
  const agentToken = async () => {
    const scopes = [`${exchange}/.default`];
    const result = await blueprint().acquireTokenByClientCredential({ scopes, fmiPath: agentId });
    return result?.accessToken ?? "";
  };
  const agent = () => configure(agentId, { clientAssertion: agentToken });

  it("gets its identity from its blueprint by fmi_path, and with it tokens of its own", async () => {
    expect(decodeJwt(await agentToken())).toMatchObject({
      aud: "fb60f99c-7a34-4190-8149-302f77469936",
      azp: blueprintId,
      sub: "/eid1/c/pub/t/wMDAwAAAAECAAAAAAAAAAA/a/wMDAwAAAAECAAAAAAAAApA/c0c0c0c0-0000-4000-8000-0000000000a9",
    });
    const result = await agent().acquireTokenByClientCredential({ scopes: [graph] });
    expect(decodeJwt(result?.accessToken ?? "")).toMatchObject({ azp: agentId, idtyp: "app" });
  });

  it("acts as a user by user_fic, named by object id or username", async () => {
    const own = await agent().acquireTokenByClientCredential({ scopes: [`${exchange}/.default`] });
    const assertion = own?.accessToken ?? "";
    for (const user of [{ username: alice.username }, { userObjectId: alice.oid }]) {
      const result = await agent().acquireTokenByUserFederatedIdentityCredential({
        scopes: ["https://graph.microsoft.com/User.Read"],
        assertion,
        ...user,
      });
      expect(result?.account).toMatchObject({ homeAccountId: `${alice.oid}.${tenant.id}` });
      expect(decodeJwt(result?.accessToken ?? "")).toMatchObject({
        azp: agentId,
        idtyp: "user",
        oid: alice.oid,
      });
    }
  });

  const refusals: readonly [string, Record<string, string | undefined>, number, string][] = [
    ["no user", { username: undefined }, 9002313, "invalid_request"],
    ["two users", { user_id: "b" }, 9002313, "invalid_request"],
    ["an unknown user", { username: "zoe@contoso.example" }, 50034, "invalid_grant"],
    ["a disabled user", { username: "carol@contoso.example" }, 50057, "invalid_grant"],
    ["a user of another tenant", { username: "dave@fabrikam.example" }, 50020, "invalid_grant"],
    ["no credential", { user_federated_identity_credential: undefined }, 900144, "invalid_request"],
    ["a credential that is none", { user_federated_identity_credential: "x" }, 50013, "invalid_grant"],
  ];
  it.each(refusals)("is refused with %s", async (_, fields, code, error) => {
    const { json } = await asUser(await ownToken(), fields);
    expect(json).toMatchObject({ error, error_codes: [code] });
  });

  it("is refused with the token of another app, for another audience, or of yesterday", async () => {
    expect((await asUser(await agentToken())).json["error_codes"]).toEqual([50013]);
    expect((await asUser(await ownToken(graph))).json["error_codes"]).toEqual([500131]);
    const token = await ownToken();
    authority.advanceClock(3600);
    const clientAssertion = await agentToken();
    expect((await asUser(token, { client_assertion: clientAssertion })).json["error_codes"]).toEqual([
      500133,
    ]);
    authority.advanceClock(-3600);
  });

  const ownToken = async (scope = `${exchange}/.default`) => {
    const result = await agent().acquireTokenByClientCredential({ scopes: [scope] });
    return result?.accessToken ?? "";
  };
  const asUser = async (credential: string, fields: Record<string, string | undefined> = {}) =>
    post(authority, tokenPath, {
      grant_type: "user_fic",
      client_id: agentId,
      client_assertion: await agentToken(),
      client_assertion_type: assertionType,
      user_federated_identity_credential: credential,
      username: alice.username,
      scope: "https://graph.microsoft.com/User.Read",
      ...fields,
    });
});
