// Users of a confidential client beside the sign-in: an agent that acts as a user, a password, an imported refresh token.
// proves: core/src/flows/user-federated-identity.ts, node/src/confidential-client-application.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { fmiSubject } from "@tessera/local-authority";
import type { UserFederatedIdentityCredentialRequest } from "@tessera/node";
import { decodeJwt } from "jose";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { expectNoSecretIn, expectNothingKept } from "../support/nothing-kept.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

const tenantId = "c0c0c0c0-0000-4000-8000-000000000000";
const blueprintId = "c0c0c0c0-0000-4000-8000-0000000000a4";
const agentId = "c0c0c0c0-0000-4000-8000-0000000000a9";
const exchange = "api://AzureADTokenExchange/.default";
const graph = ["https://graph.microsoft.com/User.Read"];
const alice = { username: "alice@contoso.example", password: "alice-password" };
const aliceId = "c0c0c0c0-0000-4000-8000-0000000000b1";

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          {
            clientId: agentId,
            name: "Agent",
            federatedCredentials: [{ subject: fmiSubject(tenantId, blueprintId, agentId) }],
          },
        ],
      },
    ],
  });
});
afterAll(() => entra.close());
beforeEach(() => entra.authority.clearRequests());
const forms = () =>
  entra.authority.requests.filter(({ endpoint }) => endpoint === "token").map(({ form }) => form);

describe("an agent that acts as a user", () => {
  const blueprint = () =>
    entra.confidential({ auth: { clientId: blueprintId, clientSecret: "contoso-daemon-secret" } });
  /** Proves the agent with a token of its blueprint, which is fetched when it is needed. */
  const agent = () => {
    const parent = blueprint();
    const clientAssertion = async () => {
      const result = await parent.acquireTokenByClientCredential({ scopes: [exchange], fmiPath: agentId });
      return result.accessToken;
    };
    return entra.confidential({ auth: { clientId: agentId, clientSecret: undefined, clientAssertion } });
  };
  const actAs = async (
    app: ReturnType<typeof agent>,
    over: Partial<UserFederatedIdentityCredentialRequest> = { username: alice.username },
  ) => {
    const { accessToken } = await app.acquireTokenByClientCredential({ scopes: [exchange] });
    const request = { scopes: graph, assertion: accessToken, ...over };
    return app.acquireTokenByUserFederatedIdentityCredential(request);
  };

  it("keeps the blueprint's token for it apart from the blueprint's own", async () => {
    const app = blueprint();
    const own = await app.acquireTokenByClientCredential({ scopes: [exchange] });
    const forAgent = await app.acquireTokenByClientCredential({ scopes: [exchange], fmiPath: agentId });
    const forOther = await app.acquireTokenByClientCredential({ scopes: [exchange], fmiPath: "other" });
    expect(new Set([own, forAgent, forOther].map(({ accessToken }) => decodeJwt(accessToken).sub)).size).toBe(
      3,
    );
    for (const [fmiPath, known] of [
      [undefined, own],
      [agentId, forAgent],
      ["other", forOther],
    ] as const) {
      const again = await app.acquireTokenByClientCredential({
        scopes: [exchange],
        ...(fmiPath ? { fmiPath } : {}),
      });
      expect(again).toMatchObject({ fromCache: true, accessToken: known.accessToken });
    }
    expect(forms().map((form) => form["fmi_path"])).toEqual([undefined, agentId, "other"]);
  });

  it.each([
    ["by name", { username: alice.username }, { username: alice.username }],
    ["by object id", { userObjectId: aliceId }, { user_id: aliceId }],
  ])("names the user %s; the user's next tokens come silently", async (_, over, sent) => {
    const app = agent();
    const result = await actAs(app, over);
    expect(decodeJwt(result.accessToken)).toMatchObject({ azp: agentId, idtyp: "user", oid: aliceId });
    const own = await app.acquireTokenByClientCredential({ scopes: [exchange] });
    expect(forms().at(-1)).toMatchObject({
      grant_type: "user_fic",
      user_federated_identity_credential: own.accessToken,
      client_assertion: expect.any(String),
      ...sent,
    });
    const account = accountOf(result);
    expect(await app.acquireTokenSilent({ scopes: graph, account })).toMatchObject({ fromCache: true });
    // It always asks itself.
    expect(await actAs(app, over)).toMatchObject({ fromCache: false });
  });

  it.each<[string, Partial<UserFederatedIdentityCredentialRequest>, string]>([
    ["nobody", {}, "missing_user_identifier"],
    ["a user twice", { username: alice.username, userObjectId: aliceId }, "conflicting_user_identifiers"],
    ["a user without assertion", { username: alice.username, assertion: "" }, "empty_fic_assertion"],
  ])("and names %s is refused before anything is sent", async (_, over, errorCode) => {
    const request = { scopes: graph, assertion: "a.b.c", ...over };
    const call = agent().acquireTokenByUserFederatedIdentityCredential(request);
    await expect(call).rejects.toMatchObject({ name: "ClientAuthError", errorCode });
    expect(entra.authority.requests).toEqual([]);
  });

  it.each<[string, Partial<UserFederatedIdentityCredentialRequest>]>([
    ["for a user who is unknown", { username: "nobody@contoso.example" }],
    ["with an assertion that is no token", { username: alice.username, assertion: "a.b.c" }],
  ])("%s is refused by the server, and no user is kept", async (_, over) => {
    const app = agent();
    await expect(actAs(app, over)).rejects.toMatchObject({ name: "ServerError" });
    expect(await app.getAllAccounts()).toEqual([]);
  });
});

describe("a password", () => {
  it("signs a user in, whose next tokens come silently", async () => {
    const app = entra.confidential();
    const result = await app.acquireTokenByUsernamePassword({ scopes: graph, ...alice });
    expect(decodeJwt(result.accessToken)).toMatchObject({ idtyp: "user", oid: aliceId, azpacr: "1" });
    expect(forms()).toMatchObject([{ grant_type: "password", ...alice, client_secret: expect.any(String) }]);
    const account = accountOf(result);
    expect(await app.acquireTokenSilent({ scopes: graph, account })).toMatchObject({ fromCache: true });
  });

  it.each<[string, object, object]>([
    [
      "a wrong password",
      { password: "wrong-password" },
      { name: "ServerError", errorCode: "invalid_grant", errorNo: 50126 },
    ],
    [
      "an unknown user",
      { username: "nobody@contoso.example" },
      { name: "ServerError", errorCode: "invalid_grant" },
    ],
    ["no user", { username: "" }, { errorCode: "token_request_empty" }],
    ["no password", { password: "" }, { errorCode: "token_request_empty" }],
  ])("is refused for %s, and nothing is kept", async (_, over, expected) => {
    const app = entra.confidential();
    const request = { scopes: graph, ...alice, ...over };
    const error: unknown = await app
      .acquireTokenByUsernamePassword(request)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject(expected);
    expectNoSecretIn(error, [alice.password, "wrong-password"]);
    await expectNothingKept(app);
  });

  it("that has expired needs the user", async () => {
    entra.authority.expirePassword(alice.username);
    const call = entra.confidential().acquireTokenByUsernamePassword({ scopes: graph, ...alice });
    await expect(call).rejects.toMatchObject({
      name: "InteractionRequiredAuthError",
      subError: "user_password_expired",
    });
    entra.authority.expirePassword(alice.username, false);
  });
});

describe("a refresh token of another library", () => {
  it.each([
    [true, 1],
    [false, 0],
  ])("is exchanged, and kept with forceCache: %s", async (forceCache, users) => {
    const before = entra.confidential();
    await signInWithCode(entra, before, graph);
    const { RefreshToken } = JSON.parse(before.getTokenCache().serialize()) as {
      readonly RefreshToken: Readonly<Record<string, { readonly secret: string }>>;
    };
    const refreshToken = Object.values(RefreshToken)[0]?.secret ?? "";
    const app = entra.confidential();
    const result = await app.acquireTokenByRefreshToken({ scopes: graph, refreshToken, forceCache });
    expect(decodeJwt(result.accessToken)).toMatchObject({ oid: aliceId });
    expect(await app.getAllAccounts()).toHaveLength(users);
  });
});
