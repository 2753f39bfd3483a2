// Agent identities: a blueprint, its agents and their users, as msal-node sees them in each leg, and what is refused.
// proves: local-authority/src/config/check-agents.ts, local-authority/src/tokens/agent-claims.ts,
// local-authority/src/grants/user-federated-identity.ts, local-authority/src/grants/client-credentials.ts
import { ConfidentialClientApplication, type AuthenticationResult } from "@azure/msal-node";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { fmiSubject, startLocalAuthority, type LocalAuthority, type Tenant } from "@tessera/local-authority";
import { decodeJwt } from "jose";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { post } from "./requests.js";

const tenantId = "c0c0c0c0-0000-4000-8000-000000000000";
const blueprintId = "c0c0c0c0-0000-4000-8000-0000000000a4";
const blueprintSecret = "contoso-daemon-secret";
const agentId = "c0c0c0c0-0000-4000-8000-0000000000a9";
const otherAgentId = "c0c0c0c0-0000-4000-8000-0000000000aa";
const agentUser = "agent@contoso.example";
const exchange = "api://AzureADTokenExchange/.default";
const exchangeAppId = "fb60f99c-7a34-4190-8149-302f77469936";
const graph = "https://graph.microsoft.com/.default";
const readUser = "https://graph.microsoft.com/User.Read";

let authority: LocalAuthority;
let network: PeerNetwork;
let tenant: Tenant;

beforeAll(async () => {
  authority = await startLocalAuthority({
    tenants: [
      {
        id: tenantId,
        apps: [
          { clientId: agentId, name: "Agent", agentIdentityBlueprintId: blueprintId, roles: ["Orders.Read"] },
          {
            clientId: otherAgentId,
            agentIdentityBlueprintId: blueprintId,
            oauth2PermissionGrants: [
              { scope: "User.Read Mail.Read" },
              { resource: "api://orders", scope: "read", principalId: "x" },
            ],
          },
        ],
        users: [
          { username: agentUser, identityParentId: agentId },
          { username: "other@contoso.example", identityParentId: otherAgentId },
        ],
      },
    ],
  });
  network = peerNetwork(authority.caPem);
  [tenant] = authority.config.tenants as [Tenant];
});
afterAll(async () => {
  await network.close();
  await authority.close();
});

const client = (clientId: string, credential: object) =>
  new ConfidentialClientApplication({
    auth: {
      clientId,
      ...credential,
      authority: authority.authorityUrl(),
      knownAuthorities: [new URL(authority.url).host],
    },
    system: { networkClient: network },
  });
const tokenOf = (result: AuthenticationResult | null) => result?.accessToken ?? "";
const blueprint = () => client(blueprintId, { clientSecret: blueprintSecret });
const leg1 = async (fmiPath = agentId) =>
  tokenOf(await blueprint().acquireTokenByClientCredential({ scopes: [exchange], fmiPath }));
const agent = (id = agentId) => client(id, { clientAssertion: () => leg1(id) });
const leg2 = async (id = agentId) =>
  tokenOf(await agent(id).acquireTokenByClientCredential({ scopes: [exchange] }));
const asUser = async (
  user: { username: string } | { userObjectId: string },
  scopes = [readUser],
  id = agentId,
) => agent(id).acquireTokenByUserFederatedIdentityCredential({ scopes, assertion: await leg2(id), ...user });

/** A token request without a library. */
const ask = async (fields: Record<string, string | undefined>) =>
  post(authority, `/${tenantId}/oauth2/v2.0/token`, {
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    ...fields,
  });
const oidOf = (username: string) => tenant.users.find((user) => user.username === username)?.oid;

describe("msal-node gets, as Entra's tokens are,", () => {
  // parity: Apps | Agent identities and their blueprints, users and permissions | entra same
  it("T1, the blueprint's token for one agent", async () => {
    expect(decodeJwt(await leg1())).toMatchObject({
      aud: exchangeAppId,
      azp: blueprintId,
      azpacr: "1",
      idtyp: "app",
      iss: authority.issuer(),
      sub: fmiSubject(tenantId, blueprintId, agentId),
      xms_act_fct: "9 1",
      xms_idrel: "14 7",
      xms_sub_fct: "1 9",
    });
  });

  it("T2, the agent's own exchange token", async () => {
    expect(decodeJwt(await leg2())).toMatchObject({
      aud: exchangeAppId,
      azp: agentId,
      azpacr: "2",
      idtyp: "app",
      // An agent has one ID for both.
      oid: agentId,
      sub: agentId,
      xms_act_fct: "1 9 11",
      xms_idrel: "7 12",
      xms_par_app_azp: blueprintId,
      xms_sub_fct: "11 1 9",
    });
  });

  it("the agent's token for an API", async () => {
    const result = await agent().acquireTokenByClientCredential({ scopes: [graph] });
    expect(decodeJwt(tokenOf(result))).toMatchObject({
      appid: agentId,
      oid: agentId,
      roles: ["Orders.Read"],
      xms_idrel: "7",
      xms_par_app_azp: blueprintId,
      xms_sub_fct: "11 1 9",
    });
  });

  it("the token of the agent's user, which is renewed with a new T1", async () => {
    const oid = oidOf(agentUser) ?? "";
    for (const user of [{ username: agentUser }, { userObjectId: oid }]) {
      const application = agent();
      const result = await application.acquireTokenByUserFederatedIdentityCredential({
        scopes: [readUser],
        assertion: await leg2(),
        ...user,
      });
      const expected = {
        azp: agentId,
        idtyp: "user",
        oid,
        scp: expect.stringContaining("User.Read"),
        xms_act_fct: "1 9 11",
        xms_idrel: "1",
        xms_par_app_azp: blueprintId,
        xms_sub_fct: "1 13",
      };
      expect(decodeJwt(tokenOf(result))).toMatchObject(expected);
      const account = result?.account;
      if (!account) throw new Error("No account");
      const renewed = await application.acquireTokenSilent({
        account,
        scopes: [readUser],
        forceRefresh: true,
      });
      expect(renewed.fromCache).toBe(false);
      expect(decodeJwt(renewed.accessToken)).toMatchObject(expected);
    }
  });

  it("the token of a person on whose behalf the agent acts, from a token for its blueprint", async () => {
    const desktop = "c0c0c0c0-0000-4000-8000-0000000000a2";
    const userToken = async (scope: string) => {
      const { json } = await ask({
        client_assertion_type: undefined,
        grant_type: "password",
        client_id: desktop,
        username: "alice@contoso.example",
        password: "alice-password",
        scope,
      });
      return String(json["access_token"]);
    };
    const oboAssertion = await userToken(`api://${blueprintId}/access_agent`);
    const result = await agent().acquireTokenOnBehalfOf({ oboAssertion, scopes: [readUser] });
    expect(decodeJwt(tokenOf(result))).toMatchObject({
      azp: agentId,
      oid: oidOf("alice@contoso.example"),
      xms_act_fct: "1 9 11",
      xms_par_app_azp: blueprintId,
      xms_sub_fct: "1",
    });
    const forAgent = await userToken(`api://${agentId}/access`);
    await expect(
      agent().acquireTokenOnBehalfOf({ oboAssertion: forAgent, scopes: [readUser] }),
    ).rejects.toMatchObject({ errorMessage: expect.stringContaining("AADSTS500131") });
  });
});

describe("it is refused", () => {
  const codes = ({ json }: { json: Readonly<Record<string, unknown>> }) => json["error_codes"];

  it("to a blueprint to have a token of its own for anything but the exchange", async () => {
    await expect(blueprint().acquireTokenByClientCredential({ scopes: [graph] })).rejects.toMatchObject({
      errorMessage: expect.stringContaining(
        "AADSTS82001: Agentic application 'c0c0c0c0-0000-4000-8000-0000000000a4' is not permitted",
      ),
    });
    expect((await blueprint().acquireTokenByClientCredential({ scopes: [exchange] }))?.tokenType).toBe(
      "Bearer",
    );
  });

  const asAgent = async (grant: Record<string, string | undefined>) =>
    ask({ client_id: agentId, client_assertion: await leg1(), scope: readUser, ...grant });
  const userFic = async (username: string, credential?: string) =>
    asAgent({
      grant_type: "user_fic",
      user_federated_identity_credential: credential ?? (await leg2()),
      username,
    });

  it("to an agent with the T1 of another one, of another tenant, or with a secret", async () => {
    const grant = { grant_type: "client_credentials", scope: graph };
    expect(codes(await asAgent({ ...grant, client_assertion: await leg1(otherAgentId) }))).toEqual([700213]);
    const elsewhere = await post(authority, "/fabrikam.example/oauth2/v2.0/token", {
      grant_type: "client_credentials",
      client_id: blueprintId,
      client_secret: blueprintSecret,
      scope: exchange,
      fmi_path: agentId,
    });
    const foreign = String(elsewhere.json["access_token"]);
    expect(codes(await asAgent({ ...grant, client_assertion: foreign }))).toEqual([700211]);
    expect(codes(await asAgent({ ...grant, client_assertion: undefined, client_secret: "x" }))).toEqual([
      7000215,
    ]);
    expect(codes(await asAgent({ ...grant, client_assertion: undefined }))).toEqual([7000218]);
  });

  it("to an agent to act as a person, or as the user of another agent", async () => {
    expect((await userFic(agentUser)).status).toBe(200);
    for (const username of ["alice@contoso.example", "other@contoso.example"]) {
      const answer = await userFic(username);
      expect(answer.json).toMatchObject({ error: "invalid_grant", suberror: "consent_required" });
      expect(codes(answer)).toEqual([65001]);
    }
    expect(codes(await userFic(agentUser, await leg1()))).toEqual([50013]);
    expect(codes(await userFic(agentUser, await leg2(otherAgentId)))).toEqual([50013]);
  });

  it("to an agent to have permissions that it was not granted", async () => {
    const user = { username: "other@contoso.example" };
    const granted = await asUser(user, [readUser], otherAgentId);
    expect(decodeJwt(tokenOf(granted))["scp"]).toContain("User.Read");
    expect(tokenOf(await asUser(user, [graph], otherAgentId))).not.toBe("");
    for (const scope of [
      "https://graph.microsoft.com/Files.Read",
      "api://orders/read",
      "api://else/.default",
    ]) {
      await expect(asUser(user, [scope], otherAgentId)).rejects.toMatchObject({
        errorMessage: expect.stringContaining("AADSTS65001"),
        subError: "consent_required",
      });
    }
  });

  it("to agents and blueprints to sign users in, and to an agent's user to have a password", async () => {
    const password = {
      grant_type: "password",
      username: "alice@contoso.example",
      password: "alice-password",
    };
    expect(codes(await asAgent(password))).toEqual([70003]);
    const secret = {
      client_assertion_type: undefined,
      client_id: blueprintId,
      client_secret: blueprintSecret,
    };
    expect(codes(await ask({ ...password, ...secret, scope: readUser }))).toEqual([70003]);
    const desktop = "c0c0c0c0-0000-4000-8000-0000000000a2";
    const own = { ...password, client_id: desktop, username: agentUser, password: "agent-password" };
    expect(codes(await ask({ ...own, client_assertion_type: undefined, scope: readUser }))).toEqual([50126]);
  });
});

describe("the configuration", () => {
  const configure = (apps: readonly object[], users: readonly object[] = []): object => ({
    tenants: [{ id: tenantId, apps, users }],
  });
  const plain = { clientId: "a", agentIdentityBlueprintId: blueprintId };
  it.each([
    ["agentIdentityBlueprintId of a", [{ clientId: "a", agentIdentityBlueprintId: "nobody" }]],
    ["agentIdentityBlueprintId of b", [plain, { clientId: "b", agentIdentityBlueprintId: "a" }]],
    ["agentIdentityBlueprintId of a", [{ ...plain, clientSecret: "secret" }]],
    ["agentIdentityBlueprintId of a", [{ ...plain, redirectUris: ["https://a.example"] }]],
    ["agentIdentityBlueprintId of a", [{ ...plain, multiTenant: true }]],
    ["tenants[0].apps[0].oauth2PermissionGrants[0].scope", [{ ...plain, oauth2PermissionGrants: [{}] }]],
    [
      "tenants[0].apps[0].oauth2PermissionGrants[0].scopes",
      [{ ...plain, oauth2PermissionGrants: [{ scopes: "a" }] }],
    ],
    [
      "identityParentId of u@contoso.example",
      [plain],
      [{ username: "u@contoso.example", identityParentId: blueprintId }],
    ],
    [
      "identityParentId of v@contoso.example",
      [plain],
      [
        { username: "u@contoso.example", identityParentId: "a" },
        { username: "v@contoso.example", identityParentId: "a" },
      ],
    ],
  ])("is refused for %s", async (field, apps, users = []) => {
    const started = startLocalAuthority(configure(apps, users)).then((it) => it.close());
    await expect(started).rejects.toMatchObject({ field });
  });
});
