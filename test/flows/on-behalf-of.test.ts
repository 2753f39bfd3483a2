// A web API calls another one in the name of the user who called it (RFC 7523 §2.1, as Entra extends it).
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  createMemoryTokenStore,
  type AuthenticationResult,
  type ConfidentialClientApplication,
  type OnBehalfOfRequest,
} from "@tessera/node";
import { decodeJwt } from "jose";
import { startEntra, type Entra } from "../support/entra.js";
import { expectNothingKept } from "../support/nothing-kept.js";
import { signIn } from "../support/sign-in.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

const redirectUri = "http://localhost:3000/redirect";
const graph = ["https://graph.microsoft.com/User.Read"];
const secret = "orders-secret";

let entra: Entra;
let alice: string;
let bob: string;

beforeAll(async () => {
  const api = { clientSecret: secret, redirectUris: ["http://localhost/*"] };
  entra = await startEntra({
    refreshTokenRotation: "strict",
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          { clientId: "orders", identifierUri: "api://orders", multiTenant: true, ...api },
          { clientId: "asking", identifierUri: "api://asking", requiresConsent: true, ...api },
          { clientId: "payments", identifierUri: "api://payments" },
        ],
      },
    ],
    conditionalAccess: [{ resource: "api://payments" }],
  });
});
afterAll(() => entra.close());
beforeEach(async () => {
  [alice, bob] = await Promise.all([userToken(), userToken("bob@contoso.example")]);
  entra.authority.clearRequests();
});

/** What an API is called with. */
async function userToken(username = "alice@contoso.example", api = "orders"): Promise<string> {
  const result = await signInWithCode(entra, entra.publicClient(), [`api://${api}/access`], username);
  return result.accessToken;
}

const api = (over: Parameters<Entra["confidential"]>[0] = {}, clientId = "orders") =>
  entra.confidential({ ...over, auth: { clientId, clientSecret: secret, ...over.auth } });
const ask = (app: ConfidentialClientApplication, over: Partial<OnBehalfOfRequest> = {}) =>
  app.acquireTokenOnBehalfOf({ scopes: graph, oboAssertion: alice, ...over });
/** The grants that were sent. */
const grants = () =>
  entra.authority.requests
    .filter(({ endpoint }) => endpoint === "token")
    .map(({ form }) =>
      form["requested_token_use"] === "on_behalf_of" ? "on_behalf_of" : form["grant_type"],
    );
const userOf = ({ accessToken }: AuthenticationResult) => String(decodeJwt(accessToken)["oid"]);
const noTokens = { name: "InteractionRequiredAuthError", errorCode: "no_tokens_found" };

describe("on behalf of", () => {
  it("comes from the cache the second time, with the user and the ID token", async () => {
    const app = api();
    const first = await ask(app);
    const { fromCache, account, idToken, idTokenClaims, ...rest } = await ask(app);
    expect(fromCache).toBe(true);
    expect(first).toMatchObject({ fromCache: false, accessToken: rest.accessToken });
    expect(account).toMatchObject({ username: "alice@contoso.example", tenantId: entra.tenantId });
    expect([account, idToken, idTokenClaims]).toEqual([first.account, first.idToken, first.idTokenClaims]);
    expect(decodeJwt(idToken)).toMatchObject({ aud: "orders" });
    expect(rest).toMatchObject({ uniqueId: first.uniqueId, tenantId: entra.tenantId, scopes: first.scopes });
    expect(grants()).toEqual(["on_behalf_of"]);
  });

  it("also when the authority names the tenant by its domain", async () => {
    const app = api({ auth: { authority: entra.authority.authorityUrl("contoso.example") } });
    const [first, second] = [await ask(app), await ask(app)];
    expect(second).toMatchObject({ fromCache: true, idToken: first.idToken, account: first.account });
  });

  it("gives each assertion its own token, also when one user has several", async () => {
    const app = api();
    const again = await userToken();
    entra.authority.clearRequests();
    const results = [
      await ask(app),
      await ask(app, { oboAssertion: bob }),
      await ask(app, { oboAssertion: again }),
    ];
    expect(new Set(results.map(({ accessToken }) => accessToken)).size).toBe(3);
    for (const [index, oboAssertion] of [alice, bob, again].entries()) {
      const cached = await ask(app, { oboAssertion });
      expect(cached).toMatchObject({ fromCache: true, accessToken: results[index]?.accessToken });
    }
    expect(userOf(await ask(app, { oboAssertion: bob }))).not.toBe(userOf(await ask(app)));
    expect(grants()).toHaveLength(3);
  });

  it.each<[string, Partial<OnBehalfOfRequest>, string]>([
    ["other scopes", { scopes: ["https://vault.example/read"] }, "refresh_token"],
    ["skipCache", { skipCache: true }, "on_behalf_of"],
    ["claims", { claims: '{"access_token":{"nbf":{"essential":true}}}' }, "on_behalf_of"],
  ])("asks again for %s", async (_, over, grant) => {
    const app = api();
    await ask(app);
    expect((await ask(app, over)).fromCache).toBe(false);
    expect(grants()).toEqual(["on_behalf_of", grant]);
  });

  it("never gives the token of one tenant for another", async () => {
    const app = api();
    await ask(app);
    entra.authority.clearRequests();
    const authority = entra.authority.authorityUrl("fabrikam.example");
    // Alice is nobody there.
    await expect(ask(app, { authority })).rejects.toMatchObject({ errorCode: "invalid_grant" });
    const asked = entra.authority.requests.filter(({ endpoint }) => endpoint === "token");
    expect(asked.every(({ path }) => path.startsWith("/fabfabfa-"))).toBe(true);
    expect(asked.at(-1)?.form["assertion"]).toBe(alice);
    expect(await ask(app)).toMatchObject({ fromCache: true });
  });

  it("sends one request for each assertion, however many callers ask at once", async () => {
    const app = api();
    const calls = Array.from({ length: 100 }, (_, index) =>
      ask(app, { oboAssertion: index % 2 ? alice : bob }),
    );
    const results = await Promise.all(calls);
    expect(new Set(results.map(userOf)).size).toBe(2);
    for (const [index, result] of results.entries()) {
      expect(userOf(result)).toBe(userOf(results[index % 2] as AuthenticationResult));
    }
    expect(new Set(results.map(({ correlationId }) => correlationId)).size).toBe(100);
    expect(grants()).toEqual(["on_behalf_of", "on_behalf_of"]);
  });

  it("renews with the refresh token when five minutes are left, with one request", async () => {
    const app = api();
    const first = await ask(app);
    entra.clock.advance(3599 - 300);
    expect(await ask(app)).toMatchObject({ fromCache: true });
    entra.clock.advance(1);
    const renewed = await Promise.all(Array.from({ length: 10 }, () => ask(app)));
    expect(new Set(renewed.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(renewed[0]).toMatchObject({ fromCache: false, uniqueId: first.uniqueId });
    expect(renewed[0]?.accessToken).not.toBe(first.accessToken);
    expect(grants()).toEqual(["on_behalf_of", "refresh_token"]);
  });

  it("falls back to the assertion when the refresh token is refused", async () => {
    const app = api();
    await ask(app);
    entra.clock.advance(3299 + 1);
    entra.authority.revokeSignInSessions("alice@contoso.example");
    entra.authority.clearRequests();
    expect((await ask(app)).fromCache).toBe(false);
    expect(grants()).toEqual(["refresh_token", "on_behalf_of"]);
  });

  it("is kept in a store for the next process", async () => {
    const store = createMemoryTokenStore();
    const first = await ask(api({ cache: { store } }));
    const second = await ask(api({ cache: { store } }));
    expect(second).toMatchObject({ fromCache: true, accessToken: first.accessToken, account: first.account });
    expect(await ask(api({ cache: { store } }), { oboAssertion: bob })).toMatchObject({ fromCache: false });
  });
});

describe("long-running work", () => {
  const sessionKey = "job 4711";
  const goOn = (app: ConfidentialClientApplication, over: Partial<OnBehalfOfRequest> = {}) =>
    app.acquireTokenOnBehalfOf({ scopes: graph, sessionKey, ...over });

  it("goes on under its key when the assertion has long expired, renewing with rotation", async () => {
    const app = api();
    const first = await ask(app, { sessionKey });
    expect(await goOn(app)).toMatchObject({ fromCache: true, accessToken: first.accessToken });
    for (let hour = 0; hour < 3; hour += 1) {
      entra.clock.advance(4000);
      const renewed = await goOn(app);
      expect(renewed).toMatchObject({ fromCache: false, account: { username: "alice@contoso.example" } });
      expect(await goOn(app)).toMatchObject({ fromCache: true, accessToken: renewed.accessToken });
    }
    expect(grants()).toEqual(["on_behalf_of", ...Array(3).fill("refresh_token")]);
    const sent = entra.authority.requests.flatMap(({ form }) => form["refresh_token"] ?? []);
    expect(new Set(sent).size).toBe(3);
  });

  it("renews once for all who ask at once", async () => {
    const app = api();
    await ask(app, { sessionKey });
    entra.clock.advance(4000);
    await Promise.all(Array.from({ length: 20 }, () => goOn(app)));
    expect(grants()).toEqual(["on_behalf_of", "refresh_token"]);
  });

  it.each<[string, Partial<OnBehalfOfRequest>]>([
    ["other scopes", { scopes: ["https://vault.example/read"] }],
    ["a new token", { skipCache: true }],
    ["claims", { claims: '{"access_token":{"nbf":{"essential":true}}}' }],
  ])("gets %s with its refresh token", async (_, over) => {
    const app = api();
    const first = await ask(app, { sessionKey });
    const other = await goOn(app, over);
    expect(other.fromCache).toBe(false);
    expect(other.accessToken).not.toBe(first.accessToken);
    expect(grants()).toEqual(["on_behalf_of", "refresh_token"]);
    expect(entra.authority.requests.at(-1)?.form["claims"]).toBe(over.claims);
  });

  it("is begun anew by an assertion, and belongs to the one that began it last", async () => {
    const app = api();
    await ask(app, { sessionKey });
    await ask(app, { sessionKey, oboAssertion: bob });
    expect((await goOn(app)).account).toMatchObject({ username: "bob@contoso.example" });
    expect(grants()).toEqual(["on_behalf_of", "on_behalf_of"]);
  });

  it("goes on in another process that shares the store", async () => {
    const store = createMemoryTokenStore();
    await ask(api({ cache: { store } }), { sessionKey });
    entra.clock.advance(4000);
    const elsewhere = api({ cache: { store } });
    expect((await goOn(elsewhere)).account).toMatchObject({ username: "alice@contoso.example" });
    expect(await goOn(api({ cache: { store } }))).toMatchObject({ fromCache: true });
    await elsewhere.endOnBehalfOfSession(sessionKey);
    await expect(goOn(api({ cache: { store } }))).rejects.toMatchObject(noTokens);
  });

  it("ends when it is told to: its tokens are gone, and nobody else's", async () => {
    const app = api();
    await ask(app);
    await ask(app, { sessionKey });
    await ask(app, { sessionKey: "another job", oboAssertion: bob });
    await app.endOnBehalfOfSession(sessionKey);
    await expect(goOn(app)).rejects.toMatchObject(noTokens);
    expect(await goOn(app, { sessionKey: "another job" })).toMatchObject({ fromCache: true });
    expect(await ask(app)).toMatchObject({ fromCache: true });
    await app.endOnBehalfOfSession("never begun");
  });

  it("that is not known asks for an assertion, and sends nothing", async () => {
    const app = api();
    await ask(app);
    entra.authority.clearRequests();
    await expect(goOn(app)).rejects.toMatchObject(noTokens);
    expect(grants()).toEqual([]);
  });

  it("is told when its refresh token has been revoked", async () => {
    const app = api();
    await ask(app, { sessionKey });
    entra.clock.advance(4000);
    entra.authority.revokeSignInSessions("alice@contoso.example");
    await expect(goOn(app)).rejects.toMatchObject({
      name: "InteractionRequiredAuthError",
      errorCode: "invalid_grant",
      subError: "bad_token",
    });
  });
});

describe("the server's refusals", () => {
  it("is an interaction for the user: consent is missing", async () => {
    const app = api({}, "asking");
    const oboAssertion = await userToken("bob@contoso.example", "asking");
    await expect(ask(app, { oboAssertion })).rejects.toMatchObject({
      name: "InteractionRequiredAuthError",
      errorCode: "invalid_grant",
      subError: "consent_required",
      errorNo: "65001",
    });
    await expectNothingKept(app);
    await signInWithCode(entra, app, ["User.Read"], "bob@contoso.example");
    expect(await ask(app, { oboAssertion })).toMatchObject({ fromCache: false });
  });

  it("conditional access: the claims go back to the caller, whose next token satisfies them", async () => {
    const app = api();
    const scopes = ["api://payments/Pay"];
    const refused: unknown = await ask(app, { scopes }).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      name: "InteractionRequiredAuthError",
      errorCode: "interaction_required",
      subError: "basic_action",
      claims: expect.stringContaining("polids"),
    });
    await expectNothingKept(app);
    // The API answers 401 with the claims; its caller signs the user in with them.
    const { claims } = refused as { readonly claims: string };
    const desktop = entra.publicClient();
    const flow = await desktop.initiateAuthCodeFlow({ scopes: ["api://orders/access"], redirectUri, claims });
    const user = { username: "alice@contoso.example", password: "alice-password" };
    const answer = await signIn(flow.authUrl, { ...user, ca: entra.authority.caPem });
    const caller = await desktop.acquireTokenByAuthCodeFlow(flow, Object.fromEntries(answer.searchParams));
    const { accessToken } = await ask(app, { scopes, oboAssertion: caller.accessToken });
    expect(decodeJwt(accessToken)).toMatchObject({ azp: "orders", idtyp: "user" });
  });

  it("an expired assertion is an invalid_grant", async () => {
    const app = api();
    entra.clock.advance(3700);
    await expect(ask(app)).rejects.toMatchObject({
      name: "ServerError",
      errorCode: "invalid_grant",
      errorNo: "500133",
      status: 400,
    });
    await expectNothingKept(app);
  });

  it.each<[string, () => Promise<string>, string]>([
    [
      "a token for another API",
      async () => (await signInWithCode(entra, entra.publicClient(), graph)).accessToken,
      "500131",
    ],
    [
      "an app's token",
      async () => {
        const daemon = entra.confidential();
        return (await daemon.acquireTokenByClientCredential({ scopes: ["api://orders/.default"] }))
          .accessToken;
      },
      "7000114",
    ],
    ["no token at all", async () => "not-a-token", "50027"],
  ])("%s is refused as the server says", async (_, assertion, errorNo) => {
    const app = api();
    const oboAssertion = await assertion();
    await expect(ask(app, { oboAssertion })).rejects.toMatchObject({ name: "ServerError", errorNo });
    await expectNothingKept(app);
  });

  it.each<[object, object]>([
    [
      { oboAssertion: "" },
      { errorCode: "token_request_empty", message: expect.stringContaining("oboAssertion") },
    ],
    [{ scopes: [] }, { errorCode: "empty_input_scopes_error" }],
    [{ claims: "not json" }, { errorCode: "invalid_claims" }],
  ])("a request like %j is refused before anything is sent", async (over, error) => {
    await expect(ask(api(), over)).rejects.toMatchObject({ name: "ClientConfigurationError", ...error });
    expect(grants()).toEqual([]);
  });
});
