// A web API calls another one in the name of the user who called it (RFC 7523 §2.1, as Entra extends it).
// proves: core/src/flows/on-behalf-of.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  createMemoryTokenStore,
  type AuthenticationResult,
  type ConfidentialClientApplication,
  type OnBehalfOfRequest,
} from "@tessera/node";
import { decodeJwt } from "jose";
import { graph, startApis, userOf, type Apis } from "../support/api-stage.js";

let apis: Apis;
let entra: Apis["entra"];
let alice: string;
let bob: string;

beforeAll(async () => {
  apis = await startApis();
  ({ entra } = apis);
});
afterAll(() => entra.close());
beforeEach(async () => {
  [alice, bob] = await Promise.all([apis.userToken(), apis.userToken("bob@contoso.example")]);
  entra.authority.clearRequests();
});

const ask = (app: ConfidentialClientApplication, over: Partial<OnBehalfOfRequest> = {}) =>
  app.acquireTokenOnBehalfOf({ scopes: graph, oboAssertion: alice, ...over });

describe("on behalf of", () => {
  it("comes from the cache the second time, with the user and the ID token", async () => {
    const app = apis.api();
    const first = await ask(app);
    const { fromCache, account, idToken, idTokenClaims, ...rest } = await ask(app);
    expect(fromCache).toBe(true);
    expect(first).toMatchObject({ fromCache: false, accessToken: rest.accessToken });
    expect(account).toMatchObject({ username: "alice@contoso.example", tenantId: entra.tenantId });
    expect([account, idToken, idTokenClaims]).toEqual([first.account, first.idToken, first.idTokenClaims]);
    expect(decodeJwt(idToken)).toMatchObject({ aud: "orders" });
    expect(rest).toMatchObject({ uniqueId: first.uniqueId, tenantId: entra.tenantId, scopes: first.scopes });
    expect(apis.grants()).toEqual(["on_behalf_of"]);
  });

  it("also when the authority names the tenant by its domain", async () => {
    const app = apis.api({ auth: { authority: entra.authority.authorityUrl("contoso.example") } });
    const [first, second] = [await ask(app), await ask(app)];
    expect(second).toMatchObject({ fromCache: true, idToken: first.idToken, account: first.account });
  });

  it("gives each assertion its own token, also when one user has several", async () => {
    const app = apis.api();
    const again = await apis.userToken();
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
    expect(apis.grants()).toHaveLength(3);
  });

  it.each<[string, Partial<OnBehalfOfRequest>]>([
    ["other scopes", { scopes: ["https://vault.example/read"] }],
    ["skipCache", { skipCache: true }],
    ["claims", { claims: '{"access_token":{"nbf":{"essential":true}}}' }],
  ])("asks again for %s, with the assertion", async (_, over) => {
    const app = apis.api();
    await ask(app);
    expect((await ask(app, over)).fromCache).toBe(false);
    expect(apis.grants()).toEqual(["on_behalf_of", "on_behalf_of"]);
  });

  it("never gives the token of one tenant for another", async () => {
    const app = apis.api();
    await ask(app);
    entra.authority.clearRequests();
    const authority = entra.authority.authorityUrl("fabrikam.example");
    // Alice is nobody there.
    await expect(ask(app, { authority })).rejects.toMatchObject({ errorCode: "invalid_grant" });
    const asked = entra.authority.requests.filter(({ endpoint }) => endpoint === "token");
    expect(asked).toMatchObject([{ path: expect.stringMatching(/^.fabfabfa-/), form: { assertion: alice } }]);
    expect(await ask(app)).toMatchObject({ fromCache: true });
  });

  it("sends one request for each assertion, however many callers ask at once", async () => {
    const app = apis.api();
    const calls = Array.from({ length: 100 }, (_, index) =>
      ask(app, { oboAssertion: index % 2 ? alice : bob }),
    );
    const results = await Promise.all(calls);
    expect(new Set(results.map(userOf)).size).toBe(2);
    for (const [index, result] of results.entries()) {
      expect(userOf(result)).toBe(userOf(results[index % 2] as AuthenticationResult));
    }
    expect(new Set(results.map(({ correlationId }) => correlationId)).size).toBe(100);
    expect(apis.grants()).toEqual(["on_behalf_of", "on_behalf_of"]);
  });

  it("renews with the refresh token when five minutes are left, with one request", async () => {
    const app = apis.api();
    const first = await ask(app);
    entra.clock.advance(3599 - 300);
    expect(await ask(app)).toMatchObject({ fromCache: true });
    entra.clock.advance(1);
    const renewed = await Promise.all(Array.from({ length: 10 }, () => ask(app)));
    expect(new Set(renewed.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(renewed[0]).toMatchObject({ fromCache: false, uniqueId: first.uniqueId });
    expect(renewed[0]?.accessToken).not.toBe(first.accessToken);
    expect(apis.grants()).toEqual(["on_behalf_of", "refresh_token"]);
  });

  it("falls back to the assertion when the refresh token is refused", async () => {
    const app = apis.api();
    await ask(app);
    entra.clock.advance(3299 + 1);
    entra.authority.revokeSignInSessions("alice@contoso.example");
    entra.authority.clearRequests();
    expect((await ask(app)).fromCache).toBe(false);
    expect(apis.grants()).toEqual(["refresh_token", "on_behalf_of"]);
  });

  it("is kept in a store for the next process", async () => {
    const store = createMemoryTokenStore();
    const first = await ask(apis.api({ cache: { store } }));
    const second = await ask(apis.api({ cache: { store } }));
    expect(second).toMatchObject({ fromCache: true, accessToken: first.accessToken, account: first.account });
    expect(await ask(apis.api({ cache: { store } }), { oboAssertion: bob })).toMatchObject({
      fromCache: false,
    });
  });
});
