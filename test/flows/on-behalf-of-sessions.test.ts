// Work in the name of a user that goes on, under a key of its own, when the caller has left.
// proves: core/src/flows/on-behalf-of.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  createMemoryTokenStore,
  type ConfidentialClientApplication,
  type OnBehalfOfRequest,
} from "@tessera/node";
import { graph, startApis, type Apis } from "../support/api-stage.js";

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
const noTokens = { name: "InteractionRequiredAuthError", errorCode: "no_tokens_found" };

describe("long-running work", () => {
  const sessionKey = "job 4711";
  const goOn = (app: ConfidentialClientApplication, over: Partial<OnBehalfOfRequest> = {}) =>
    app.acquireTokenOnBehalfOf({ scopes: graph, sessionKey, ...over });

  it("goes on under its key when the assertion has long expired, renewing with rotation", async () => {
    const app = apis.api();
    const first = await ask(app, { sessionKey });
    expect(await goOn(app)).toMatchObject({ fromCache: true, accessToken: first.accessToken });
    for (let hour = 0; hour < 3; hour += 1) {
      entra.clock.advance(4000);
      const renewed = await goOn(app);
      expect(renewed).toMatchObject({ fromCache: false, account: { username: "alice@contoso.example" } });
      expect(await goOn(app)).toMatchObject({ fromCache: true, accessToken: renewed.accessToken });
    }
    expect(apis.grants()).toEqual(["on_behalf_of", ...Array(3).fill("refresh_token")]);
    const sent = entra.authority.requests.flatMap(({ form }) => form["refresh_token"] ?? []);
    expect(new Set(sent).size).toBe(3);
  });

  it("renews once for all who ask at once", async () => {
    const app = apis.api();
    await ask(app, { sessionKey });
    entra.clock.advance(4000);
    await Promise.all(Array.from({ length: 20 }, () => goOn(app)));
    expect(apis.grants()).toEqual(["on_behalf_of", "refresh_token"]);
  });

  it.each<[string, Partial<OnBehalfOfRequest>]>([
    ["other scopes", { scopes: ["https://vault.example/read"] }],
    ["a new token", { skipCache: true }],
    ["claims", { claims: '{"access_token":{"nbf":{"essential":true}}}' }],
  ])("gets %s with its refresh token", async (_, over) => {
    const app = apis.api();
    const first = await ask(app, { sessionKey });
    const other = await goOn(app, over);
    expect(other.fromCache).toBe(false);
    expect(other.accessToken).not.toBe(first.accessToken);
    expect(apis.grants()).toEqual(["on_behalf_of", "refresh_token"]);
    expect(entra.authority.requests.at(-1)?.form["claims"]).toBe(over.claims);
  });

  it("is begun anew by an assertion, and belongs to the one that began it last", async () => {
    const app = apis.api();
    await ask(app, { sessionKey });
    await ask(app, { sessionKey, oboAssertion: bob });
    expect((await goOn(app)).account).toMatchObject({ username: "bob@contoso.example" });
    expect(apis.grants()).toEqual(["on_behalf_of", "on_behalf_of"]);
  });

  it("goes on in another process that shares the store", async () => {
    const store = createMemoryTokenStore();
    await ask(apis.api({ cache: { store } }), { sessionKey });
    entra.clock.advance(4000);
    const elsewhere = apis.api({ cache: { store } });
    expect((await goOn(elsewhere)).account).toMatchObject({ username: "alice@contoso.example" });
    expect(await goOn(apis.api({ cache: { store } }))).toMatchObject({ fromCache: true });
    await elsewhere.endOnBehalfOfSession(sessionKey);
    await expect(goOn(apis.api({ cache: { store } }))).rejects.toMatchObject(noTokens);
  });

  it("ends when it is told to: its tokens are gone, and nobody else's", async () => {
    const app = apis.api();
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
    const app = apis.api();
    await ask(app);
    entra.authority.clearRequests();
    await expect(goOn(app)).rejects.toMatchObject(noTokens);
    expect(apis.grants()).toEqual([]);
  });

  it("is told when its refresh token has been revoked", async () => {
    const app = apis.api();
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
